package build

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

func TestThePackagesOfAPublishedImageAreRead(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	o := Options{Registry: registrytest.New(t).Host + "/oar", To: buildkit.Registry, Tags: []string{"t"}}
	one := built(t)
	if err := makeGraphs(t.Context(), targets(one)); err != nil {
		t.Fatal(err)
	}
	publish := func(o Options) {
		t.Helper()
		digest, _ := registrytest.Push(t, one.repository(o), one.arch)
		if _, err := finish(t.Context(), o, targets(one), []string{digest}, v0); err != nil {
			t.Fatal(err)
		}
	}
	publish(o)
	sets, err := Sets(t.Context(), o.Registry+"/node:t")
	if err != nil || len(sets) != 1 || sets[0].Title != "linux/amd64" || len(sets[0].Packages) != 3 {
		t.Fatalf("got %v, %v", sets, err)
	}
	if p := sets[0].Packages[0]; p.Name != "bare" || p.Version != "1-1" || p.Architecture != "amd64" || len(p.SHA256) != 64 {
		t.Errorf("got %+v", p)
	}
	o.NoSBOM, o.Tags = true, []string{"u"}
	publish(o)
	for name, want := range map[string]string{
		o.Registry + "/node:u": "no list of them is attached", o.Registry + "/node:none": "MANIFEST_UNKNOWN", "/no/such.lock": "/no/such.lock",
	} {
		if _, err := Sets(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneStatementAboutTheImageIsBelieved(t *testing.T) {
	t.Parallel()
	other := strings.Replace(madeUp, "01", "02", 1)
	list := func(about string) registry.Statement {
		t.Helper()
		statements, err := built(t).statements(Options{NoProvenance: true}, about, "")
		if err != nil {
			t.Fatal(err)
		}
		return statements[0]
	}
	image := func(arch string, statements ...registry.Statement) registry.Manifest {
		return registry.Manifest{Digest: madeUp, OS: "linux", Architecture: arch, Statements: statements}
	}
	sets, err := setsOf([]registry.Manifest{image("arm64", list(madeUp)), image("riscv64"), image("amd64", list(madeUp))})
	if err != nil || len(sets) != 2 || sets[0].Title != "linux/amd64" || sets[1].Title != "linux/arm64" {
		t.Errorf("got %v, %v", sets, err)
	}
	for want, manifests := range map[string][]registry.Manifest{
		"about another image":       {image("amd64", list(other))},
		"2 lists of them":           {image("amd64", list(madeUp), list(madeUp))},
		"two images":                {image("amd64", list(madeUp)), image("amd64", list(madeUp))},
		`for platform "linux/\x1b"`: {image("\x1b", list(madeUp))},
	} {
		if sets, err := setsOf(manifests); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v, %v", want, sets, err)
		}
	}
}

func TestWhatIsAReference(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"localhost:5000/oar/node:2.6": true, "ghcr.io/me/node@sha256:00": true,
		"node.trixie.lock": false, "recipes/node.lock": false, "/tmp/a:b": false, "./a:b/c:d": false, "../a.lock": false, "a:b": false,
		"localhost:5000/node": true, "localhost/oar/node": true, "registry.example.org/node": true,
	} {
		if got := isReference(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
