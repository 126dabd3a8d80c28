//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"
)

// checkSSH: the generated configuration must suffice for frontend and server,
// and from the frontend every host must be reachable without a question.
func checkSSH(t *testing.T, c deployed) {
	for _, host := range []string{"frontend", "server"} {
		if got := must(t, "ssh", "-o", "BatchMode=yes", "-F", c.SSHConfig, host, "hostname; id -un"); got != host+"\ndocker" {
			t.Errorf("ssh %s answered %q", host, got)
		}
	}
	for _, host := range []string{"node1", "node2", "server", "frontend"} {
		r := call{}.run(t, "oardeploy", "ssh", "--name", cluster, "frontend", "--", "ssh -o BatchMode=yes "+host+" hostname")
		if strings.TrimSpace(r.out) != host || r.err != "" {
			t.Errorf("from the frontend, ssh %s answered %q and said %q", host, r.out, r.err)
		}
	}
	if r := (call{}).run(t, "oardeploy", "ssh", "--name", cluster, "frontend", "--", "exit 42"); r.code != 42 {
		t.Errorf("exit code 42 came back as %d", r.code)
	}
}

// screen collects what a terminal shows.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// colours are the sequences by which a program changes how text looks (ECMA-48).
var colours = regexp.MustCompile("\x1b\\[[?0-9;]*[a-z]")

// plain is what a terminal shows, without colours and carriage returns.
func plain(text string) string {
	return strings.ReplaceAll(colours.ReplaceAllString(text, ""), "\r", "")
}

// String is the text on the screen.
func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return plain(s.text.String())
}

// await waits until the screen shows a text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() string {
		if strings.Contains(s.String(), text) {
			return ""
		}
		return "the terminal does not show " + text + ":\n" + s.String()
	})
}

// onScreen starts a command all of whose streams are a terminal, which is there until the test
// ends.
func onScreen(t *testing.T, cmd *exec.Cmd) (terminal *os.File, seen *screen) {
	t.Helper()
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	seen = &screen{}
	go func() { _, _ = io.Copy(seen, terminal) }() // it fails when the command ends
	return terminal, seen
}

// checkTerminal: `oardeploy -c` must end at a prompt on the frontend, from which
// `oarsub -I` leads to a node, and back out with exit code 0.
func checkTerminal(t *testing.T, work call) {
	cmd := exec.Command(program(t, "oardeploy"), "-n", "2", "--name", cluster, "-c")
	cmd.Dir = work.dir
	terminal, seen := onScreen(t, cmd)
	for _, turn := range []struct{ wait, send string }{
		{"OAR version", ""}, {"docker@frontend", "oarsub -I\n"}, {"docker@node", "hostname\n"}, {"hostname\nnode", "exit\n"},
		{"Disconnected from OAR job", "exit\n"},
	} {
		seen.await(t, turn.wait)
		if _, err := terminal.Write([]byte(turn.send)); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("leaving the shell: %v\n%s", err, seen.String())
	}
}
