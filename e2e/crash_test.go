//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// thorough makes every case of the crash test deploy again; see make crash.
var thorough = flag.Bool("thorough", false, "after every crash, deploy again")

// TestACrashAtEveryCall: whatever happens to oardeploy at whichever of its calls of
// the Engine, clean leaves nothing, and the next deploy makes a cluster that is ready.
// After an error or an interrupt nothing is left to clean.
func TestACrashAtEveryCall(t *testing.T) {
	needImages(t)
	must(t, "oardeploy", "clean", "crash-count")
	first := between(t, fault{})
	through(t, first, "crash-count").must(t, "oardeploy", "-n", "1", "--name", "crash-count", "--timeout", "5m")
	must(t, "oardeploy", "clean", "crash-count")
	t.Logf("a deploy of one node makes %d calls:\n%s", len(first.calls), strings.Join(first.calls, "\n"))
	for _, kind := range []string{"kill", "error", "hang"} {
		for i, made := range first.calls {
			cases := []fault{{kind: kind, at: i + 1}}
			if !strings.HasPrefix(made, "GET ") && !strings.HasPrefix(made, "HEAD ") {
				cases = append(cases, fault{kind: kind, late: true, at: i + 1})
			}
			for _, f := range cases {
				t.Run(f.String(), func(t *testing.T) {
					t.Parallel()
					crash(t, f, *thorough || f.at%8 == 0)
				})
			}
		}
	}
}

// needImages builds and pulls the images unless the Engine has them all.
func needImages(t *testing.T) {
	t.Helper()
	for _, image := range images {
		if (call{}).run(t, "docker", "image", "inspect", registry+image+":2.6.1").code != 0 {
			must(t, "oarbuild", "--push")
			serveRegistry(t)
			must(t, "docker", "pull", "-q", registry+image+":2.6.1")
		}
	}
}

// through is a call in a new folder that reaches the Engine through the middleman.
func through(t *testing.T, m *middleman, name string) call {
	t.Helper()
	clean := exec.Command(program(t, "oardeploy"), "clean", name)
	t.Cleanup(func() { _ = clean.Run() }) // what a failed test left; the test itself looks at clean
	return call{dir: t.TempDir(), env: []string{"DOCKER_HOST=" + m.address}}
}

func crash(t *testing.T, f fault, again bool) {
	name := "crash-" + f.String()
	m := between(t, f)
	c := through(t, m, name)
	r := c.suffer(t, m, "-n", "1", "--name", name, "--timeout", "5m")
	faulty := m.faulty
	if faulty == "" {
		must(t, "oardeploy", "clean", name)
		if f.at > len(m.calls) {
			t.Skipf("this deploy had nothing to try again and made %d calls", len(m.calls))
		}
		t.Fatalf("nothing went wrong\n%s", r.err)
	}
	if f.kind == "kill" && r.code != -1 {
		t.Errorf("after %s it was not killed, it ended with %d: %s", faulty, r.code, r.err)
	}
	if f.kind != "kill" && r.code != 0 {
		if left := everything(t, name) + others(t, c.dir); left != "" {
			t.Errorf("after %s the undoing left\n%s\n%s", faulty, left, r.err)
		}
	}
	if f.kind == "hang" && r.code != 130 && r.code != 0 {
		t.Errorf("after %s an interrupt ended with %d: %s", faulty, r.code, r.err)
	}
	must(t, "oardeploy", "clean", name)
	if left := everything(t, name); left != "" {
		t.Fatalf("after %s clean left\n%s\n%s", faulty, left, r.err)
	}
	if again {
		call{dir: c.dir}.must(t, "oardeploy", "-n", "1", "--name", name, "--timeout", "5m")
		must(t, "oardeploy", "clean", name)
	}
}

// suffer runs oardeploy while the fault happens; one that hangs is interrupted.
func (c call) suffer(t *testing.T, m *middleman, args ...string) result {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd := exec.Command(program(t, "oardeploy"), args...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	m.kill = func() { _ = cmd.Process.Kill() } // it may have ended by itself
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	limit := time.After(8 * time.Minute)
	hung := m.hung
	for {
		select {
		case err := <-ended:
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			return result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
		case <-hung:
			hung = nil
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Error(err)
			}
		case <-limit:
			_ = cmd.Process.Kill()
			<-ended
			t.Fatalf("it never ended:\n%s", stderr.String())
		}
	}
}

// everything lists what there is of a cluster, by its label and by its names.
func everything(t *testing.T, name string) string {
	t.Helper()
	var found []string
	for _, filter := range []string{"label=oarcluster.name=" + name, "name=^/?" + name + "(_.*)?$"} {
		for what, list := range map[string][]string{
			"container": {"ps", "-a", "--format", "{{.Names}} {{.Status}}"},
			"network":   {"network", "ls", "--format", "{{.Name}}"},
			"volume":    {"volume", "ls", "--format", "{{.Name}}"},
		} {
			for line := range strings.Lines(must(t, "docker", append(list, "--filter", filter)...)) {
				found = append(found, what+" "+strings.TrimSpace(line))
			}
		}
	}
	if _, err := os.Lstat("/tmp/oarcluster-" + name); err == nil {
		found = append(found, "folder /tmp/oarcluster-"+name)
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), "\n")
}

// others tells what is in a folder beside an empty default volume, which other
// clusters might share.
func others(t *testing.T, dir string) string {
	t.Helper()
	return strings.TrimSpace(must(t, "find", dir, "-mindepth", "1", "-not", "-path", filepath.Join(dir, "shared_data")))
}
