//go:build e2e

package images_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/registry"
)

// TestTheEngineTakesTheImageBesideWhatIsAttached: of an index with two platforms
// and what is attached to them, the engine must take its own platform's image,
// and know it again by the index's digest.
func TestTheEngineTakesTheImageBesideWhatIsAttached(t *testing.T) {
	d, err := engine.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, stop := context.WithCancel(t.Context())
	at, served := make(chan net.Addr, 1), make(chan error, 1)
	go func() { served <- registry.Serve(ctx, "127.0.0.1:0", t.TempDir(), func(a net.Addr) { at <- a }) }()
	defer func() { stop(); <-served }()
	repository := fmt.Sprintf("localhost:%d/oarcluster-test/attested", (<-at).(*net.TCPAddr).Port)
	t.Cleanup(func() { exec.Command("docker", "rmi", repository+":1").Run() })

	configs := map[string]string{}
	var manifests []registry.Manifest
	for _, arch := range []string{"arm64", "amd64"} {
		manifest, config := platform(t, repository, arch)
		configs[arch] = config
		manifests = append(manifests, registry.Manifest{Digest: manifest, OS: "linux", Architecture: arch,
			Statements: []registry.Statement{{PredicateType: "https://example.org/x", JSON: []byte(`{"of":"` + arch + `"}`)}}})
	}
	if _, err := registry.Publish(t.Context(), repository, []string{"1"}, manifests, nil); err != nil {
		t.Fatal(err)
	}
	arch, err := exec.Command("docker", "version", "--format", "{{.Server.Arch}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	ref := repository + ":1"
	for _, want := range []int{1, 0} { // pulled the first time, known the second
		pulls := 0
		ids, err := images.Ensure(t.Context(), d, []string{ref}, func(string) { pulls++ })
		if err != nil || pulls != want || ids[ref] != configs[string(arch[:5])] {
			t.Errorf("got %v, %v with %d notes, want %s with %d", ids, err, pulls, configs[string(arch[:5])], want)
		}
	}
}

// platform pushes an image for an architecture by digest and returns the digests
// of its manifest and its config, the ID.
func platform(t *testing.T, repository, arch string) (manifest, config string) {
	t.Helper()
	image, err := random.Image(256, 1)
	if err != nil {
		t.Fatal(err)
	}
	if image, err = mutate.ConfigFile(image, &v1.ConfigFile{OS: "linux", Architecture: arch, RootFS: rootFS(t, image)}); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	id, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewDigest(repository + "@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		t.Fatal(err)
	}
	return digest.String(), id.String()
}

func rootFS(t *testing.T, image v1.Image) v1.RootFS {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config.RootFS
}
