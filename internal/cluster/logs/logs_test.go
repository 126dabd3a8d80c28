package logs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
	"github.com/oarcluster/oarcluster/internal/cluster/logs"
)

// paper is what was shown, with the host's name before each piece.
type paper struct {
	mu   sync.Mutex
	text bytes.Buffer
}

type line struct {
	p    *paper
	host string
}

func (l line) Write(text []byte) (int, error) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	for piece := range strings.Lines(string(text)) {
		fmt.Fprint(&l.p.text, l.host, ": ", piece)
	}
	return len(text), nil
}

func (p *paper) to(host string) (stdout, stderr io.Writer) { return line{p, host}, line{p, host} }

func (p *paper) count(text string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Count(p.text.String(), text)
}

// await waits until the text was shown so many times, and no more.
func (p *paper) await(t *testing.T, text string, times int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); p.count(text) != times; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q is shown %d times, want %d:\n%s", text, p.count(text), times, p.text.String())
		}
	}
}

// two is an engine with a cluster of two nodes that was made and not started.
func two(t *testing.T) (*enginetest.Fake, cluster.Topology) {
	t.Helper()
	fake := enginetest.New("r", "1")
	spec := cluster.Spec{Name: "c", Groups: []cluster.Group{{Name: "node", Nodes: 2, Cores: 1}}, Registry: "r", Tag: "1", Bind: netip.MustParseAddr("127.0.0.1")}
	o, err := fake.Observe(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	top, err := spec.Layout(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range top.Hosts {
		top.Hosts[i].Stores = nil
	}
	make1(t, fake, top, "node1")
	make1(t, fake, top, "node2")
	return fake, top
}

func make1(t *testing.T, fake *enginetest.Fake, top cluster.Topology, host string) {
	t.Helper()
	h, _ := top.Host(host)
	if err := fake.CreateContainer(t.Context(), top, h); err != nil {
		t.Fatal(err)
	}
}

func start(t *testing.T, fake *enginetest.Fake, container string) {
	t.Helper()
	if err := fake.StartContainer(t.Context(), container); err != nil {
		t.Fatal(err)
	}
}

// Hosts that start late, again or anew are heard, each life once; the last one that is
// removed ends it.
func TestFollowingACluster(t *testing.T) {
	t.Parallel()
	fake, top := two(t)
	start(t, fake, "c_node1")
	var p paper
	ended := make(chan error, 1)
	go func() {
		ended <- logs.Show(t.Context(), fake, "c", logs.Options{Part: logs.Part{Tail: -1, Follow: true}, To: p.to})
	}()
	p.await(t, "node1: oarcluster: node ready", 1)
	start(t, fake, "c_node2")
	p.await(t, "node2: oarcluster: node ready", 1)
	fake.Kill("c_node1", 1)
	start(t, fake, "c_node1")
	p.await(t, "node1: oarcluster: node ready", 2)
	remove := func(container string) {
		t.Helper()
		if err := fake.RemoveContainer(t.Context(), container); err != nil {
			t.Fatal(err)
		}
	}
	remove("c_node2")
	make1(t, fake, top, "node2")
	start(t, fake, "c_node2")
	p.await(t, "node2: oarcluster: node ready", 2)
	select {
	case err := <-ended:
		t.Fatalf("it ended while there are hosts: %v", err)
	default:
	}
	remove("c_node1")
	remove("c_node2")
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("it goes on without any host")
	}
	p.await(t, "oarcluster: node ready", 4)
}

func TestFollowingOneHost(t *testing.T) {
	t.Parallel()
	fake, _ := two(t)
	start(t, fake, "c_node1")
	var p paper
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- logs.Show(ctx, fake, "c", logs.Options{Part: logs.Part{Tail: -1, Follow: true}, Host: "node1", To: p.to})
	}()
	p.await(t, "node1: oarcluster: node ready", 1)
	start(t, fake, "c_node2")
	fake.Kill("c_node1", 1)
	start(t, fake, "c_node1")
	p.await(t, "node1: oarcluster: node ready", 2)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	p.await(t, "node2", 0)
}

func TestShowingWhatIsThere(t *testing.T) {
	t.Parallel()
	fake, _ := two(t)
	start(t, fake, "c_node1")
	start(t, fake, "c_node2")
	fake.Kill("c_node2", 1)
	var p paper
	if err := logs.Show(t.Context(), fake, "c", logs.Options{Part: logs.Part{Tail: -1}, To: p.to}); err != nil {
		t.Fatal(err)
	}
	p.await(t, "oarcluster: node ready", 2)
	if err := logs.Show(t.Context(), fake, "d", logs.Options{To: p.to}); err == nil || !strings.Contains(err.Error(), `no cluster "d"`) {
		t.Errorf("of what is not there: %v", err)
	}
}

// deaf is an engine whose logs cannot be read.
type deaf struct{ *enginetest.Fake }

func (deaf) Logs(context.Context, string, logs.Part, io.Writer, io.Writer) error {
	return errors.New("not now")
}

// A host that cannot be heard is an error: who follows must know.
func TestShowingFails(t *testing.T) {
	t.Parallel()
	fake, _ := two(t)
	var p paper
	for _, follow := range []bool{false, true} {
		err := logs.Show(t.Context(), deaf{fake}, "c", logs.Options{Part: logs.Part{Follow: follow}, To: p.to})
		if err == nil || !strings.Contains(err.Error(), "not now") {
			t.Errorf("following %v: got %v", follow, err)
		}
	}
}
