//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

// session is a command on a terminal.
type session struct {
	cmd    *exec.Cmd
	keys   *os.File
	seen   screen
	out    bytes.Buffer
	before int // what of the screen was looked at
}

// onTerminal starts a command whose standard input and error are a terminal.
func onTerminal(t *testing.T, dir, name string, args ...string) *session {
	t.Helper()
	s := &session{cmd: exec.Command(program(t, name), args...)}
	front, back, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { front.Close() })
	defer back.Close()
	s.keys = front
	s.resize(t, 40, 120)
	s.cmd.Dir, s.cmd.Env = dir, append(os.Environ(), "TERM=xterm")
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = back, &s.out, back
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := front.Read(buffer)
			s.seen.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *session) resize(t *testing.T, rows, cols uint16) {
	t.Helper()
	if err := pty.Setsize(s.keys, &pty.Winsize{Rows: rows, Cols: cols}); err != nil {
		t.Fatal(err)
	}
}

// sees waits until a text is on the screen, below what was seen already.
func (s *session) sees(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() string {
		shown := s.seen.String()
		at := strings.Index(shown[s.before:], text)
		if at < 0 {
			return "the terminal does not show " + text + ":\n" + shown[s.before:]
		}
		s.before += at + len(text)
		return ""
	})
}

func (s *session) types(t *testing.T, keys string) {
	t.Helper()
	if _, err := s.keys.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// ends waits for the command's end and answers its exit code.
func (s *session) ends(t *testing.T) int {
	t.Helper()
	err := s.cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode()
}

// brokenRecipe writes a recipe whose second step fails, and answers its folder.
func brokenRecipe(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, `name: mine
from: {debian: "${suite}"}
run:
  - {name: first, sh: echo first >/first}
  - name: second
    sh: |
      echo half >/half-done
      echo last words
      test -e /nowhere
  - {name: third, sh: cat /first /half-done >/third}
`)
	return dir
}

func write(t *testing.T, dir, recipe string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte(recipe), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAFailedStepOpensAShell: the shell must be in the state in which the step
// failed, be a terminal, and lead back to a menu from which a mended recipe is
// built; the image is the one that a build without a console makes.
func TestAFailedStepOpensAShell(t *testing.T) {
	dir := brokenRecipe(t)
	s := onTerminal(t, dir, "oarbuild", "--recipe", "mine.yaml", "--tag", "e2e", "--push", "--on-error", "shell")
	s.sees(t, `mine.yaml:5: step "[mine linux/amd64] run: second" ended with exit status 1`)
	s.sees(t, "| last words")
	s.sees(t, "? ")
	s.types(t, "s\n")
	s.sees(t, "step failed:/#")
	s.types(t, "cat /first /half-done; ls /third\n")
	s.sees(t, "first\nhalf\n")
	s.sees(t, "No such file")
	s.types(t, "step -x\n")
	s.sees(t, "+ test -e /nowhere")
	s.types(t, "touch /nowhere; step && echo it is $((40 + 2))\n")
	s.sees(t, "it is 42")
	s.resize(t, 33, 99)
	if err := s.cmd.Process.Signal(syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	// Keys and the size go their own ways.
	s.types(t, `until [ "$(stty size)" = "33 99" ]; do sleep 0.1; done; echo re""sized`+"\n")
	s.sees(t, "resized")
	s.types(t, "sh -c 'echo as''leep; exec sleep 600'\n")
	s.sees(t, "asleep")
	s.types(t, "\x03")
	s.sees(t, "step failed:/#") // what is typed before may go with what ran
	s.types(t, "exit\n")
	s.sees(t, "[r]etry")

	write(t, dir, "name: mine\nfrm: {debian: trixie}\n")
	s.types(t, "r\n")
	s.sees(t, `unknown key "frm" (did you mean "from"?)`)
	s.sees(t, "? ")
	write(t, dir, "name: mine\nfrom: {debian: \"${suite}\"}\nrun: [{name: first, sh: echo first >/first}]\n")
	s.types(t, "r\n")
	if code := s.ends(t); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, s.seen.String())
	}
	plain := call{dir: dir}.must(t, "oarbuild", "--recipe", "mine.yaml", "--tag", "e2e", "--push")
	if got := strings.TrimSpace(s.out.String()); got != plain {
		t.Errorf("from the menu came %s, without one %s", got, plain)
	}
}

// TestAFailureCanBePassedOver: the rest must be built on what the step left, and
// nothing published; to abort is exit code 1.
func TestAFailureCanBePassedOver(t *testing.T) {
	dir := brokenRecipe(t)
	s := onTerminal(t, dir, "oarbuild", "--recipe", "mine.yaml", "--tag", "e2e-passed-over", "--push", "--progress", "plain", "--on-error", "shell")
	s.sees(t, "? ")
	s.types(t, "c\n")
	s.sees(t, "exit status 1 is passed over")
	s.sees(t, "run: third")
	s.sees(t, "nothing was published: building mine for linux/amd64: mine.yaml:5:")
	if code := s.ends(t); code != 1 || s.out.Len() > 0 {
		t.Errorf("exit code %d, standard output %q", code, s.out.String())
	}

	s = onTerminal(t, dir, "oarbuild", "--recipe", "mine.yaml", "--on-error", "shell")
	s.sees(t, "? ")
	s.types(t, "a\n")
	s.sees(t, "oarbuild: error: building mine for linux/amd64: mine.yaml:5:")
	if code := s.ends(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
}
