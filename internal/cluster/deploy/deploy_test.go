package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
)

const (
	repository = "registry.invalid/oarcluster"
	tag        = "1"
)

// plenty is time that is enough on a machine with much other work, too.
const plenty = 10 * time.Minute

var addresses atomic.Uint32

// address gives every test a loopback address of its own, also beside another
// process of these tests, so that the default ports are free on it.
func address() netip.Addr {
	n := addresses.Add(1)
	return netip.AddrFrom4([4]byte{127, byte(64 + os.Getpid()%128), byte(n >> 8), byte(n)})
}

// world is an engine, a machine's folders, and what is wanted of them.
type world struct {
	*enginetest.Fake
	spec  cluster.Spec
	o     deploy.Options
	notes *notes
}

type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(s string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, s)
}

// count is how many lines begin with s.
func (n *notes) count(s string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := 0
	for _, line := range n.lines {
		if strings.HasPrefix(line, s) {
			count++
		}
	}
	return count
}

func (n *notes) has(s string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Contains(n.lines, s)
}

// keys are made once: they are the same for all tests.
var keys = sync.OnceValues(func() (secrets.Keys, error) { return secrets.New("test") })

func newWorld(t *testing.T) *world {
	t.Helper()
	fake := enginetest.New(repository, tag)
	w := &world{Fake: fake, notes: &notes{}}
	w.spec = cluster.Spec{Name: cluster.DefaultName, Groups: []cluster.Group{{Name: "node", Nodes: 2, Cores: 1}}, Registry: repository, Tag: tag,
		Bind:    address(),
		Default: cluster.Volume{Host: filepath.Join(t.TempDir(), "shared_data"), Container: "/data"}}
	w.o = deploy.Options{Engine: fake, Base: t.TempDir(), Timeout: plenty, Note: w.notes.add,
		NewKeys: func(string) (secrets.Keys, error) { return keys() }}
	t.Cleanup(func() {
		w.Before = func(string) error { return nil }
		w.o.Clean(context.WithoutCancel(t.Context()), []string{w.spec.Name})
	})
	return w
}

func (w *world) deploy(t *testing.T, nodes int) {
	t.Helper()
	w.spec.Groups[0].Nodes = nodes
	if _, err := w.o.Deploy(t.Context(), w.spec); err != nil {
		t.Fatal(err)
	}
}

// expired deploys in a world that prepare made so that it is never ready. How long the
// engine takes for the steps before on a loaded machine nobody knows: with more and more
// time, until the error has all that is wanted of it.
func expired(t *testing.T, prepare func(*world), want ...string) *world {
	t.Helper()
	for timeout := 50 * time.Millisecond; ; timeout *= 8 {
		w := newWorld(t)
		prepare(w)
		w.o.Timeout = timeout
		_, err := w.o.Deploy(t.Context(), w.spec)
		if err == nil {
			t.Fatal("it was ready")
		}
		missing := slices.DeleteFunc(append([]string{fmt.Sprintf("not ready after %s", timeout)}, want...), func(part string) bool { return strings.Contains(err.Error(), part) })
		if len(missing) == 0 {
			return w
		}
		if timeout > time.Minute {
			t.Fatalf("missing %q in\n%v", missing, err)
		}
	}
}

// folder is the machine's folder of the cluster.
func (w *world) folder() string { return filepath.Join(w.o.Base, "oarcluster") }

func cluster2(nodes int) []string {
	want := []string{"container oarcluster_dns running", "container oarcluster_frontend running", "container oarcluster_server running", "network oarcluster", "volume oarcluster_home", "volume oarcluster_state"}
	for n := 1; n <= nodes; n++ {
		want = append(want, fmt.Sprintf("container oarcluster_node%d running", n))
	}
	slices.Sort(want)
	return want
}

func (w *world) expect(t *testing.T, want []string) {
	t.Helper()
	if got := w.Objects(); !slices.Equal(got, want) {
		t.Errorf("the engine has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDeployGrowShrinkClean(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	info, err := w.o.Deploy(t.Context(), w.spec)
	if err != nil {
		t.Fatal(err)
	}
	w.expect(t, cluster2(2))
	if info.Name != "oarcluster" || !slices.Equal(info.Nodes, []string{"node1", "node2"}) {
		t.Errorf("got %+v", info)
	}
	checkDefaultVolume(t, w.spec.Default.Host)
	w.deploy(t, 4)
	w.expect(t, cluster2(4))
	if got := w.File("oarcluster_server", "etc/oarcluster/resources"); !strings.Contains(got, "node4 3 3 0\n") {
		t.Errorf("the server was not told of node4:\n%s", got)
	}
	if got := w.File("oarcluster_dns", "etc/oarcluster/hosts"); !strings.Contains(got, "10.141.0.14 node4\n") {
		t.Errorf("dns was not told of node4:\n%s", got)
	}
	w.deploy(t, 1)
	w.expect(t, cluster2(1))
	if w.notes.has("nothing to do") {
		t.Error("three deploys that differ, and one found nothing to do")
	}
	w.deploy(t, 1)
	if !w.notes.has("nothing to do") {
		t.Error("an unchanged cluster was changed")
	}
	if err := w.o.Clean(t.Context(), []string{"oarcluster"}); err != nil {
		t.Fatal(err)
	}
	w.expect(t, nil)
	if _, err := os.Stat(w.folder()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cluster's folder is still there: %v", err)
	}
}

func TestNewNodesGetTheClustersKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	w.o.NewKeys = func(string) (secrets.Keys, error) { return secrets.Keys{}, errors.New("new keys for an old cluster") }
	if err := os.RemoveAll(w.folder()); err != nil {
		t.Fatal(err)
	}
	w.deploy(t, 2)
	const key = "etc/oarcluster/ssh/id_ed25519"
	if a, b := w.File("oarcluster_node1", key), w.File("oarcluster_node2", key); a == "" || a != b {
		t.Errorf("the keys differ:\n%s\n%s", a, b)
	}
	if local, err := os.ReadFile(filepath.Join(w.folder(), "id_ed25519")); err != nil || string(local) != w.File("oarcluster_node1", key) {
		t.Errorf("the folder was not written again: %v", err)
	}
}

func TestStoppedNodeIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 2)
	w.Kill("oarcluster_node2", 1)
	w.deploy(t, 2)
	w.expect(t, cluster2(2))
	if !w.notes.has("oarcluster_server knows the hosts") {
		t.Error("OAR was not told of the node's return")
	}
}

func TestStoppedClusterIsAwaited(t *testing.T) {
	t.Parallel()
	expired(t, func(w *world) {
		w.deploy(t, 1)
		for _, host := range []string{"dns", "server", "frontend", "node1"} {
			w.Kill("oarcluster_"+host, 0)
		}
		w.Mute, w.o.Keep = []string{"node1"}, true
	}, `mark "oarcluster: node1 alive"`)
}

func TestNamesOfNoClusterTouchNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddForeign("somebody's")
	w.Before = func(call string) error { t.Errorf("the engine was asked to %s", call); return nil }
	for _, name := range []string{"", "x/../../victim", "Foo"} {
		spec := w.spec
		spec.Name = name
		_, deployed := w.o.Deploy(t.Context(), spec)
		_, planned := w.o.Plan(t.Context(), spec)
		_, seen := w.o.Look(t.Context(), []string{name})
		_, found := w.o.Find(t.Context(), name, "node1")
		cleaned := w.o.Clean(t.Context(), []string{"good", name})
		for i, err := range []error{deployed, planned, seen, found, cleaned} {
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("checking cluster name %q", name)) {
				t.Errorf("%q, verb %d: got %v", name, i, err)
			}
		}
	}
	w.expect(t, []string{"container somebody's running"})
}

func TestChangedImageReplaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	ref := repository + "/node:" + tag
	w.Registry[ref] = "sha256:newer"
	w.deploy(t, 1)
	for _, line := range []string{"pulling " + ref, "oarcluster_node1 removed", "oarcluster_node1 started"} {
		if !w.notes.has(line) {
			t.Errorf("missing %q in %q", line, w.notes.lines)
		}
	}
	if w.notes.has("oarcluster_server removed") {
		t.Error("the server was replaced, whose image did not change")
	}
	w.expect(t, cluster2(1))
}

func TestClustersSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	second := w.spec
	second.Name, second.HTTPPort = "two", 48081
	second.Bind = address()
	if _, err := w.o.Deploy(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	found, err := w.o.Look(t.Context(), nil)
	if err != nil || len(found) != 2 || len(found["two"].Containers) != 4 {
		t.Errorf("got %v, %v", found, err)
	}
	if err := w.o.Clean(t.Context(), []string{"two"}); err != nil {
		t.Fatal(err)
	}
	w.expect(t, cluster2(1))
}

func TestForeignContainerStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddForeign("oarcluster_node2")
	_, err := w.o.Deploy(t.Context(), w.spec)
	if err == nil || !strings.Contains(err.Error(), "container oarcluster_node2 exists already") {
		t.Errorf("got %v", err)
	}
	if err := w.o.Clean(t.Context(), []string{"oarcluster"}); err != nil {
		t.Error(err)
	}
	w.expect(t, []string{"container oarcluster_node2 running"})
}

func TestForeignVolumeStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddForeignVolume("oarcluster_state")
	_, err := w.o.Deploy(t.Context(), w.spec)
	if err == nil || !strings.Contains(err.Error(), "volume oarcluster_state exists already") {
		t.Errorf("got %v", err)
	}
	w.Before = at(3, func() error { w.AddForeignVolume("two_state"); return nil })
	w.spec.Name = "two"
	if _, err := w.o.Deploy(t.Context(), w.spec); err == nil || !strings.Contains(err.Error(), `creating volume "two_state"`) {
		t.Errorf("one that came since we looked: %v", err)
	}
	if err := w.o.Clean(t.Context(), []string{"oarcluster", "two"}); err != nil {
		t.Error(err)
	}
	w.expect(t, []string{"volume oarcluster_state", "volume two_state"})
}

func TestVolumeThatDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.spec.Volumes = []cluster.Volume{{Host: "/does/not/exist", Container: "/x"}}
	_, err := w.o.Deploy(t.Context(), w.spec)
	if err == nil || !strings.Contains(err.Error(), `checking volume "/does/not/exist:/x"`) {
		t.Errorf("got %v", err)
	}
	w.expect(t, nil)
}

func TestFind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.o.Find(t.Context(), "oarcluster", "node1"); err == nil || !strings.Contains(err.Error(), "there is none") {
		t.Errorf("without a cluster: %v", err)
	}
	w.deploy(t, 1)
	if c, err := w.o.Find(t.Context(), "oarcluster", "node1"); err != nil || c.Name != "oarcluster_node1" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := w.o.Find(t.Context(), "oarcluster", "node9"); err == nil || !strings.Contains(err.Error(), `"node9"`) {
		t.Errorf("a host that is not there: %v", err)
	}
	w.Kill("oarcluster_node1", 1)
	if c, err := w.o.Find(t.Context(), "oarcluster", "node1"); err != nil || c.State != "exited" {
		t.Errorf("a stopped host: %+v, %v", c, err)
	}
}

// checkDefaultVolume: user docker of the cluster may write there, and others on
// this machine only where whoever deploys could not give the folder away.
func checkDefaultVolume(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	owner, want := info.Sys().(*syscall.Stat_t).Uid, os.ModeDir|0o700
	if owner != 1000 {
		want = os.ModeDir | os.ModeSticky | 0o777
	}
	if info.Mode() != want || os.Getuid() == 0 && owner != 1000 {
		t.Errorf("the default volume is %v of user %d, want %v", info.Mode(), owner, want)
	}
}
