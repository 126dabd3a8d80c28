//go:build e2e

package build

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/debian/lock"
)

// layersOf builds the image for arm64 and returns the digests of its layers.
func layersOf(t *testing.T, o Options) []string {
	t.Helper()
	images, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(images[0].Reference)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(ref, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "arm64"}))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	var digests []string
	for _, l := range manifest.Layers {
		digests = append(digests, l.Digest.String())
	}
	return digests
}

// TestNativeProgramsLeaveNoTrace: what native interpreters helped to make is what
// is made without them, byte for byte. A lock that names none does without.
func TestNativeProgramsLeaveNoTrace(t *testing.T) {
	o, out, _ := real(t)
	recipe := filepath.Join(t.TempDir(), "python.yaml")
	text := "name: python\nfrom: {debian: trixie}\nplatforms: [linux/arm64]\npackages: [python3-minimal, rsyslog]\n"
	if err := os.WriteFile(recipe, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o.Recipes, o.Platforms = []string{recipe}, []string{"linux/arm64"}
	files, _, err := WriteLocks(t.Context(), o, true)
	if err != nil {
		t.Fatal(err)
	}
	o.Locked = true
	helped := layersOf(t, o)
	if !strings.Contains(out.String(), "stand in for interpreters") {
		t.Errorf("nothing native took part:\n%s", out)
	}

	l, err := readLock(files[0])
	if err != nil {
		t.Fatal(err)
	}
	p := l.Platform("linux/arm64")
	if len(p.Preload) < 2 || p.Preload[0].Name != preloaded || p.Preload[0].Architecture != "arm64" {
		t.Fatalf("the lock has %+v", p.Preload)
	}
	p.Preload = p.Preload[:1]
	emulated, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lock.FileName(recipe, "trixie"), emulated, 0o644); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if got := layersOf(t, o); !reflect.DeepEqual(got, helped) {
		t.Errorf("emulated: %q, with native interpreters: %q", got, helped)
	}
	if strings.Contains(out.String(), "stand in for interpreters") || !strings.Contains(out.String(), "Setting up python3-minimal") {
		t.Errorf("the second build was not emulated, or nothing was built:\n%s", out)
	}
}
