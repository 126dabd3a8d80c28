package configs

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout // no test expects a warning
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

// logFolder makes a folder with lists of two logs, and returns what appends to one.
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
	recorded(t, dir, 9, 3)
	first.kill()
	add("a", "a4\n")
	second := follow(t, dir)
	second.expect(t, "a4")
	add("b", "b2\n")
	second.expect(t, "b2")
}

// recorded waits until taillogs wrote down how far it is with a, and b if it has one:
// it does so after the lines.
func recorded(t *testing.T, dir string, places ...int) {
	t.Helper()
	want := ""
	for i, at := range places {
		path := filepath.Join(dir, []string{"a", "b"}[i])
		var stat syscall.Stat_t
		if err := syscall.Stat(path, &stat); err != nil {
			t.Fatal(err)
		}
		want += fmt.Sprintf("%020d %020d %s\n", at, stat.Ino, path)
	}
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

// What is replaced or cut around the end of a taillogs is shown from its first line by
// the next, also where it is longer by then than what was shown.
func TestTaillogsOfOtherFilesMeanwhile(t *testing.T) {
	t.Parallel()
	dir, add := logFolder(t)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	add("a", "one\ntwo\n")
	add("b", "three\n")
	first := follow(t, dir)
	first.expect(t, "one", "two", "three")
	if err := os.Truncate(b, 0); err != nil {
		t.Fatal(err)
	}
	recorded(t, dir, 8, 0)
	first.kill()
	if err := os.Rename(a, a+".1"); err != nil {
		t.Fatal(err)
	}
	add("a", "replaced\nand longer\n")
	add("b", "cut\nand longer\n")
	follow(t, dir).expect(t, "replaced", "and longer", "cut", "and longer")
}

// A FIFO among the logs does not keep the others from being shown.
func TestTaillogsOfAFIFO(t *testing.T) {
	t.Parallel()
	dir, add := logFolder(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "a"), 0o600); err != nil {
		t.Fatal(err)
	}
	add("b", "b1\n")
	follow(t, dir).expect(t, "b1")
}

// A log that cannot be opened for a time is gone on with where it was, and there is no
// warning at each look.
func TestTaillogsOfALogThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	const closed = "/proc/sys/net/ipv4/route/flush" // not even root may read it
	if _, err := os.ReadFile(closed); !os.IsPermission(err) {
		t.Skipf("reading %s: %v", closed, err)
	}
	dir, add := logFolder(t)
	path := filepath.Join(dir, "a")
	add("a", "a1\n")
	add("b", "b1\n")
	first := follow(t, dir)
	first.expect(t, "a1", "b1")
	recorded(t, dir, 3, 3)
	first.kill()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(closed, path); err != nil {
		t.Fatal(err)
	}
	second := follow(t, dir)
	for _, line := range []string{"b2", "b3", "b4"} {
		add("b", line+"\n")
		second.expect(t, line)
	}
	add("a.1", "a2\n")
	if err := os.Rename(path+".1", path); err != nil {
		t.Fatal(err)
	}
	second.expect(t, "a2")
}

// Of a log that is in no list any more nothing stays in the record.
func TestTaillogsOfFewerLogs(t *testing.T) {
	t.Parallel()
	dir, add := logFolder(t)
	add("a", "a1\n")
	add("b", "b1\n")
	first := follow(t, dir)
	first.expect(t, "a1", "b1")
	recorded(t, dir, 3, 3)
	first.kill()
	if err := os.Remove(filepath.Join(dir, "lists", "node")); err != nil {
		t.Fatal(err)
	}
	add("a", "a2\n")
	follow(t, dir).expect(t, "a2")
	recorded(t, dir, 6)
}

// A long log keeps neither the others from their turn nor the record from being
// written, and all of it comes.
func TestTaillogsOfALongLog(t *testing.T) {
	t.Parallel()
	dir, add := logFolder(t)
	const count = 4096
	line := strings.Repeat("a", 1023) // a part of the log ends with a line
	add("a", strings.Repeat(line+"\n", count))
	add("b", "b1\n")
	f := follow(t, dir)
	before := 0
	for got := range f.lines {
		if got == "b1" {
			break
		}
		before++
	}
	if before >= count {
		t.Fatal("the other log came after all of the long one")
	}
	// The next part comes after what was written down of the first ones.
	f.expect(t, line)
	text, err := os.ReadFile(filepath.Join(dir, "record"))
	if err != nil || !strings.Contains(string(text), fmt.Sprintf("\n%020d ", 3)) {
		t.Errorf("the record is %q, %v while the long log is shown", text, err)
	}
	for range count - before - 1 {
		f.expect(t, line)
	}
	recorded(t, dir, count*(len(line)+1), 3)
}
