package build

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
	"github.com/oarcluster/oarcluster/llb"
)

func TestFinishPublishesOneIndexAnImage(t *testing.T) {
	t.Parallel()
	o := Options{Registry: registrytest.New(t).Host + "/oar", To: buildkit.Registry, Tags: []string{"t", "u"}}
	all, err := plan(Options{Recipes: []string{"base", "node"}, Platforms: []string{"linux/amd64", "linux/arm64"}})
	if err != nil {
		t.Fatal(err)
	}
	digests := make([]string, len(all))
	for i, target := range all {
		target.graph, target.layers = &llb.Graph{Annotations: map[string]string{"a": "b"}}, llb.Input{}
		target.inputs = digest.FromString(target.String())
		digests[i], _ = registrytest.Push(t, target.repository(o), target.arch)
	}
	images, err := finish(t.Context(), o, all, digests, v0)
	if err != nil {
		t.Fatal(err)
	}
	if len(images) != 2 || images[1].Name != "node" || images[1].Platforms["linux/arm64"].Digest != digests[3] {
		t.Fatalf("got %+v", images)
	}
	for _, image := range images {
		if want := o.Registry + "/" + image.Name + ":t@" + image.Digest; image.Reference != want {
			t.Errorf("reference is %s, want %s", image.Reference, want)
		}
		ref, err := name.ParseReference(o.Registry + "/" + image.Name + ":u")
		if err != nil {
			t.Fatal(err)
		}
		got, err := remote.Index(ref)
		if err != nil {
			t.Fatal(err)
		}
		index, err := got.IndexManifest()
		if digest, _ := got.Digest(); err != nil || digest.String() != image.Digest {
			t.Errorf("%s is %v, %v", ref, digest, err)
		}
		if len(index.Manifests) != 4 || index.Manifests[3].Digest.String() != image.Platforms["linux/arm64"].Attestation ||
			index.Annotations[inputLabel] != image.InputDigest || index.Annotations["a"] != "b" {
			t.Errorf("the index is %+v", index)
		}
	}
	if _, err := json.Marshal(images); err != nil {
		t.Error(err)
	}
}

// v0 is the version of the BuildKit for every platform.
func v0(string) string { return "v0" }

func TestFinishWithoutARegistry(t *testing.T) {
	t.Parallel()
	all, err := plan(Options{Recipes: []string{"base"}, Platforms: []string{"linux/amd64"}})
	if err != nil {
		t.Fatal(err)
	}
	images, err := finish(t.Context(), Options{Registry: "r", To: buildkit.Engine, Tags: []string{"t"}}, all, []string{"sha256:abc"}, v0)
	if err != nil || len(images) != 1 || images[0].Reference != "r/base:t@sha256:abc" {
		t.Errorf("into an Engine: %+v, %v", images, err)
	}
	var out bytes.Buffer
	images, err = finish(t.Context(), Options{Registry: "r", Err: &out}, all, []string{""}, v0)
	if err != nil || len(images) != 0 || !strings.Contains(out.String(), "--push") {
		t.Errorf("nowhere: %+v, %v, said %q", images, err, out.String())
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	p := newProgress(Options{Err: io.Discard})
	if line := p.line("package", "packages", time.Second); line != "" {
		t.Errorf("before anything happened: %q", line)
	}
	p.take(mirror.Progress{Phase: "indexes", Total: 3, Fetched: 1})
	p.take(mirror.Progress{Phase: "packages", Total: 310, Fetched: 1})
	p.take(mirror.Progress{Phase: "packages", Total: 310, Fetched: 98_100_000})
	if got, want := p.line("package", "packages", 6200*time.Millisecond), "fetched 310 packages, 98.1 MB in 6.2 s (15.8 MB/s)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := p.line("index", "indexes", 0), "fetched 3 indexes, 0.0 MB in 0.0 s (0.0 MB/s)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := count(1, "index"); got != "1 index" {
		t.Errorf("got %q", got)
	}
}

func TestUnionHasEachPackageOnce(t *testing.T) {
	t.Parallel()
	_, a := resolved(t)
	_, b := resolved(t)
	if got := union(targets(a, b)); len(got) != 4 {
		t.Errorf("got %v", got)
	}
}
