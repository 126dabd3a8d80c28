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
	"github.com/oarcluster/oarcluster/internal/cluster/lock"
	"github.com/oarcluster/oarcluster/internal/ui"
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
			w.spec.Groups[0].Nodes = 1
			w.Before = at(n, func() error { return errFault })
			if _, err := w.o.Deploy(t.Context(), w.spec); !errors.Is(err, errFault) {
				t.Errorf("got %v", err)
			}
			w.expect(t, nil)
			if _, err := os.Stat(w.folder()); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left: %v", w.folder(), err)
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
			w.spec.Groups[0].Nodes = 1
			ctx, cancel := context.WithCancel(t.Context())
			w.Before = at(n, func() error { cancel(); return nil })
			if _, err := w.o.Deploy(ctx, w.spec); !errors.Is(err, context.Canceled) {
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
				w.spec.Groups[0].Nodes, w.o.Keep = 1, true
				var count atomic.Int32
				w.Before = func(string) error {
					if int(count.Add(1)) > n {
						return errFault
					}
					return nil
				}
				w.o.Timeout = time.Millisecond
				_, err := w.o.Deploy(t.Context(), w.spec)
				if err == nil && n < calls(t) {
					t.Error("a killed deploy succeeded")
				}
				w.Before = func(string) error { return nil }
				w.o.Timeout = plenty
				return w
			}
			w := half()
			if err := w.o.Clean(t.Context(), []string{"oarcluster"}); err != nil {
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
	for _, call := range []string{"create oarcluster_node3", "start oarcluster_node2", "exec /usr", "exec sh"} {
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
			w.spec.Groups[0].Nodes = 3
			if _, err := w.o.Deploy(t.Context(), w.spec); !errors.Is(err, errFault) {
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

// Another program may take a port between our look and our call: a cluster that has
// no fixed ports takes others, and the default one says who it is.
func TestTakenPortIsChosenAnew(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"two": "", "oarcluster": "is taken by another program"} {
		w := newWorld(t)
		w.spec.Name = name
		var taken atomic.Pointer[netip.AddrPort]
		w.Ports = func(at netip.AddrPort) string {
			if has := taken.Load(); has != nil && *has == at {
				return "another program"
			}
			return ""
		}
		w.Before = func(call string) error {
			at := netip.AddrPortFrom(w.spec.Bind, map[string]uint16{"two": 48090, "oarcluster": 48080}[name])
			if call == "start "+name+"_frontend" && taken.CompareAndSwap(nil, &at) {
				return errFault
			}
			return nil
		}
		info, err := w.o.Deploy(t.Context(), w.spec)
		if want == "" && (err != nil || !strings.HasSuffix(info.API, ":48100/oarapi/")) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, %s", name, err, info.API)
		}
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
	w.spec.Groups[0].Nodes = 1
	if _, err := w.o.Deploy(t.Context(), w.spec); !errors.Is(err, errFault) {
		t.Errorf("got %v", err)
	}
	w.expect(t, cluster2(3))
	w.deploy(t, 1)
	w.expect(t, cluster2(1))
}

func TestNodeThatNeverComes(t *testing.T) {
	t.Parallel()
	w := expired(t, func(w *world) { w.Mute = []string{"node2"} }, "node2: waiting for the mark", "the end of the log of node2:\n  nothing to say")
	w.expect(t, nil)
}

func TestKeepOnFailureKeeps(t *testing.T) {
	t.Parallel()
	w := expired(t, func(w *world) { w.Mute, w.o.Keep = []string{"server"}, true })
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
	_, err := w.o.Deploy(t.Context(), w.spec)
	if err == nil || !strings.Contains(err.Error(), "server: its container ended with exit status 3") {
		t.Errorf("got %v", err)
	}
	w.expect(t, nil)
}

// While one deploys, others are refused at once, and whoever cleans waits.
func TestOneAtATimeChangesACluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var second, third error
	cleaned := make(chan error)
	w.Before = at(2, func() error {
		_, second = w.o.Deploy(t.Context(), w.spec)
		go func() { cleaned <- w.o.Clean(t.Context(), []string{"oarcluster"}) }()
		for w.notes.count("waiting for process ") == 0 {
			time.Sleep(time.Millisecond)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		third = w.o.Clean(ctx, []string{"oarcluster"})
		return nil
	})
	w.deploy(t, 1)
	if second == nil || !strings.Contains(second.Error(), `locking cluster "oarcluster": it is being changed by process `) {
		t.Errorf("a second deploy: %v", second)
	}
	if !errors.Is(third, context.Canceled) {
		t.Errorf("an interrupted clean: %v", third)
	}
	if err := <-cleaned; err != nil {
		t.Error(err)
	}
	w.expect(t, nil)
}

// What has the lock's name and is not ours keeps a deploy away, and no clean.
func TestForeignLockStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	w.AddForeignVolume("oarcluster_lock")
	if _, err := w.o.Deploy(t.Context(), w.spec); !errors.Is(err, lock.ErrForeign) {
		t.Errorf("got %v", err)
	}
	if err := w.o.Clean(t.Context(), []string{"oarcluster"}); err != nil {
		t.Error(err)
	}
	w.expect(t, []string{"volume oarcluster_lock"})
}

// blinking is an engine that cannot be looked at the second time.
type blinking struct {
	deploy.Engine
	looks atomic.Int32
}

func (b *blinking) Observe(ctx context.Context, name string) (cluster.Observed, error) {
	if b.looks.Add(1) == 2 {
		return cluster.Observed{}, errFault
	}
	return b.Engine.Observe(ctx, name)
}

// What ended a run may meet the undoing, too: it looks again.
func TestUndoingTriesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	engine := &blinking{Engine: w.o.Engine}
	w.o.Engine = engine
	w.Before = func(call string) error {
		if call == "start oarcluster_server" {
			return errFault
		}
		return nil
	}
	if _, err := w.o.Deploy(t.Context(), w.spec); !errors.Is(err, errFault) {
		t.Errorf("got %v", err)
	}
	w.expect(t, nil)
}

// An engine that fails for good cannot be undone on: the user learns how to later.
func TestUndoingThatFailsTellsWhatCleans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var failing atomic.Bool
	w.Before = func(call string) error {
		failing.CompareAndSwap(false, strings.HasPrefix(call, "start"))
		if failing.Load() {
			return errFault
		}
		return nil
	}
	code, stderr := report(t, func(ctx context.Context) error {
		_, err := w.o.Deploy(ctx, w.spec)
		return err
	})
	if code != 1 || !strings.Contains(stderr, "\nundoing what was done: removing ") || !strings.HasSuffix(stderr, "hint: `oardeploy clean oarcluster` removes what is left\n") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// report is what a user sees of a run.
func report(t *testing.T, run func(context.Context) error) (code int, stderr string) {
	t.Helper()
	var text strings.Builder
	code = ui.Main("oardeploy", ui.Streams{Err: &text}, run)
	return code, text.String()
}

// Whoever does not want to wait gets a cluster whose hosts say nothing.
func TestUnreadyWaitsForNoHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mute, w.o.Unready = []string{"server", "frontend", "node1", "node2"}, true
	if _, err := w.o.Deploy(t.Context(), w.spec); err != nil {
		t.Error(err)
	}
}
