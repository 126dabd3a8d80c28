package deploy_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
)

// After stop and start the very same containers run, and the folder is there that a
// reboot took.
func TestStopAndStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 2)
	before, _ := w.Observe(t.Context(), "oarcluster")
	for range 2 {
		if err := w.o.Stop(t.Context(), "oarcluster", nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, object := range w.Objects() {
		if strings.HasSuffix(object, "running") {
			t.Errorf("stop left %s", object)
		}
	}
	if !w.notes.has(`nothing of cluster "oarcluster" runs`) {
		t.Errorf("the second stop said %q", w.notes.lines)
	}
	if err := os.RemoveAll(w.folder()); err != nil {
		t.Fatal(err)
	}
	info, err := w.o.Start(t.Context(), "oarcluster", nil)
	if err != nil || !slices.Equal(info.Nodes, []string{"node1", "node2"}) || !strings.Contains(info.API, ":48080") {
		t.Errorf("got %+v, %v", info, err)
	}
	w.expect(t, cluster2(2))
	after, _ := w.Observe(t.Context(), "oarcluster")
	for i, c := range after.Containers {
		if was := before.Containers[i]; c.ID != was.ID || c.Addr != was.Addr {
			t.Errorf("%s became %+v", was.Name, c)
		}
	}
	if _, err := os.Stat(w.folder() + "/ssh_config"); err != nil {
		t.Error(err)
	}
}

// A node alone: the server, which runs, is told to look for it.
func TestRestartOfOneHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 2)
	calls := &notes{}
	w.Before = func(call string) error { calls.add(call); return nil }
	if err := w.o.Stop(t.Context(), "oarcluster", []string{"node2"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.o.Start(t.Context(), "oarcluster", []string{"node2"}); err != nil {
		t.Fatal(err)
	}
	w.expect(t, cluster2(2))
	kept := slices.DeleteFunc(calls.lines, func(s string) bool { return strings.Contains(s, "lock") })
	if len(kept) != 3 || !strings.HasPrefix(kept[0], "stop oarcluster_node2") || !strings.HasPrefix(kept[1], "start oarcluster_node2") || !strings.HasPrefix(kept[2], "exec /usr/lib/oarcluster/reload oarcluster_server") {
		t.Errorf("the calls were %q", kept)
	}
}

// What is paused goes on, and is not made anew: the server has the jobs, the nodes run them.
func TestWhatIsPausedGoesOn(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(w *world) error{
		"deploy": func(w *world) error { w.deploy(t, 2); return nil },
		"start":  func(w *world) error { _, err := w.o.Start(t.Context(), "oarcluster", nil); return err },
	} {
		w := newWorld(t)
		w.deploy(t, 2)
		before, _ := w.Observe(t.Context(), "oarcluster")
		for _, c := range before.Containers {
			w.Pause(c.Name)
		}
		if err := again(w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.expect(t, cluster2(2))
		after, _ := w.Observe(t.Context(), "oarcluster")
		for i, c := range after.Containers {
			if was := before.Containers[i]; c.ID != was.ID || c.State != "running" {
				t.Errorf("%s: %s became %+v", name, was.Name, c)
			}
		}
	}
}

func TestStopAndStartOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check := func(hosts []string, want string) {
		t.Helper()
		_, started := w.o.Start(t.Context(), "oarcluster", hosts)
		for _, err := range []error{w.o.Stop(t.Context(), "oarcluster", hosts), started} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	}
	check(nil, `cluster "oarcluster": there is none`)
	if _, err := os.Stat(w.folder()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
	w.deploy(t, 1)
	check([]string{"node7"}, `host "node7": cluster "oarcluster" has none`)
	w.expect(t, cluster2(1))
	if err := w.RemoveContainer(t.Context(), "oarcluster_dns"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.o.Start(t.Context(), "oarcluster", nil); err == nil || !strings.Contains(err.Error(), "it is not whole") {
		t.Errorf("without dns: %v", err)
	}
}

// What never ran may lack its files: deploying makes it whole, starting cannot.
func TestStartRefusesWhatIsHalfMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.o.Keep = true
	w.Before = func(call string) error {
		if strings.HasPrefix(call, "start ") || strings.HasPrefix(call, "upload ") {
			return errFault
		}
		return nil
	}
	if _, err := w.o.Deploy(t.Context(), w.spec); !errors.Is(err, errFault) {
		t.Fatal(err)
	}
	w.Before = func(string) error { return nil }
	code, stderr := report(t, func(ctx context.Context) error {
		_, err := w.o.Start(ctx, "oarcluster", nil)
		return err
	})
	if code != 1 || !strings.Contains(stderr, "it is not whole") || !strings.Contains(stderr, "hint: deploy over it") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if slices.ContainsFunc(w.Objects(), func(o string) bool { return strings.HasSuffix(o, " running") }) {
		t.Errorf("it started %q", w.Objects())
	}
}

// seeing is an engine whose containers are all in one state.
type seeing struct {
	deploy.Engine
	state string
}

func (s seeing) Observe(ctx context.Context, name string) (cluster.Observed, error) {
	o, err := s.Engine.Observe(ctx, name)
	for i := range o.Containers {
		o.Containers[i].State = s.state
	}
	return o, err
}

// The keys of a cluster are in its containers: new ones would open nothing.
func TestStartWritesNoOtherKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	w.o.NewKeys = func(name string) (secrets.Keys, error) { return secrets.New(name) }
	before, err := os.ReadFile(w.folder() + "/id_ed25519")
	if err != nil {
		t.Fatal(err)
	}
	engine := w.o.Engine
	w.o.Unready = true
	for state, fails := range map[string]bool{"paused": false, "restarting": true, "removing": true, "dead": true} {
		w.o.Engine = seeing{engine, state}
		if _, err := w.o.Start(t.Context(), "oarcluster", nil); (err != nil) != fails {
			t.Errorf("%s: %v", state, err)
		}
		if after, err := os.ReadFile(w.folder() + "/id_ed25519"); string(after) != string(before) {
			t.Errorf("%s: the key became another (%v)", state, err)
		}
	}
	w.o.Engine = engine
}

// crowded is an engine that counts the hosts that are being stopped.
type crowded struct {
	deploy.Engine
	now, most atomic.Int32
}

func (c *crowded) StopContainer(ctx context.Context, id string) error {
	now := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	time.Sleep(20 * time.Millisecond)
	return c.Engine.StopContainer(ctx, id)
}

// Hosts stop side by side, but not more at once than sshd or an engine bears.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	for machine, want := range map[string]int32{"": 64, "ssh://box": 8} {
		w := newWorld(t)
		w.deploy(t, 80)
		engine := &crowded{Engine: w.o.Engine}
		w.o.Engine, w.o.Machine = engine, machine
		if err := w.o.Stop(t.Context(), "oarcluster", nil); err != nil {
			t.Fatal(err)
		}
		if most := engine.most.Load(); most > want {
			t.Errorf("on %q %d hosts at once, more than %d", machine, most, want)
		}
		w.o.Engine, w.o.Machine = engine.Engine, ""
	}
}
