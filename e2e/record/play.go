package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
)

const width, height = 100, 34

// turn is what is typed when the line with the cursor looks so.
type turn struct {
	prompt *regexp.Regexp
	typed  string
}

var (
	here     = regexp.MustCompile(`^[$#] $`)
	frontend = regexp.MustCompile(`^docker@frontend:.*\$ $`)
	node     = regexp.MustCompile(`docker@node\d+:.*\$ $`)
)

// scene is what the README promises of `oardeploy -n 6 -c`.
var scene = []turn{
	{here, "oardeploy -n 6 -c"}, {frontend, "oarsub -I"}, {node, "hostname"}, {node, "exit"},
	{frontend, "oarnodes -s"}, {frontend, "exit"}, {here, "oardeploy clean"}, {here, ""},
}

// How long it takes to read what came, to press a key, and for a prompt to come.
const (
	reading  = 1200 * time.Millisecond
	key      = 70 * time.Millisecond
	patience = 2 * time.Minute
)

// stage is a terminal that is watched.
type stage struct {
	mu    sync.Mutex
	begin time.Time
	cast  cast
	seen  *screen
	rest  []byte // of a character that came in part
}

// play types the turns into a shell on a terminal of its own, in a folder whose name
// tells nothing of this machine, and records what the terminal is given to show.
func play(turns []turn) (cast, error) {
	programs, err := filepath.Abs("bin")
	if err != nil {
		return cast{}, err
	}
	const dir = "/tmp/demo" // it is seen in the closing block
	if err := os.Mkdir(dir, 0o755); err != nil {
		return cast{}, err
	}
	defer os.RemoveAll(dir)
	if err := warm(filepath.Join(programs, "oardeploy"), dir); err != nil {
		return cast{}, err
	}
	shell := exec.Command("bash", "--noprofile", "--norc")
	shell.Dir = dir
	shell.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), `PS1=\$ `, "TERM=xterm-256color", "HISTFILE=", "PROMPT_COMMAND=")
	terminal, err := pty.StartWithSize(shell, &pty.Winsize{Rows: height, Cols: width})
	if err != nil {
		return cast{}, err
	}
	defer func() {
		_ = shell.Process.Signal(syscall.SIGHUP)
		_ = shell.Wait() // a shell that is hung up on does not end well
		terminal.Close()
	}()
	s := &stage{begin: time.Now(), seen: newScreen(width, height), cast: cast{header: header{
		Version: 2, Width: width, Height: height, Title: "oardeploy -n 6 -c", Env: map[string]string{"TERM": "xterm-256color", "SHELL": "/bin/bash"},
	}}}
	go s.watch(terminal)
	for _, t := range turns {
		if err := s.turn(terminal, t); err != nil {
			return cast{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cast, nil
}

// warm has the engine get the images, which is no part of the scene.
func warm(oardeploy, dir string) error {
	for _, args := range [][]string{{"status", "--name", "oarcluster", "--json"}, {"-q", "-n", "1"}, {"-q", "clean"}} {
		cmd := exec.Command(oardeploy, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", cmd, err, out)
		}
		if args[0] == "status" && strings.TrimSpace(string(out)) != "[]" {
			return errors.New("there is a cluster oarcluster already: oardeploy clean")
		}
	}
	return os.RemoveAll(filepath.Join(dir, "shared_data"))
}

// turn waits for the prompt and types, as a person would.
func (s *stage) turn(terminal *os.File, t turn) error {
	for end := time.Now().Add(patience); !t.prompt.MatchString(s.line()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("waiting for %s: the terminal shows\n%s", t.prompt, s.seen)
		}
	}
	time.Sleep(reading)
	if t.typed == "" {
		return nil
	}
	for _, r := range t.typed + "\r" {
		if _, err := terminal.Write([]byte(string(r))); err != nil {
			return err
		}
		time.Sleep(key)
	}
	return s.left(t)
}

// left waits until the line that was typed is not the cursor's any more, for its prompt
// would pass for the next one.
func (s *stage) left(t turn) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if line := s.line(); !regexp.MustCompile(regexp.QuoteMeta(t.typed) + `$`).MatchString(line) {
			return nil
		}
	}
	return errors.New("nothing came of " + t.typed)
}

// line is the line with the cursor, up to it.
func (s *stage) line() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.line()
}

// watch keeps what the terminal is given, in whole characters.
func (s *stage) watch(terminal *os.File) {
	buffer := make([]byte, 4096)
	for {
		n, err := terminal.Read(buffer)
		s.mu.Lock()
		data := append(s.rest, buffer[:n]...)
		whole := len(data)
		for i := 1; i < utf8.UTFMax && i <= len(data); i++ {
			if tail := data[len(data)-i:]; utf8.RuneStart(tail[0]) {
				if !utf8.FullRune(tail) {
					whole -= i
				}
				break
			}
		}
		text := string(data[:whole])
		s.rest = append([]byte{}, data[whole:]...)
		if text != "" {
			s.seen.write(text)
			s.cast.events = append(s.cast.events, event{time.Since(s.begin).Seconds(), text})
		}
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}
