//go:build e2e

package engine_test

import (
	"bufio"
	"context"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
)

const (
	repository = "localhost:5000/oarcluster"
	tag        = "2.6.1"
)

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
	code, err = d.Pipe(t.Context(), h.Container, []string{"wc", "-c"}, strings.NewReader("12345"), &out, &errs)
	if err != nil || code != 0 || strings.TrimSpace(out.String()) != "5" {
		t.Errorf("pipe: %d, %v, %q", code, err, out.String())
	}
	out.Reset()
	errs.Reset()
	if err := d.Logs(t.Context(), h.Container, -1, false, &out, &errs); err != nil || out.String() != "to-out\n" || errs.String() != "to-err\n" {
		t.Errorf("logs: %v, %q, %q", err, out.String(), errs.String())
	}
	exited := make(chan string, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	d.Exits(ctx, top.Name, func(container, status string) { exited <- container + " " + status })
	if err := d.Signal(t.Context(), h.Container, "SIGKILL"); err != nil {
		t.Fatal(err)
	}
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
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		r, w := io.Pipe()
		go func() { w.CloseWithError(d.Follow(ctx, h.Container, w)) }()
		line, err := bufio.NewReader(r).ReadString('\n')
		if line != want || err != nil {
			t.Errorf("got %q, %v, want %q", line, err, want)
		}
		cancel()
		r.Close()
		if err := d.Signal(t.Context(), h.Container, "SIGKILL"); err != nil {
			t.Fatal(err)
		}
		<-exited
		if err := d.StartContainer(t.Context(), h.Container); err != nil {
			t.Fatal(err)
		}
	}
}

// container starts a container that runs a shell script.
func container(t *testing.T, d *engine.Docker, name, script string) (cluster.Host, cluster.Topology) {
	t.Helper()
	o, err := d.Observe(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	spec := cluster.Spec{Name: name, Nodes: 1, Cores: 1, Registry: repository, Tag: tag, Bind: netip.MustParseAddr("127.0.0.1")}
	top, err := spec.Layout(o)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := top.Host("node1")
	h.Volumes, h.Cmd = nil, []string{"sh", "-c", script}
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
