package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
)

var errFault = errors.New("injected fault")

// calls counts the changing calls of a first deploy of one node.
func calls(t *testing.T) int {
	t.Helper()
	w := newWorld(t)
	var n atomic.Int32
	w.Before = func(string) error { n.Add(1); return nil }
	w.deploy(t, 1)
	return int(n.Load())
}

// at makes a fault happen at the n-th changing call, once.
func at(n int, fault func() error) func(string) error {
	var count atomic.Int32
	return func(string) error {
		if int(count.Add(1)) == n {
			return fault()
		}
		return nil
	}
}

// For every call of a deploy: when it fails, nothing is left, and the next deploy
// succeeds.
func TestFailureAtEveryCallIsUndone(t *testing.T) {
	t.Parallel()
	for n := 1; n <= calls(t); n++ {
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.spec.Nodes = 1
			w.Before = at(n, func() error { return errFault })
			if _, err := deploy.Deploy(t.Context(), w.spec, w.o); !errors.Is(err, errFault) {
				t.Errorf("got %v", err)
			}
			w.expect(t, nil)
			for _, path := range []string{w.folder(), w.spec.Default.Host} {
				if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s is left: %v", path, err)
				}
			}
			w.deploy(t, 1)
			w.expect(t, cluster2(1))
		})
	}
}

// For every call of a deploy: Ctrl-C during it undoes everything too.
func TestInterruptAtEveryCallIsUndone(t *testing.T) {
	t.Parallel()
	for n := 1; n <= calls(t); n++ {
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.spec.Nodes = 1
			ctx, cancel := context.WithCancel(t.Context())
			w.Before = at(n, func() error { cancel(); return nil })
			if _, err := deploy.Deploy(ctx, w.spec, w.o); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			w.expect(t, nil)
		})
	}
}

// For every call of a deploy: when the program is killed there (the call happens,
// nothing after it does), clean leaves nothing, and a deploy instead of it succeeds.
func TestKillAtEveryCallCanBeRepaired(t *testing.T) {
	t.Parallel()
	for n := 1; n <= calls(t); n++ {
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			t.Parallel()
			half := func() *world {
				w := newWorld(t)
				w.spec.Nodes, w.o.Keep = 1, true
				var count atomic.Int32
				w.Before = func(string) error {
					if int(count.Add(1)) > n {
						return errFault
					}
					return nil
				}
				w.o.Timeout = time.Millisecond
				_, err := deploy.Deploy(t.Context(), w.spec, w.o)
				if err == nil && n < calls(t) {
					t.Error("a killed deploy succeeded")
				}
				w.Before = func(string) error { return nil }
				w.o.Timeout = 20 * time.Second
				return w
			}
			w := half()
			if err := deploy.Clean(t.Context(), []string{"oarcluster"}, w.o); err != nil {
				t.Error(err)
			}
			w.expect(t, nil)
			w = half()
			w.deploy(t, 1)
			w.expect(t, cluster2(1))
		})
	}
}

// Growing that fails goes back to the cluster that was there.
func TestFailedGrowthGoesBack(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"create oarcluster_node3", "start oarcluster_node2", "exec ", "signal SIGHUP"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy(t, 1)
			var failed atomic.Bool
			w.Before = func(c string) error {
				if strings.HasPrefix(c, call) && failed.CompareAndSwap(false, true) {
					return errFault
				}
				return nil
			}
			w.spec.Nodes = 3
			if _, err := deploy.Deploy(t.Context(), w.spec, w.o); !errors.Is(err, errFault) {
				t.Errorf("got %v", err)
			}
			w.expect(t, cluster2(1))
			if got := w.File("oarcluster_server", "etc/oarcluster/resources"); got != "node1 0 0 0\n" {
				t.Errorf("the server still thinks of\n%s", got)
			}
			if _, err := os.Stat(w.folder()); err != nil {
				t.Errorf("the cluster's folder is gone: %v", err)
			}
		})
	}
}

// Another program may take the subnet between our look and our call.
func TestTakenSubnetIsChosenAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Before = at(1, func() error {
		other := cluster.Topology{Name: "other", Subnet: netip.MustParsePrefix("10.141.0.0/24")}
		return w.CreateNetwork(t.Context(), other)
	})
	w.deploy(t, 1)
	if got := w.File("oarcluster_dns", "etc/oarcluster/hosts"); !strings.HasPrefix(got, "10.141.1.2 dns\n") {
		t.Errorf("hosts:\n%s", got)
	}
}

// Shrinking that fails keeps the nodes that OAR was not made to forget.
func TestFailedShrinkGoesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 3)
	var failed atomic.Bool
	w.Before = func(c string) error {
		if strings.HasPrefix(c, "exec ") && failed.CompareAndSwap(false, true) {
			return errFault
		}
		return nil
	}
	w.spec.Nodes = 1
	if _, err := deploy.Deploy(t.Context(), w.spec, w.o); !errors.Is(err, errFault) {
		t.Errorf("got %v", err)
	}
	w.expect(t, cluster2(3))
	w.deploy(t, 1)
	w.expect(t, cluster2(1))
}

func TestNodeThatNeverComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mute = []string{"node2"}
	w.o.Timeout = 50 * time.Millisecond
	_, err := deploy.Deploy(t.Context(), w.spec, w.o)
	if err == nil {
		t.Fatal("ready without node2")
	}
	for _, part := range []string{"not ready after 50ms", "node2: waiting for the mark", "the end of the log of node2:\n  nothing to say"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("missing %q in\n%v", part, err)
		}
	}
	w.expect(t, nil)
}

func TestKeepOnFailureKeeps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mute, w.o.Keep, w.o.Timeout = []string{"server"}, true, 50*time.Millisecond
	if _, err := deploy.Deploy(t.Context(), w.spec, w.o); err == nil {
		t.Fatal("ready without server")
	}
	w.expect(t, cluster2(2))
	if _, err := os.Stat(w.folder() + "/ssh_config"); err != nil {
		t.Errorf("no way in: %v", err)
	}
}

func TestContainerThatEndsFailsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mute, w.o.Timeout = []string{"server"}, time.Hour
	w.o.Note = func(line string) {
		if line == "frontend ready" {
			w.Kill("oarcluster_server", 3)
		}
	}
	_, err := deploy.Deploy(t.Context(), w.spec, w.o)
	if err == nil || !strings.Contains(err.Error(), "server: its container ended with exit status 3") {
		t.Errorf("got %v", err)
	}
	w.expect(t, nil)
}
