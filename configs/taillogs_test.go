package configs

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// follower is a taillogs under way.
type follower struct {
	cmd   *exec.Cmd
	lines chan string
}

// follow starts taillogs for the logs of a folder.
func follow(t *testing.T, dir string) *follower {
	t.Helper()
	cmd := exec.Command("perl", "-w", "base/usr/sbin/taillogs", filepath.Join(dir, "lists"), filepath.Join(dir, "record"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &follower{cmd, make(chan string, 100)}
	go func() {
		defer close(f.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			f.lines <- lines.Text()
		}
	}()
	t.Cleanup(f.kill)
	return f
}

// kill ends it as the end of a container does, and waits.
func (f *follower) kill() {
	f.cmd.Process.Kill()
	for range f.lines {
	}
	f.cmd.Wait()
}

// expect waits for lines, and for no others before them.
func (f *follower) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, line := range want {
		select {
		case got := <-f.lines:
			if got != line {
				t.Fatalf("got %q, want %q", got, line)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%q did not come", line)
		}
	}
}

// logs makes a folder with lists of two logs, and returns what appends to one.
func logFolder(t *testing.T) (dir string, add func(log, text string)) {
	t.Helper()
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("perl is not on this machine")
	}
	dir = t.TempDir()
	add = func(name, text string) {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if err := os.Mkdir(filepath.Join(dir, "lists"), 0o700); err != nil {
		t.Fatal(err)
	}
	add("lists/base", filepath.Join(dir, "a")+"\n")
	add("lists/node", filepath.Join(dir, "b")+"\n")
	return dir, add
}

// The first start shows all, and one after that what is new: nothing twice, and
// nothing is lost that came while nobody followed.
func TestTaillogsGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	dir, add := logFolder(t)
	add("a", "a1\na2\n")
	first := follow(t, dir)
	first.expect(t, "a1", "a2")
	add("b", "b1\n") // a log that is not there yet
	first.expect(t, "b1")
	add("a", "a3\n")
	first.expect(t, "a3")
	recorded(t, dir, "0000000000000000009 ", "0000000000000000003 ")
	first.kill()
	add("a", "a4\n")
	second := follow(t, dir)
	second.expect(t, "a4")
	add("b", "b2\n")
	second.expect(t, "b2")
}

// recorded waits until taillogs wrote down how far it is: it does so after the lines.
func recorded(t *testing.T, dir, a, b string) {
	t.Helper()
	want := a + filepath.Join(dir, "a") + "\n" + b + filepath.Join(dir, "b") + "\n"
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(dir, "record"))
		if err == nil && string(text) == want {
			return
		}
		if time.Since(begin) > time.Minute {
			t.Fatalf("got %q, %v, want %q", text, err, want)
		}
	}
}

// A log that is cut or replaced begins anew, and the end of the old one is not lost.
func TestTaillogsOfOtherFiles(t *testing.T) {
	t.Parallel()
	dir, add := logFolder(t)
	path := filepath.Join(dir, "a")
	add("a", "one\ntwo\n")
	f := follow(t, dir)
	f.expect(t, "one", "two")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	add("a", "cut\n")
	f.expect(t, "cut")
	add("a", "last\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	add("a", "a new file\n")
	f.expect(t, "last", "a new file")
	f.kill()
	if err := os.Truncate(path, 2); err != nil {
		t.Fatal(err)
	}
	add("a", "\n")
	follow(t, dir).expect(t, "a ")
}

// A folder that cannot be written to does not keep the logs from being shown.
func TestTaillogsWithoutARecord(t *testing.T) {
	t.Parallel()
	dir, add := logFolder(t)
	if err := os.Mkdir(filepath.Join(dir, "record"), 0o700); err != nil {
		t.Fatal(err)
	}
	add("a", "a1\n")
	for range 2 {
		f := follow(t, dir)
		f.expect(t, "a1")
		f.kill()
	}
}
