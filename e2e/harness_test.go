//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cluster is the name under which the scenarios deploy.
const cluster = "e2e"

// result is what a user sees of one command.
type result struct {
	out, err string
	code     int
}

// call is a command line and what surrounds it.
type call struct {
	dir   string
	env   []string
	stdin string
}

// program returns the path of a program that make built.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; run: make build", err)
	}
	return path
}

// run runs a command to its end, at most half an hour, and answers what it printed and its exit code.
func (c call) run(t *testing.T, name string, args ...string) result {
	t.Helper()
	if strings.HasPrefix(name, "oar") {
		name = program(t, name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), c.env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.stdin), &out, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("running %s: %v", cmd, err)
	}
	return result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// must runs a command that has to succeed and answers its standard output, trimmed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	return call{}.must(t, name, args...)
}

func (c call) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	r := c.run(t, name, args...)
	if r.code != 0 {
		t.Fatalf("%s %s: exit %d\nstdout: %s\nstderr: %s", name, strings.Join(args, " "), r.code, r.out, r.err)
	}
	return strings.TrimSpace(r.out)
}

// patience is how long a test waits for what must come: so long that it does on the
// busiest machine, for no promise is about how long it takes.
const patience = 5 * time.Minute

// eventually asks until the answer is yes; the last word says what was still missing.
func eventually(t *testing.T, ask func() (missing string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		missing := ask()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", patience, missing)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// stopped stops a container. The ten seconds that docker gives it are too few on a busy
// machine: it gets the minute that oardeploy gives.
func stopped(t *testing.T, container string) {
	t.Helper()
	must(t, "docker", "stop", "-t", "60", container)
}

// traces lists what a cluster has on the Engine and on this machine; a clean leaves none.
func traces(t *testing.T, name string) string {
	t.Helper()
	label := "label=oarcluster.name=" + name
	found := must(t, "docker", "ps", "-aq", "--filter", label) +
		must(t, "docker", "network", "ls", "-q", "--filter", label) +
		must(t, "docker", "volume", "ls", "-q", "--filter", label)
	if _, err := os.Stat("/tmp/oarcluster-" + name); err == nil {
		found += "/tmp/oarcluster-" + name
	}
	return found
}
