package enginetest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/cluster/lock"
)

// Engine is what the suite looks at.
type Engine interface {
	apply.Engine
	lock.Engine
	Observe(ctx context.Context, name string) (cluster.Observed, error)
	Clusters(ctx context.Context) ([]string, error)
	Download(ctx context.Context, id, path string) (io.ReadCloser, error)
	TryFolders(ctx context.Context, name, image string, folders []string) error
	Image(ctx context.Context, ref string) (id string, digests []string, err error)
}

// Suite is what every engine must do, shown on clusters of its own that it removes
// again. repository and tag name images that the engine has.
func Suite(t *testing.T, e Engine, repository, tag string) {
	for name, test := range map[string]func(*testing.T, *bench){
		"an empty engine has nothing":               testEmpty,
		"a network is seen and goes":                testNetwork,
		"a container is seen in each of its states": testLife,
		"files come out as they went in":            testFiles,
		"a volume is seen, shared and goes":         testVolume,
		"a lock has one holder":                     testLock,
		"a configuration is the label":              testLabels,
		"what is removed twice is gone":             testRemoveTwice,
		"another cluster's names are foreign":       testForeign,
		"no name is nobody's":                       testNoName,
		"images are there or not":                   testImages,
		"a network with containers is not removed":  testBusyNetwork,
		"two networks do not share addresses":       testOverlap,
		"what is not there cannot be started":       testMissing,
		"folders are tried without a trace":         testTry,
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{Engine: e, name: "enginetest"}
			b.layout(t, repository, tag)
			t.Cleanup(func() { b.clear(t) })
			test(t, b)
		})
	}
}

// bench is one test's cluster.
type bench struct {
	Engine
	name string
	top  cluster.Topology
}

func (b *bench) layout(t *testing.T, repository, tag string) {
	t.Helper()
	spec := cluster.Spec{Name: b.name, Groups: []cluster.Group{{Name: "node", Nodes: 1, Cores: 1}}, Registry: repository, Tag: tag, Bind: netip.MustParseAddr("127.0.0.1")}
	spec.Volumes = []cluster.Volume{{Host: t.TempDir(), Container: "/data", ReadOnly: true}}
	var err error
	if b.top, err = spec.Layout(b.observe(t)); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) observe(t *testing.T) cluster.Observed {
	t.Helper()
	o, err := b.Observe(t.Context(), b.name)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (b *bench) clear(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	o, err := b.Observe(ctx, b.name)
	for _, c := range o.Containers {
		err = errors.Join(err, b.RemoveContainer(ctx, c.ID))
	}
	for _, n := range o.Networks {
		err = errors.Join(err, b.RemoveNetwork(ctx, n.ID))
	}
	for _, v := range o.Stores {
		err = errors.Join(err, b.RemoveVolume(ctx, v))
	}
	if err != nil {
		t.Error(err)
	}
}

// made makes the network, the volumes and the container of a host.
func (b *bench) made(t *testing.T, host string) cluster.Host {
	t.Helper()
	h, _ := b.top.Host(host)
	must(t, b.CreateNetwork(t.Context(), b.top))
	for _, v := range h.Stores {
		must(t, b.CreateVolume(t.Context(), b.name, v.Host))
	}
	must(t, b.CreateContainer(t.Context(), b.top, h))
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testEmpty(t *testing.T, b *bench) {
	o := b.observe(t)
	names, err := b.Clusters(t.Context())
	if err != nil || len(o.Containers)+len(o.Networks) != 0 || slices.Contains(names, b.name) {
		t.Errorf("got %v, %+v, %q", err, o, names)
	}
}

func testNetwork(t *testing.T, b *bench) {
	must(t, b.CreateNetwork(t.Context(), b.top))
	o := b.observe(t)
	if len(o.Networks) != 1 || o.Networks[0].Subnet != b.top.Subnet || o.Networks[0].Name != b.name {
		t.Fatalf("got %+v", o.Networks)
	}
	if names, err := b.Clusters(t.Context()); err != nil || !slices.Contains(names, b.name) {
		t.Errorf("got %q, %v", names, err)
	}
	must(t, b.RemoveNetwork(t.Context(), o.Networks[0].ID))
	if o := b.observe(t); len(o.Networks) != 0 {
		t.Errorf("still there: %+v", o.Networks)
	}
}

func testLife(t *testing.T, b *bench) {
	h := b.made(t, "dns")
	for _, step := range []struct {
		do    func() error
		state string
	}{
		{func() error { return nil }, "created"},
		{func() error { return b.StartContainer(t.Context(), h.Container) }, "running"},
		{func() error { return b.StartContainer(t.Context(), h.Container) }, "running"},
	} {
		must(t, step.do())
		c, found := b.observe(t).Host(b.name, "dns")
		if !found || c.State != step.state {
			t.Errorf("got %+v, want %q", c, step.state)
		}
	}
	if c, _ := b.observe(t).Host(b.name, "dns"); c.Addr != h.Addr {
		t.Errorf("its address is %s, want %s", c.Addr, h.Addr)
	}
	must(t, b.RemoveContainer(t.Context(), h.Container))
	if _, found := b.observe(t).Host(b.name, "dns"); found {
		t.Error("a running container that was removed is still there")
	}
}

func testFiles(t *testing.T, b *bench) {
	h := b.made(t, "dns")
	must(t, b.Upload(t.Context(), h.Container, oneFile(t)))
	b.holds(t, h.Container)
}

// oneFile is an archive with the file x in the folder of the cluster's state.
func oneFile(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range []tar.Header{{Name: "etc/oarcluster/", Typeflag: tar.TypeDir, Mode: 0o700}, {Name: "etc/oarcluster/x", Typeflag: tar.TypeReg, Mode: 0o600, Size: 5}} {
		must(t, w.WriteHeader(&f))
	}
	_, err := w.Write([]byte("hello"))
	must(t, errors.Join(err, w.Close()))
	return archive.Bytes()
}

// holds checks that a container has the file of oneFile.
func (b *bench) holds(t *testing.T, container string) {
	t.Helper()
	out, err := b.Download(t.Context(), container, "/etc/oarcluster")
	must(t, err)
	defer out.Close()
	for r := tar.NewReader(out); ; {
		entry, err := r.Next()
		must(t, err)
		if entry.Name == "oarcluster/x" {
			if text, err := io.ReadAll(r); err != nil || string(text) != "hello" {
				t.Errorf("got %q, %v", text, err)
			}
			return
		}
	}
}

func testVolume(t *testing.T, b *bench) {
	server := b.made(t, "server")
	node, _ := b.top.Host("node1")
	must(t, b.CreateContainer(t.Context(), b.top, node))
	stores := b.top.Stores()
	volume := stores[0]
	must(t, b.CreateVolume(t.Context(), b.name, volume))
	if o := b.observe(t); !slices.Equal(o.Stores, slices.Sorted(slices.Values(stores))) {
		t.Errorf("got %q", o.Stores)
	}
	if err := b.CreateVolume(t.Context(), b.name+"-two", volume); err == nil {
		t.Error("another cluster got the volume")
	}
	must(t, b.Upload(t.Context(), server.Container, oneFile(t)))
	b.holds(t, server.Container)
	b.holds(t, node.Container)
	if err := b.Upload(t.Context(), node.Container, oneFile(t)); err == nil {
		t.Error("a node wrote what is read-only for it")
	}
	must(t, errors.Join(b.RemoveContainer(t.Context(), server.Container), b.RemoveContainer(t.Context(), node.Container)))
	for _, v := range append(stores, volume) {
		must(t, b.RemoveVolume(t.Context(), v))
	}
	if o := b.observe(t); len(o.Stores) != 0 {
		t.Errorf("still there: %q", o.Stores)
	}
}

func testLock(t *testing.T, b *bench) {
	holders := make([]string, 16)
	var all sync.WaitGroup
	for i := range holders {
		all.Go(func() {
			var err error
			if holders[i], err = b.Lock(t.Context(), b.name, fmt.Sprint("holder ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if slices.Sort(holders); holders[0] == "" || holders[0] != holders[15] {
		t.Fatalf("more than one got the lock: %q", holders)
	}
	if names, err := b.Clusters(t.Context()); err != nil || !slices.Contains(names, b.name) || len(b.observe(t).Stores) > 0 {
		t.Errorf("a lock is seen in %q, %v, and is none of %q", names, err, b.observe(t).Stores)
	}
	must(t, b.Unlock(t.Context(), b.name, "another"))
	if has, err := b.Lock(t.Context(), b.name, "another"); err != nil || has != holders[0] {
		t.Errorf("another took the lock from %s: %q, %v", holders[0], has, err)
	}
	for range 2 {
		must(t, b.Unlock(t.Context(), b.name, holders[0]))
	}
	if names, err := b.Clusters(t.Context()); err != nil || slices.Contains(names, b.name) {
		t.Errorf("the lock is still there: %q, %v", names, err)
	}
	must(t, b.CreateVolume(t.Context(), b.name, lock.Volume(b.name)))
	if _, err := b.Lock(t.Context(), b.name, "x"); !errors.Is(err, lock.ErrForeign) {
		t.Errorf("a volume that is no lock was taken for one: %v", err)
	}
}

func testLabels(t *testing.T, b *bench) {
	h := b.made(t, "node1")
	c, found := b.observe(t).Host(b.name, "node1")
	if !found || c.Config != h.Config() || c.Role != "node" || c.Image != h.Image || !slices.Equal(c.Volumes, h.Volumes) {
		t.Errorf("got %+v, want the configuration of %+v", c, h)
	}
}

func testRemoveTwice(t *testing.T, b *bench) {
	h := b.made(t, "dns")
	network := b.observe(t).Networks[0].ID
	for range 2 {
		must(t, b.RemoveContainer(t.Context(), h.Container))
	}
	for range 2 {
		must(t, b.RemoveNetwork(t.Context(), network))
	}
}

func testForeign(t *testing.T, b *bench) {
	h := b.made(t, "dns")
	o, err := b.Observe(t.Context(), "suite-another")
	if err != nil || len(o.Containers)+len(o.Networks) > 0 {
		t.Errorf("got %v, %+v", err, o)
	}
	if !slices.Contains(o.Foreign, "container "+h.Container) || !slices.Contains(o.Foreign, "network "+b.name) || !slices.Contains(o.Taken, b.top.Subnet) {
		t.Errorf("got foreign %q, taken %s", o.Foreign, o.Taken)
	}
}

func testNoName(t *testing.T, b *bench) {
	h := b.made(t, "dns")
	o, err := b.Observe(t.Context(), "")
	if err != nil || len(o.Containers)+len(o.Networks) > 0 || !slices.Contains(o.Foreign, "container "+h.Container) {
		t.Errorf("got %v, %+v", err, o)
	}
}

func testImages(t *testing.T, b *bench) {
	id, _, err := b.Image(t.Context(), b.top.Images()[0])
	if err != nil || id == "" {
		t.Errorf("got %q, %v", id, err)
	}
	if id, _, err := b.Image(t.Context(), "registry.invalid/no/such:image"); err != nil || id != "" {
		t.Errorf("got %q, %v", id, err)
	}
}

func testBusyNetwork(t *testing.T, b *bench) {
	h := b.made(t, "dns")
	must(t, b.StartContainer(t.Context(), h.Container))
	if err := b.RemoveNetwork(t.Context(), b.observe(t).Networks[0].ID); err == nil {
		t.Error("a network in use was removed")
	}
}

func testOverlap(t *testing.T, b *bench) {
	must(t, b.CreateNetwork(t.Context(), b.top))
	if err := b.CreateNetwork(t.Context(), b.top); !errors.Is(err, apply.ErrSubnetTaken) {
		t.Errorf("got %v", err)
	}
}

func testMissing(t *testing.T, b *bench) {
	if err := b.StartContainer(t.Context(), b.name+"_nothing"); err == nil {
		t.Error("a container that is not there was started")
	}
	if _, err := b.Download(t.Context(), b.name+"_nothing", "/etc"); err == nil {
		t.Error("a file came out of a container that is not there")
	}
}

func testTry(t *testing.T, b *bench) {
	image, here := b.top.Images()[0], t.TempDir()
	must(t, b.TryFolders(t.Context(), b.name, image, []string{here, t.TempDir()}))
	if err := b.TryFolders(t.Context(), b.name, image, []string{here, here + "/mistyped"}); err == nil {
		t.Error("a folder that is not there is good")
	}
	if o := b.observe(t); len(o.Containers) > 0 {
		t.Errorf("left %+v", o.Containers)
	}
}
