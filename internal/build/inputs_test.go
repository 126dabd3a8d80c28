package build

import (
	"bytes"
	"strings"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// inputs returns the digest of the inputs of a made-up target.
func inputs(t *testing.T, change func(*target)) string {
	t.Helper()
	a, target := resolved(t)
	change(target)
	if err := nameInputs(t.Context(), a, targets(target)); err != nil {
		t.Fatal(err)
	}
	return target.inputs.String()
}

func TestWhatChangesTheInputDigest(t *testing.T) {
	t.Parallel()
	was := inputs(t, func(*target) {})
	for _, tc := range []struct {
		name    string
		change  func(*target)
		changes bool
	}{
		{"nothing", func(*target) {}, false},
		{"a tag", func(t *target) { t.recipe.Tags = []string{"other"} }, false},
		{"the folder of the recipe", func(t *target) { t.recipe.File = "/elsewhere/node.yaml" }, false},
		{"the state of the archive, with the same packages", func(t *target) { t.releases = nil }, false},
		{"a step", func(t *target) { t.recipe.Levels[1].Run[0].Sh += " #" }, true},
		{"a package", func(t *target) { t.packages[2][0].SHA256 = "xx" }, true},
		{"where files go", func(t *target) { t.recipe.Levels[2].Files[0].To = "/elsewhere" }, true},
		{"a label", func(t *target) { t.recipe.Image.Labels = map[string]string{"a": "b"} }, true},
		{"the command", func(t *target) { t.recipe.Image.Cmd = []string{"true"} }, true},
		{"the time", func(t *target) { t.epoch = t.epoch.Add(time.Second) }, true},
		{"the platform", func(t *target) { t.arch, t.platform = "arm64", ocispec.Platform{OS: "linux", Architecture: "arm64"} }, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := inputs(t, tc.change); (got != was) != tc.changes {
				t.Errorf("before %s, after %s", was, got)
			}
		})
	}
}

func TestAnImageHasTheInputsOfItsPlatforms(t *testing.T) {
	t.Parallel()
	one := &target{platform: ocispec.Platform{OS: "linux", Architecture: "amd64"}, inputs: "sha256:1"}
	two := &target{platform: ocispec.Platform{OS: "linux", Architecture: "arm64"}, inputs: "sha256:2"}
	if got := inputsOf(targets(one)); got != "sha256:1" {
		t.Errorf("of one platform it has %s", got)
	}
	both := inputsOf(targets(one, two))
	if both == inputsOf(targets(one)) || both != inputsOf(targets(two, one)) {
		t.Errorf("of two platforms it has %s", both)
	}
}

func TestLabelsTellWhereAnImageComesFrom(t *testing.T) {
	t.Parallel()
	a, target := resolved(t)
	if err := nameInputs(t.Context(), a, targets(target)); err != nil {
		t.Fatal(err)
	}
	target.layers.Packages[0].DiffID = "sha256:bare"
	label(Options{Revision: "0a1b"}, targets(target))
	if err := makeGraphs(t.Context(), targets(target)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		inputLabel: target.inputs.String(), ocispec.AnnotationRevision: "0a1b", ocispec.AnnotationBaseImageDigest: "sha256:bare",
		ocispec.AnnotationTitle: "node", ocispec.AnnotationVersion: "2.6.1",
	} {
		if got := target.graph.Annotations[name]; got != want {
			t.Errorf("annotation %s is %q, want %q", name, got, want)
		}
		if !bytes.Contains(target.graph.Config, []byte(want)) {
			t.Errorf("no label %s in %s", name, target.graph.Config)
		}
	}
}

func TestOnlyWhatChangedIsLeft(t *testing.T) {
	t.Parallel()
	server := registrytest.New(t)
	var said bytes.Buffer
	o := Options{Registry: server.Host + "/oar", To: buildkit.Registry, Tags: []string{"t", "u"}, Err: &said}
	build := func() []*target {
		list, err := plan(Options{Recipes: []string{"base", "node"}, Platforms: []string{"linux/amd64"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range list {
			a, _ := resolved(t)
			_, like := resolved(t)
			target.packages, target.epoch = like.packages[:len(target.recipe.Levels)], like.epoch
			if err := nameInputs(t.Context(), a, targets(target)); err != nil {
				t.Fatal(err)
			}
		}
		return list
	}
	all := build()
	if left, err := onlyChanged(t.Context(), o, all); err != nil || len(left) != 2 {
		t.Fatalf("before anything is published: %v, %v", left, err)
	}
	digests := make([]string, len(all))
	for i, one := range all {
		digests[i], _ = registrytest.Push(t, one.repository(o), one.arch)
	}
	if _, err := finish(t.Context(), o, all, digests, v0); err != nil {
		t.Fatal(err)
	}
	if left, err := onlyChanged(t.Context(), o, build()); err == nil || err.Error() != "" || !strings.Contains(said.String(), "nothing to do: all 2 images are in") {
		t.Errorf("nothing changed: %v, %v, said %q", left, err, &said)
	}
	changed := build()
	changed[1].inputs = "sha256:other"
	if left, err := onlyChanged(t.Context(), o, changed); err != nil || len(left) != 1 || left[0].recipe.Name != "node" {
		t.Errorf("node changed: %v, %v", left, err)
	}
	o.Tags = append(o.Tags, "v")
	if left, err := onlyChanged(t.Context(), o, build()); err != nil || len(left) != 2 {
		t.Errorf("with a further tag: %v, %v", left, err)
	}
	server.Close()
	if _, err := onlyChanged(t.Context(), o, build()); err == nil || !strings.Contains(err.Error(), "reading "+o.Registry) {
		t.Errorf("without a registry: %v", err)
	}
}
