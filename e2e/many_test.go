//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// atOnce runs as many deploys of one node as there are names, all at once, and tells
// ended of each that has.
func (c call) atOnce(t *testing.T, names []string, ended func()) []result {
	t.Helper()
	c.dir = t.TempDir()
	results := make([]result, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			defer ended()
			results[i] = c.run(t, "oardeploy", "-n", "1", "--name", name, "--timeout", "10m")
		})
	}
	all.Wait()
	return results
}

// TestManyDeploysOfOneName: one wins, and the others say at once who it is. It is not
// ready before they all did.
func TestManyDeploysOfOneName(t *testing.T) {
	needImages(t)
	const name = "crash-one"
	must(t, "oardeploy", "clean", name)
	defer must(t, "oardeploy", "clean", name)
	m := between(t, fault{kind: "wait", on: "_server/start"})
	won := 0
	var ended atomic.Int32
	lost := func() {
		if ended.Add(1) == 7 {
			close(m.goOn)
		}
	}
	for _, r := range (call{env: []string{"DOCKER_HOST=" + m.address}}).atOnce(t, strings.Fields(strings.Repeat(name+" ", 8)), lost) {
		refused := strings.Contains(r.err, `locking cluster "`+name+`": it is being changed by process `) && strings.Contains(r.err, "hint: wait until it has ended, or interrupt it: kill ")
		switch {
		case r.code == 0:
			won++
		case r.code != 1 || !refused:
			t.Errorf("exit %d: %s", r.code, r.err)
		}
	}
	if won != 1 {
		t.Errorf("%d deploys won", won)
	}
	if got := must(t, "oardeploy", "status", "--name", name); strings.Contains(got, "lock") || !strings.Contains(got, "node1") {
		t.Errorf("status after the race:\n%s", got)
	}
}

// TestManyDeploysOfManyNames: all are ready, on ports and subnets of their own, and
// clean removes them together.
func TestManyDeploysOfManyNames(t *testing.T) {
	needImages(t)
	var names []string
	for i := range 8 {
		names = append(names, fmt.Sprintf("crash-many%d", i))
	}
	clean := append([]string{"clean"}, names...)
	must(t, "oardeploy", clean...)
	defer must(t, "oardeploy", clean...)
	for i, r := range (call{}).atOnce(t, names, func() {}) {
		if r.code != 0 {
			t.Errorf("%s: exit %d: %s", names[i], r.code, r.err)
		}
	}
	must(t, "oardeploy", clean...)
	for _, name := range names {
		if left := everything(t, name); left != "" {
			t.Errorf("clean left %s", left)
		}
	}
}

// TestInterrupts: Ctrl-C undoes; a second one stops at once, and says what cleans.
func TestInterrupts(t *testing.T) {
	needImages(t)
	must(t, "oardeploy", "clean", "crash-int")
	for _, tc := range []struct {
		signals int
		words   string
	}{{1, "oardeploy: interrupted\n"}, {2, "oardeploy: stopped\noardeploy: hint: `oardeploy clean crash-int` removes what is left\n"}} {
		m := between(t, fault{kind: "hang", on: "_server/start"})
		c := through(t, m, "crash-int")
		var stderr screen
		cmd := exec.Command(program(t, "oardeploy"), "-n", "1", "--name", "crash-int")
		cmd.Dir, cmd.Env, cmd.Stderr = c.dir, append(os.Environ(), c.env...), &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-m.hung:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Fatalf("the call that hangs was never made: %v\n%s", cmd.Wait(), stderr.String())
		}
		var last time.Time
		for range tc.signals {
			last = time.Now()
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Error(err)
			}
			stderr.await(t, "interrupted; once more stops at once") // equal signals that are pending are one
		}
		err := cmd.Wait()
		if took := time.Since(last); tc.signals == 2 && took > 30*time.Second {
			t.Errorf("it went on for %s after the second interrupt", took)
		}
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 130 || !strings.HasSuffix(stderr.String(), tc.words) {
			t.Errorf("%d signals: %v\n%s", tc.signals, err, stderr.String())
		}
		if left := everything(t, "crash-int"); (left == "") != (tc.signals == 1) {
			t.Errorf("%d signals left %q", tc.signals, left)
		}
		must(t, "oardeploy", "clean", "crash-int")
		if left := everything(t, "crash-int"); left != "" {
			t.Errorf("clean left %s", left)
		}
	}
}
