//go:build e2e

package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

var images = []string{"base", "dnsmasq", "frontend", "node", "server"}

// TestAllImagesArePushedAndNamedByDigest: `oarbuild --push` must build the five
// images and print one reference with its digest a line, and nothing else.
func TestAllImagesArePushedAndNamedByDigest(t *testing.T) {
	lines := strings.Split(must(t, "oarbuild", "--push"), "\n")
	if len(lines) != len(images) {
		t.Fatalf("want %d lines, got %q", len(images), lines)
	}
	serveRegistry(t)
	reference := regexp.MustCompile(`^localhost:5000/oarcluster/([a-z]+):2\.6\.1@sha256:[0-9a-f]{64}$`)
	for i, line := range lines {
		match := reference.FindStringSubmatch(line)
		if match == nil || match[1] != images[i] {
			t.Errorf("line %d is %q, want the reference of %s", i+1, line, images[i])
			continue
		}
		checkIndex(t, line)
	}
}

// checkIndex validates every byte of a published index, and that its tag names the digest.
func checkIndex(t *testing.T, reference string) {
	t.Helper()
	tag, digest, _ := strings.Cut(reference, "@")
	ref, err := name.ParseReference(tag)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatalf("reading %s: %v", tag, err)
	}
	if got, err := index.Digest(); err != nil || got.String() != digest {
		t.Errorf("%s is %v (%v), want %s", tag, got, err, digest)
	}
	if err := validate.Index(index, validate.Fast); err != nil {
		t.Errorf("%s: %v", tag, err)
	}
}

// TestNothingChangedUploadsNothing: a second build must answer the same digests
// and leave the registry's folder as it was, to the file.
func TestNothingChangedUploadsNothing(t *testing.T) {
	first := must(t, "oarbuild", "--push")
	before := registryFiles(t)
	if second := must(t, "oarbuild", "--push"); second != first {
		t.Errorf("first run\n%s\nsecond run\n%s", first, second)
	}
	if after := registryFiles(t); after != before {
		t.Errorf("the second run wrote to the registry:\nbefore\n%s\nafter\n%s", before, after)
	}
}

// registryFiles lists the embedded registry's blobs with their times of writing.
func registryFiles(t *testing.T) string {
	t.Helper()
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(os.Getenv("HOME"), ".local/share")
	}
	var list strings.Builder
	root := filepath.Join(data, "oarcluster/registry")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "/blobs/") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		list.WriteString(strings.TrimPrefix(path, root) + " " + info.ModTime().String() + "\n")
		return nil
	})
	if err != nil || list.Len() == 0 {
		t.Fatalf("reading the registry's folder %s: %v", root, err)
	}
	return list.String()
}

// TestAForeignPlatformIsBuilt: one index must hold both platforms, and the
// foreign image must run.
func TestAForeignPlatformIsBuilt(t *testing.T) {
	reference := must(t, "oarbuild", "--recipe", "../recipes/dnsmasq.yaml", "--platform", "linux/amd64,linux/arm64",
		"--tag", "e2e-platforms", "--push")
	serveRegistry(t)
	checkIndex(t, reference)
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, m := range manifest.Manifests {
		platforms = append(platforms, m.Platform.String())
	}
	if got := strings.Join(platforms, " "); got != "linux/amd64 linux/arm64 unknown/unknown unknown/unknown" {
		t.Errorf("the index holds %q", got)
	}
	must(t, "docker", "pull", "-q", "--platform", "linux/arm64", reference)
	if got := must(t, "docker", "run", "--rm", "--network", "none", "--platform", "linux/arm64", reference, "dpkg", "--print-architecture"); got != "arm64" {
		t.Errorf("the container's architecture is %q", got)
	}
}

// TestAShippedRecipeIsTheFileItCameFrom: the recipe in the program and the file
// in the repository must give the same bytes.
func TestAShippedRecipeIsTheFileItCameFrom(t *testing.T) {
	shipped := must(t, "oarbuild", "--recipe", "base", "--push")
	if file := must(t, "oarbuild", "--recipe", "../recipes/base.yaml", "--push"); file != shipped {
		t.Errorf("the file gives %s, the program %s", file, shipped)
	}
}
