package enginetest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
)

// Engine is what the suite looks at.
type Engine interface {
	apply.Engine
	Observe(ctx context.Context, name string) (cluster.Observed, error)
	Clusters(ctx context.Context) ([]string, error)
	Download(ctx context.Context, id, path string) (io.ReadCloser, error)
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
		"a configuration is the label":              testLabels,
		"what is removed twice is gone":             testRemoveTwice,
		"another cluster's names are foreign":       testForeign,
		"no name is nobody's":                       testNoName,
		"images are there or not":                   testImages,
		"a network with containers is not removed":  testBusyNetwork,
		"two networks do not share addresses":       testOverlap,
		"what is not there cannot be started":       testMissing,
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
	spec := cluster.Spec{Name: b.name, Nodes: 1, Cores: 1, Registry: repository, Tag: tag, Bind: netip.MustParseAddr("127.0.0.1")}
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
	if err != nil {
		t.Error(err)
	}
}

// made makes the network and the container of a host.
func (b *bench) made(t *testing.T, host string) cluster.Host {
	t.Helper()
	h, _ := b.top.Host(host)
	must(t, b.CreateNetwork(t.Context(), b.top))
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
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range []tar.Header{{Name: "etc/oarcluster/", Typeflag: tar.TypeDir, Mode: 0o700}, {Name: "etc/oarcluster/x", Typeflag: tar.TypeReg, Mode: 0o600, Size: 5}} {
		must(t, w.WriteHeader(&f))
	}
	_, err := w.Write([]byte("hello"))
	must(t, errors.Join(err, w.Close()))
	must(t, b.Upload(t.Context(), h.Container, archive.Bytes()))
	out, err := b.Download(t.Context(), h.Container, "/etc/oarcluster")
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
