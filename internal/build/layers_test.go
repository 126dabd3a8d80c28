package build

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/internal/oci"
)

// resolved returns a target of the shipped node recipe with a made-up package
// for each level, and the archive that it is from.
func resolved(t *testing.T) (archives, *target) {
	t.Helper()
	target, err := newTarget(shipped(t, "node"), "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	target.epoch = time.Unix(1_700_000_000, 0)
	for _, name := range []string{"bare", "base", "node"} {
		target.packages = append(target.packages, []debian.Package{{Name: name, SHA256: digest.FromString(name).Encoded()}})
	}
	target.eatmydata = []debian.Package{{Name: preloaded, SHA256: digest.FromString(preloaded).Encoded()}}
	return archives{target.recipe.Suite.Name: {Archive: &mirror.Archive{}}}, target
}

// keysOf returns the keys of all layers of the target.
func keysOf(t *testing.T, a archives, target *target) []string {
	t.Helper()
	var mu sync.Mutex
	var keys []string
	err := eachLayer(t.Context(), a, func(_ context.Context, key string, _ func(io.Writer) error) (oci.Layer, error) {
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, key)
		return oci.Layer{Manifest: digest.FromString(key)}, nil
	}, targets(target), nil)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

func TestWhatChangesALayer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		change  func(*target)
		changed int // of the keys: four of packages, three of files, one of a step's needs
	}{
		{"nothing", func(*target) {}, 0},
		{"a tag", func(t *target) { t.recipe.Tags = []string{"other"} }, 0},
		{"a step", func(t *target) { t.recipe.Levels[2].Run[0].Sh = "" }, 0},
		{"a step without needs", func(t *target) { t.recipe.Levels[2].Run[2].Needs = nil }, 1},
		{"who asked for a package", func(t *target) { t.recipe.Levels[2].Packages = nil }, 0},
		{"a package of the top", func(t *target) { t.packages[2][0].SHA256 = "xx" }, 1},
		{"a package of the bottom", func(t *target) { t.packages[0][0].SHA256 = "xx" }, 3},
		{"the eatmydata package", func(t *target) { t.eatmydata[0].SHA256 = "xx" }, 1},
		{"the architecture", func(t *target) { t.arch = "arm64" }, 4},
		{"the time", func(t *target) { t.epoch = t.epoch.Add(time.Second) }, 8},
		{"a mode", func(t *target) { t.recipe.Levels[1].Files[0].Mode = map[string]uint32{"etc": 0o700} }, 2},
		{"where files go", func(t *target) { t.recipe.Levels[2].Files[0].To = "/elsewhere" }, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, before := resolved(t)
			was := keysOf(t, a, before)
			a, after := resolved(t)
			tc.change(after)
			changed := 0
			for _, key := range keysOf(t, a, after) {
				if !slices.Contains(was, key) {
					changed++
				}
			}
			if changed != tc.changed {
				t.Errorf("%d of %d keys changed, want %d", changed, len(was), tc.changed)
			}
		})
	}
}

func TestEveryLevelGetsItsLayers(t *testing.T) {
	t.Parallel()
	a, target := resolved(t)
	target.packages[1] = nil
	keysOf(t, a, target)
	in := target.layers
	if len(in.Packages) != 3 || in.Packages[0].Name != "1 package" || in.Packages[1].Ref != "" || in.Packages[2].Ref == "" {
		t.Errorf("packages are %v", in.Packages)
	}
	if len(in.Files) != 3 || in.Files[2].Name != "files of node" || !strings.HasPrefix(in.Files[2].Ref, "oarbuild/layer@sha256:") {
		t.Errorf("files are %v", in.Files)
	}
	if in.Eatmydata.Ref == "" {
		t.Error("no libeatmydata")
	}
}

func TestGraphsAreMadeOfTheLayers(t *testing.T) {
	t.Parallel()
	a, target := resolved(t)
	keysOf(t, a, target)
	if err := makeGraphs(t.Context(), targets(target)); err != nil {
		t.Fatal(err)
	}
	text, err := target.graph.Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range slices.Concat(target.layers.Packages, target.layers.Files) {
		if ref := layer.Ref[:len("oarbuild/layer@sha256:")+12]; !strings.Contains(text, ref) {
			t.Errorf("no layer %s in\n%s", ref, text)
		}
	}
}

func TestWhatIsKnownIsNotFetched(t *testing.T) {
	t.Parallel()
	a, target := resolved(t)
	store, err := oci.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keysOf(t, a, target) {
		if _, err := store.Layer(t.Context(), key, func(io.Writer) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	// The archive knows no mirror: fetching would fail.
	layers, err := makeLayers(t.Context(), Options{Err: &out}, a, store, targets(target))
	if err != nil || layers.wait(t.Context(), target) != nil || out.Len() != 0 {
		t.Errorf("said %q, error %v", out.String(), err)
	}
}

func TestTallyCountsWhatWasMade(t *testing.T) {
	t.Parallel()
	store, err := oci.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	made := &tally{}
	put := made.counting(store.Layer)
	write := func(w io.Writer) error { _, err := io.WriteString(w, "12345"); return err }
	for _, key := range []string{"a", "a", "b"} {
		if _, err := put(t.Context(), key, write); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := put(t.Context(), "c", func(io.Writer) error { return errors.New("boom") }); err == nil {
		t.Error("an error was lost")
	}
	if made.layers != 2 || made.bytes != 10 {
		t.Errorf("counted %d layers of %d bytes", made.layers, made.bytes)
	}
}

// targets is a list of some targets.
func targets(t ...*target) []*target { return t }
