//go:build e2e

package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
	"github.com/oarcluster/oarcluster/internal/cluster/logs"
)

const (
	repository = "localhost:5000/oarcluster"
	tag        = "2.6.1"
)

// patience is how long a test waits for what must come, on the busiest machine too.
const patience = 3 * time.Minute

// dial is the real engine. It must have the shipped images.
func dial(t *testing.T) *engine.Docker {
	t.Helper()
	d, err := engine.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestDockerPassesTheSuite(t *testing.T) {
	enginetest.Suite(t, dial(t), repository, tag)
}

// What the fake cannot show: commands, logs and exits of real processes.
func TestDockerRunsCommands(t *testing.T) {
	d := dial(t)
	h, top := container(t, d, "engine-exec", "echo to-out; echo to-err >&2; exec sleep 600")
	var out, errs strings.Builder
	code, err := d.Exec(t.Context(), h.Container, []string{"sh", "-c", `echo "$1"; echo no >&2; exit 7`, "-", `a "b" $c`}, &out, &errs)
	if err != nil || code != 7 || out.String() != "a \"b\" $c\n" || errs.String() != "no\n" {
		t.Errorf("exec: %d, %v, %q, %q", code, err, out.String(), errs.String())
	}
	out.Reset()
	code, err = d.Run(t.Context(), h.Container, engine.Process{Argv: []string{"wc", "-c"}, In: strings.NewReader("12345"), Out: &out, Err: &errs})
	if err != nil || code != 0 || strings.TrimSpace(out.String()) != "5" {
		t.Errorf("with input: %d, %v, %q", code, err, out.String())
	}
	out.Reset()
	code, err = d.Run(t.Context(), h.Container, engine.Process{Argv: []string{"sh", "-c", "id -un; test -t 1; exit $?"}, User: "docker", TTY: true, Out: &out})
	if err != nil || code != 0 || out.String() != "docker\r\n" {
		t.Errorf("as docker, on a terminal: %d, %v, %q", code, err, out.String())
	}
	out.Reset()
	errs.Reset()
	if err := d.Logs(t.Context(), h.Container, logs.Part{Tail: -1}, &out, &errs); err != nil || out.String() != "to-out\n" || errs.String() != "to-err\n" {
		t.Errorf("logs: %v, %q, %q", err, out.String(), errs.String())
	}
	exited := make(chan string, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d.Exits(ctx, top.Name, func(container, status string) { exited <- container + " " + status })
	kill(t, h.Container)
	select {
	case got := <-exited:
		if got != h.Container+" 137" {
			t.Errorf("exit: %q", got)
		}
	case <-ctx.Done():
		t.Error("no exit was told")
	}
}

// A container that is started again has its old lines in its log, but they are past.
func TestDockerFollowsFromTheLastStart(t *testing.T) {
	d := dial(t)
	h, top := container(t, d, "engine-follow", `echo "life $(cat /n 2>/dev/null)"; echo again >/n; exec sleep 600`)
	exited := make(chan string, 1)
	d.Exits(t.Context(), top.Name, func(_, status string) { exited <- status })
	for _, want := range []string{"life \n", "life again\n"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		r, w := io.Pipe()
		go func() {
			w.CloseWithError(d.Logs(ctx, h.Container, logs.Part{Tail: -1, Life: true, Follow: true}, w, w))
		}()
		line, err := bufio.NewReader(r).ReadString('\n')
		if line != want || err != nil {
			t.Errorf("got %q, %v, want %q", line, err, want)
		}
		cancel()
		r.Close()
		kill(t, h.Container)
		<-exited
		if err := d.StartContainer(t.Context(), h.Container); err != nil {
			t.Fatal(err)
		}
	}
}

func kill(t *testing.T, container string) {
	t.Helper()
	if out, err := exec.Command("docker", "kill", container).CombinedOutput(); err != nil {
		t.Fatalf("killing %s: %v: %s", container, err, out)
	}
}

// container starts a container that runs a shell script.
func container(t *testing.T, d *engine.Docker, name, script string) (cluster.Host, cluster.Topology) {
	t.Helper()
	o, err := d.Observe(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	spec := cluster.Spec{Name: name, Groups: []cluster.Group{{Name: "node", Nodes: 1, Cores: 1}}, Registry: repository, Tag: tag, Bind: netip.MustParseAddr("127.0.0.1")}
	top, err := spec.Layout(o)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := top.Host("node1")
	h.Volumes, h.Stores, h.Cmd = nil, nil, []string{"sh", "-c", script}
	t.Cleanup(func() {
		o, err := d.Observe(context.Background(), name)
		for _, c := range o.Containers {
			d.RemoveContainer(context.Background(), c.ID)
		}
		for _, n := range o.Networks {
			d.RemoveNetwork(context.Background(), n.ID)
		}
		if err != nil {
			t.Error(err)
		}
	})
	for _, err := range []error{d.CreateNetwork(t.Context(), top), d.CreateContainer(t.Context(), top, h), d.StartContainer(t.Context(), h.Container)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return h, top
}

// A container of an image that was made of a host has the host's labels, and is none.
func TestDockerTellsCopiesFromHosts(t *testing.T) {
	d := dial(t)
	h, top := container(t, d, "engine-commit", "exec sleep 600")
	const image, run = "oarcluster-engine-commit", "engine-commit_snapshot"
	t.Cleanup(func() { _ = exec.Command("docker", "image", "rm", image).Run() })
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-fv", run).Run() })
	for _, args := range [][]string{{"commit", h.Container, image}, {"run", "-d", "--network", "none", "--name", run, image}} {
		if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
			t.Fatalf("docker %v: %v: %s", args, err, out)
		}
	}
	o, err := d.Observe(t.Context(), top.Name)
	if err != nil || len(o.Containers) != 1 || o.Containers[0].Name != h.Container || !slices.Contains(o.Foreign, "container "+run) {
		t.Errorf("got %v, %+v, foreign %q", err, o.Containers, o.Foreign)
	}
}

func TestDockerTellsOfItself(t *testing.T) {
	e, h, err := dial(t).About(t.Context())
	if err != nil || e.Name == "" || e.Version == "" || e.API == "" || e.Arch == "" || e.Root == "" || e.Memory == 0 || e.Storage == "" {
		t.Errorf("got %+v, %v", e, err)
	}
	if h.Free == 0 || h.Inotify == 0 {
		t.Errorf("got %+v of this machine", h)
	}
}

// Copies are docker cp's: into a folder, under a new name, what is inside a folder,
// as an archive, and into where a link leads.
func TestDockerCopies(t *testing.T) {
	d := dial(t)
	h, _ := container(t, d, "engine-copy", "exec sleep 600")
	id, here := h.Container, t.TempDir()
	local := filepath.Join(here, "a 'b' $c")
	steps := []func() error{
		func() error {
			var said strings.Builder
			code, err := d.Exec(t.Context(), id, []string{"sh", "-c", "mkdir /in && ln -s /in /link"}, &said, &said)
			if code != 0 {
				err = errors.New(said.String())
			}
			return err
		},
		func() error {
			return errors.Join(os.Mkdir(local, 0o755), os.WriteFile(filepath.Join(local, "x"), []byte("text"), 0o600))
		},
		func() error { return d.CopyIn(t.Context(), id, local, "/in") },
		func() error { return d.CopyIn(t.Context(), id, local+"/.", "/new") },
		func() error { return d.CopyIn(t.Context(), id, filepath.Join(local, "x"), "/link") },
		func() error { return d.CopyOut(t.Context(), id, "/in", here) },
		func() error { return d.CopyOut(t.Context(), id, "new/x", filepath.Join(here, "y")) },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
	for _, name := range []string{"in/a 'b' $c/x", "in/x", "y"} {
		if text, err := os.ReadFile(filepath.Join(here, name)); err != nil || string(text) != "text" {
			t.Errorf("%s: got %q, %v", name, text, err)
		}
	}
	var archive bytes.Buffer
	err := errors.Join(d.Archive(t.Context(), id, "/new", &archive), d.Unpack(t.Context(), id, "/in", &archive), d.CopyOut(t.Context(), id, "/in/new/x", filepath.Join(here, "z")))
	if text, read := os.ReadFile(filepath.Join(here, "z")); err != nil || string(text) != "text" {
		t.Errorf("as an archive: %v, %q, %v", err, text, read)
	}
	for _, err := range []error{d.CopyOut(t.Context(), id, "/nothing", here), d.CopyIn(t.Context(), id, local, "/no/such"), d.CopyIn(t.Context(), id, here+"/nothing", "/in")} {
		if err == nil {
			t.Error("what is not there was copied")
		}
	}
}
