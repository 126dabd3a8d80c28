package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
)

// stage is a machine for the commands of one entry of the catalogue: an engine, a home,
// a /tmp, an address on which no port is taken.
type stage struct {
	*enginetest.Fake
	root    string // has the folders home and tmp
	address string
	socket  string
	env     []string
	mu      sync.Mutex
	// fault sees each request to the engine first; see [enginetest.Fake.Serve].
	fault   func(http.ResponseWriter, *http.Request) bool
	each    func(n int)                // called before the n-th command, from 0
	process atomic.Pointer[os.Process] // the last command
}

var stages atomic.Uint32

func newStage(t *testing.T) *stage {
	t.Helper()
	n := stages.Add(1)
	s := &stage{root: t.TempDir(), address: fmt.Sprintf("127.%d.%d.%d", 192+os.Getpid()%60, n>>8, n%256)}
	for _, dir := range []string{"home", "tmp"} {
		must(t, os.Mkdir(filepath.Join(s.root, dir), 0o755))
	}
	s.Fake = enginetest.New(s.address+":5000/oarcluster", "2.6.1")
	s.fault = func(http.ResponseWriter, *http.Request) bool { return false }
	s.each = func(int) {}
	host := s.Serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		s.mu.Lock()
		fault := s.fault
		s.mu.Unlock()
		return fault(w, r)
	})
	s.socket = strings.TrimPrefix(host, "unix://")
	s.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(s.root, "home"), "DOCKER_HOST=" + host, "TZ=UTC", "LC_ALL=C",
		"OARDEPLOY_TEST_BASE=" + filepath.Join(s.root, "tmp"), "OARDEPLOY_TEST_ADDRESS=" + s.address, "OARDEPLOY_TEST_SOCKET=" + s.socket,
	}
	return s
}

// command is a line of shell in the home.
func (s *stage) command(ctx context.Context, line string, out io.Writer) *exec.Cmd {
	if strings.HasPrefix(line, "oardeploy") {
		line = "exec " + line // its process is the one that is interrupted
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = filepath.Join(s.root, "home"), s.env, out, out
	return cmd
}

// run runs a line of shell, and returns what it prints, in the page's words.
func (s *stage) run(t *testing.T, line string) (said string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var out strings.Builder
	cmd := s.command(ctx, line, &out)
	s.sync()
	defer s.sync()
	must(t, cmd.Start())
	s.process.Store(cmd.Process)
	if ended := (*exec.ExitError)(nil); !errors.As(cmd.Wait(), &ended) && ended != nil {
		t.Error(ended)
	}
	return s.inWords(out.String()), cmd.ProcessState.ExitCode()
}

// start runs a line of shell until the test ends.
func (s *stage) start(t *testing.T, line string) {
	t.Helper()
	cmd := s.command(t.Context(), line, io.Discard)
	s.sync()
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // its context has ended it
}

// sync makes what was set of the stage known to its engine's goroutines, and lets it be
// set anew.
func (s *stage) sync() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Sync()
}

// What is another one on each machine stands in the page with one value.
var (
	number = regexp.MustCompile(`(kill |process )\d+`)
	since  = regexp.MustCompile(`since 20[-0-9]+ [:0-9]+`)
	subnet = regexp.MustCompile(`10\.141\.\d+\.0/24`)
	serial = regexp.MustCompile(`(oarcluster(?:_\w+)?)-\d+`)
	port   = regexp.MustCompile(`tcp://lab:\d+`)
	image  = regexp.MustCompile(`("localhost:5000/oarcluster)/\w+:`) // one of all, whichever was the first
	owner  = regexp.MustCompile(`hint: .* has the port`)
)

func (s *stage) inWords(text string) string {
	text = strings.NewReplacer(s.address+":5000", "localhost:5000", s.address, "127.0.0.1", s.socket, "/var/run/docker.sock",
		s.root+"/home", "/home/ann", s.root+"/tmp", "/tmp", "tcp://0.0.0.0", "tcp://lab").Replace(text)
	if host, err := os.Hostname(); err == nil {
		text = regexp.MustCompile(` of \S+ on `+regexp.QuoteMeta(host)+",").ReplaceAllString(text, " of ann on laptop,")
	}
	text = since.ReplaceAllString(number.ReplaceAllString(text, "${1}4711"), "since 2026-11-22 10:00:00")
	text = owner.ReplaceAllString(port.ReplaceAllString(text, "tcp://lab:2375"), "hint: nginx (process 4711) has the port")
	text = image.ReplaceAllString(text, "$1/node:")
	return serial.ReplaceAllString(subnet.ReplaceAllString(text, "10.141.0.0/24"), "$1")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bin is the folder of oardeploy alone.
func (s *stage) bin() string { return filepath.SplitList(os.Getenv("PATH"))[0] }

func (s *stage) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.root, name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o755))
}

func (s *stage) deploy(t *testing.T, flags string) {
	t.Helper()
	if said, code := s.run(t, "oardeploy -q "+flags); code != 0 {
		t.Fatalf("exit %d\n%s", code, said)
	}
}

// until waits for an object of the engine.
func (s *stage) until(t *testing.T, object string) {
	t.Helper()
	for !slices.Contains(s.Objects(), object) {
		if t.Context().Err() != nil {
			t.Fatalf("no %s", object)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// listen makes another program have a port of the address.
func (s *stage) listen(t *testing.T, port int) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", s.address, port))
	must(t, err)
	go http.Serve(l, http.NotFoundHandler())
	t.Cleanup(func() { l.Close() })
}

// publish makes the registry have all images, and the engine none.
func (s *stage) publish() { s.Registry, s.Images = s.Images, map[string]string{} }

// overSSH puts the engine on another machine: ssh is a script that ends so, but for
// connections to the engine.
func (s *stage) overSSH(t *testing.T, end string) {
	t.Helper()
	s.write(t, "home/bin/ssh", "#!/bin/sh\ncase \"$*\" in *dial-stdio*) exec dial-stdio;; esac\n"+end+"\n")
	s.env = append(s.env, "DOCKER_HOST=ssh://me@box", "PATH="+s.root+"/home/bin:"+os.Getenv("PATH"))
}

// overTCP puts the engine on another machine that is reached by TCP.
func (s *stage) overTCP(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			go splice(s.socket, conn, conn)
		}
	}()
	s.env = append(s.env, fmt.Sprintf("DOCKER_HOST=tcp://0.0.0.0:%d", l.Addr().(*net.TCPAddr).Port))
}

// splice connects what is read and written with a socket.
func splice(socket string, in io.Reader, out io.WriteCloser) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		io.Copy(conn, in)
		conn.Close()
	}()
	io.Copy(out, conn)
}

func matches(pattern, text string) bool {
	return regexp.MustCompile("^(" + pattern + ")").MatchString(text)
}

// fail is an engine on which the calls that match fail with its words.
func fail(calls, words string) func(string) error {
	return func(call string) error {
		if matches(calls, call) {
			return errors.New(words)
		}
		return nil
	}
}

// refuse answers the requests that match with an error.
func refuse(requests string, status int, words string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		hit := matches(requests, r.Method+" "+r.URL.Path)
		if hit {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"message": %q}`, words)
		}
		return hit
	}
}

// hand answers the requests that match with an archive that has one file, which is not
// what it should be.
func hand(requests, name string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		hit := matches(requests, r.Method+" "+r.URL.Path)
		if !hit {
			return false
		}
		w.Header().Set("X-Docker-Container-Path-Stat", "e30=") // {}
		archive := tar.NewWriter(w)
		switch name {
		case "":
		case "fifo":
			archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeFifo})
		default:
			archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 1})
			io.WriteString(archive, "?")
		}
		archive.Close()
		return true
	}
}

// garble answers the requests that match with what is no output of a command.
func garble(requests string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !matches(requests, r.Method+" "+r.URL.Path) {
			return false
		}
		io.Copy(io.Discard, r.Body)
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n?????????")
			conn.Close()
		}
		return true
	}
}

func unavailable(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
func greet(w http.ResponseWriter)       { fmt.Fprint(w, "<h1>It works!</h1>") }
