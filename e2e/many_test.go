//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// atOnce runs as many deploys of one node as there are names, all at once.
func atOnce(t *testing.T, names []string) []result {
	t.Helper()
	dir := t.TempDir()
	results := make([]result, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { results[i] = call{dir: dir}.run(t, "oardeploy", "-n", "1", "--name", name, "--timeout", "4m") })
	}
	all.Wait()
	return results
}

// TestManyDeploysOfOneName: one wins, and the others say at once who it is.
func TestManyDeploysOfOneName(t *testing.T) {
	needImages(t)
	const name = "crash-one"
	defer must(t, "oardeploy", "clean", name)
	won := 0
	for _, r := range atOnce(t, strings.Fields(strings.Repeat(name+" ", 8))) {
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
	defer must(t, "oardeploy", clean...)
	for i, r := range atOnce(t, names) {
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
	for _, tc := range []struct {
		signals int
		words   string
	}{{1, "oardeploy: interrupted\n"}, {2, "oardeploy: stopped\noardeploy: hint: `oardeploy clean crash-int` removes what is left\n"}} {
		m := between(t, fault{kind: "hang", on: "_server/start"})
		c := through(t, m, "crash-int")
		var stderr bytes.Buffer
		cmd := exec.Command(program(t, "oardeploy"), "-n", "1", "--name", "crash-int")
		cmd.Dir, cmd.Env, cmd.Stderr = c.dir, append(os.Environ(), c.env...), &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-m.hung:
		case <-time.After(time.Minute):
			_ = cmd.Process.Kill()
			t.Fatalf("the call that hangs was never made: %v\n%s", cmd.Wait(), stderr.String())
		}
		begin := time.Now()
		for range tc.signals {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Error(err)
			}
			time.Sleep(100 * time.Millisecond) // equal signals that are pending are one
		}
		err := cmd.Wait()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 130 || !strings.HasSuffix(stderr.String(), tc.words) {
			t.Errorf("%d signals: %v\n%s", tc.signals, err, stderr.String())
		}
		if took := time.Since(begin); tc.signals == 2 && took > 5*time.Second {
			t.Errorf("two interrupts took %s", took)
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
