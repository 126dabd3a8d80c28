package ready_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
	"github.com/oarcluster/oarcluster/internal/cluster/ready"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
)

var addresses atomic.Uint32

// running is a fake engine on which a cluster of two nodes was just made, with
// mute hosts.
func running(t *testing.T, mute ...string) (*enginetest.Fake, ready.Target) {
	t.Helper()
	fake := enginetest.New("r", "1")
	fake.Mute = mute
	n := addresses.Add(1)
	spec := cluster.Spec{Name: "oarcluster", Groups: []cluster.Group{{Name: "node", Nodes: 2, Cores: 1}}, Registry: "r", Tag: "1", Bind: netip.AddrFrom4([4]byte{127, 79, 0, byte(n)})}
	o, _ := fake.Observe(t.Context(), spec.Name)
	top, err := spec.Layout(o)
	if err != nil {
		t.Fatal(err)
	}
	target := ready.Target{Topology: top, Engine: fake, Timeout: 10 * time.Minute, Note: func(string) {}}
	archive, err := (secrets.Keys{Host: secrets.Key{Public: "a b"}}).Archive(top, "server")
	for _, v := range top.Stores() {
		err = errors.Join(err, fake.CreateVolume(t.Context(), top.Name, v))
	}
	for _, h := range top.Hosts {
		err = errors.Join(err, fake.CreateContainer(t.Context(), top, h))
		if h.Name == "server" {
			err = errors.Join(err, fake.Upload(t.Context(), h.Container, archive))
		}
		if err = errors.Join(err, fake.StartContainer(t.Context(), h.Container)); err != nil {
			t.Fatal(err)
		}
		target.Started = append(target.Started, h.Name)
		t.Cleanup(func() { fake.RemoveContainer(context.Background(), h.Container) })
	}
	return fake, target
}

// expired waits for what is never ready. How long a loaded machine takes for all the
// rest nobody knows: with more and more time, until the error has all that is wanted.
func expired(t *testing.T, target ready.Target, not string, want ...string) {
	t.Helper()
	for target.Timeout = 100 * time.Millisecond; ; target.Timeout *= 8 {
		err := ready.Wait(t.Context(), target)
		if err == nil {
			t.Fatal("ready")
		}
		missing := slices.DeleteFunc(append([]string{fmt.Sprintf(`waiting for cluster "oarcluster": not ready after %s`, target.Timeout)}, want...),
			func(part string) bool { return strings.Contains(err.Error(), part) })
		if len(missing) == 0 && !strings.Contains(err.Error(), not) {
			return
		}
		if target.Timeout > time.Minute {
			t.Fatalf("missing %q, or there is %q, in\n%v", missing, not, err)
		}
	}
}

// nothing is in no error.
const nothing = "\x00"

func TestWaitForEverything(t *testing.T) {
	t.Parallel()
	_, target := running(t)
	if err := ready.Wait(t.Context(), target); err != nil {
		t.Error(err)
	}
}

// A cluster that nobody just started has no marks to wait for, only the two checks.
func TestWaitForAnOldCluster(t *testing.T) {
	t.Parallel()
	_, target := running(t)
	target.Started = nil
	if err := ready.Wait(t.Context(), target); err != nil {
		t.Error(err)
	}
}

func TestWaitTellsWhoIsToBlame(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		mute    []string
		started []string // nil: all
		want    []string
		not     string
	}{
		{"the server", []string{"server"}, nil, []string{`server: waiting for the mark "oarcluster: server ready"`, "log of server:\n  nothing to say"}, "node1"},
		{"a node", []string{"node1"}, nil, []string{`node1: waiting for the mark "oarcluster: node1 alive" in the log of server`, "log of node1"}, "node2"},
		{"both nodes", []string{"node1", "node2"}, nil, []string{"\nnode1: ", "\nnode2: "}, "frontend"},
		{"the frontend", []string{"frontend"}, nil, []string{"frontend: waiting for the mark"}, "server:"},
		{"an old frontend", []string{"frontend"}, []string{}, []string{"frontend: asking the API", "frontend: connecting to its ssh"}, "mark"},
		{"an old node", []string{"node2"}, []string{}, []string{"node2: asking the API for its 1 cores: [Absent:1]"}, "node1"},
		{"a new node of an old server", []string{"node2"}, []string{"node2"}, []string{`node2: waiting for the mark "oarcluster: node ready"`}, "node1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, target := running(t, tc.mute...)
			if tc.started != nil {
				target.Started = tc.started
			}
			expired(t, target, tc.not, tc.want...)
		})
	}
}

// The marks of a container's life before are in its log too, and say nothing.
func TestWaitForHostsThatWereStartedAgain(t *testing.T) {
	t.Parallel()
	fake, target := running(t)
	if err := ready.Wait(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	for _, h := range target.Topology.Hosts {
		fake.Kill(h.Container, 0)
	}
	fake.Mute = []string{"server", "node2"}
	for _, h := range target.Topology.Hosts {
		if err := fake.StartContainer(t.Context(), h.Container); err != nil {
			t.Fatal(err)
		}
	}
	expired(t, target, nothing, `server: waiting for the mark "oarcluster: server ready"`)
	target.Started = []string{"node1", "node2"}
	expired(t, target, nothing, `node2: waiting for the mark "oarcluster: node ready"`)
}

func TestWaitEndsWhenAContainerDoes(t *testing.T) {
	t.Parallel()
	fake, target := running(t)
	fake.Kill("oarcluster_node2", 7)
	if err := ready.Wait(t.Context(), target); err == nil || !strings.Contains(err.Error(), `node2: its container is not running, but "exited"`) {
		t.Errorf("ended before: %v", err)
	}
	fake, target = running(t, "node1")
	target.Note = func(mark string) {
		if mark == "server ready" {
			fake.Kill("oarcluster_node2", 7)
		}
	}
	if err := ready.Wait(t.Context(), target); err == nil || !strings.Contains(err.Error(), "node2: its container ended with exit status 7") {
		t.Errorf("ended meanwhile: %v", err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, target := running(t, "server")
	ctx, cancel := context.WithCancel(t.Context())
	target.Note = func(string) { cancel() }
	if err := ready.Wait(ctx, target); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The ports of another machine are not this one's: the frontend is asked from within.
func TestWaitOnAnotherMachine(t *testing.T) {
	t.Parallel()
	fake, target := running(t)
	target.Topology.Machine = "ssh://box"
	var asked []string
	var mu sync.Mutex
	fake.Before = func(call string) error {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, call)
		return nil
	}
	if err := ready.Wait(t.Context(), target); err != nil {
		t.Error(err)
	}
	mu.Lock()
	slices.Sort(asked)
	if want := []string{"exec bash oarcluster_frontend", "exec curl oarcluster_frontend"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	mu.Unlock()
	fake.Mute = []string{"frontend"}
	target.Started = nil
	expired(t, target, nothing, "frontend: asking the API: curl: exit status 7: connection refused", "frontend: reading the greeting of its ssh: bash: exit status 7")
}
