package build

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// pushedBase pushes an index with one image for linux/amd64, and answers its name
// with the digest, and what ends its registry.
func pushedBase(t *testing.T) (string, func()) {
	t.Helper()
	server := registrytest.New(t)
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: "amd64", Created: v1.Time{Time: time.Unix(1234, 0).UTC()}, Config: v1.Config{WorkingDir: "/w"},
	})
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
		Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewDigest(server.Host + "/x/y@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	return ref.String(), server.Close
}

// over plans a recipe that comes from an image.
func over(t *testing.T, image, text, platform string) ([]*target, error) {
	t.Helper()
	recipe := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(recipe, []byte("name: mine\nfrom: {image: \""+image+"\"}\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	return plan(Options{Recipes: []string{recipe}, Platforms: []string{platform}})
}

// The configuration of an image below gives the date, and is read once.
func TestReadBases(t *testing.T) {
	t.Parallel()
	image, end := pushedBase(t)
	targets, err := over(t, image, "", "linux/amd64")
	if err != nil || len(overArchive(targets)) != 0 {
		t.Fatal(targets, err)
	}
	dir := t.TempDir()
	for _, when := range []string{"first", "without the registry"} {
		targets[0].layers.Base = nil
		if err := readBases(t.Context(), Options{Offline: true}, dir, targets); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if base := targets[0].layers.Base; base.Config.WorkingDir != "/w" || targets[0].epoch.Unix() != 1234 || len(targets[0].packages) != 2 {
			t.Errorf("%s: got %+v of %v", when, base, targets[0].epoch)
		}
		end()
	}
	if err := readBases(t.Context(), Options{Epoch: time.Unix(99, 0)}, dir, targets); err != nil || targets[0].epoch.Unix() != 99 {
		t.Errorf("got %v, %v", targets[0].epoch, err)
	}
}

// A configuration that was cut off is fetched again, and no other file is left.
func TestACutConfigurationIsReadAgain(t *testing.T) {
	t.Parallel()
	image, _ := pushedBase(t)
	targets, err := over(t, image, "", "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 2 {
		if err := readBases(t.Context(), Options{}, dir, targets); err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "bases/*"))
		if len(files) != 1 {
			t.Fatalf("kept %v", files)
		}
		text, err := os.ReadFile(files[0])
		if err != nil || !json.Valid(text) {
			t.Errorf("kept %q, %v", text, err)
		}
		if err := os.WriteFile(files[0], text[:len(text)/2], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// What cannot be written takes no place.
func TestAConfigurationIsKeptInOneStep(t *testing.T) {
	t.Parallel()
	image, _ := pushedBase(t)
	targets, err := over(t, image, "", "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bases"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := readBases(t.Context(), Options{}, dir, targets); err == nil || strings.Count(err.Error(), "\n") > 0 {
		t.Errorf("got %v", err)
	}
}

func TestBasesThatCannotBe(t *testing.T) {
	t.Parallel()
	image, _ := pushedBase(t)
	far := "far.example.org/x@sha256:" + strings.Repeat("a", 64)
	for _, tc := range []struct{ name, image, text, platform, want string }{
		{"packages", image, "packages: [vim, tree]\n", "linux/amd64", "mine.yaml:3:12: packages over the image " + image},
		{"another platform", image, "", "linux/arm64", "it has nothing for linux/arm64"},
		{"offline", far, "", "linux/amd64", "--offline excludes reading far.example.org/x@sha256:"},
		{"a digest that is not there", image[:strings.Index(image, "@")] + far[strings.Index(far, "@"):], "", "linux/amd64", "reading 127.0.0.1"},
	} {
		targets, err := over(t, tc.image, tc.text, tc.platform)
		if err == nil {
			err = readBases(t.Context(), Options{Offline: true}, t.TempDir(), targets)
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.want)
		}
	}
}

// What a user is told to write instead of packages over an image is a recipe.
func TestTheStepInsteadOfPackages(t *testing.T) {
	t.Parallel()
	image, _ := pushedBase(t)
	_, err := over(t, image, "packages: [vim, tree]\n", "linux/amd64")
	_, step, found := strings.Cut(hint(err), "install them in a step: ")
	if !found || !strings.Contains(hint(err), "from: {recipe: …}") {
		t.Fatalf("got %v, hint %q", err, hint(err))
	}
	targets, err := over(t, image, "run:\n  - "+step+"\n", "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	if run := targets[0].recipe.Levels[1].Run[0]; run.Network != "host" || !strings.Contains(run.Sh, "install -y --no-install-recommends vim tree &&") {
		t.Errorf("got %+v", run)
	}
}
