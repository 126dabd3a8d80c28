//go:build e2e

package images_test

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
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
	port, _ := registrytest.Serve(t, registry.Serve, t.TempDir())
	repository := fmt.Sprintf("localhost:%d/oarcluster-test/attested", port)
	t.Cleanup(func() { exec.Command("docker", "rmi", repository+":1").Run() })

	configs := map[string]string{}
	var manifests []registry.Manifest
	for _, arch := range []string{"arm64", "amd64"} {
		manifest, image := registrytest.Push(t, repository, arch)
		config, err := image.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		configs[arch] = config.String()
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
		ids, err := images.Ensure(t.Context(), d, []string{ref}, func(string) { pulls++ }, nil)
		if err != nil || pulls != want || ids[ref] != configs[string(arch[:5])] {
			t.Errorf("got %v, %v with %d notes, want %s with %d", ids, err, pulls, configs[string(arch[:5])], want)
		}
	}
}
