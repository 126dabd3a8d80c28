//go:build e2e

package build

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/buildkit/endpoint"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// real prepares a build with the pinned buildkitd, from the machine's mirror,
// into a registry of this process.
func real(t *testing.T) (Options, *bytes.Buffer, *registrytest.Registry) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("buildkitd needs root")
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("BUILDKIT_HOST", "")
	freshDaemon(t)
	server := registrytest.New(t)
	out := &bytes.Buffer{}
	return Options{
		Recipes: []string{"dnsmasq"}, Registry: server.Host + "/oar",
		To: buildkit.Registry, Mirror: os.Getenv("OARBUILD_MIRROR"), Progress: "plain", Err: out,
	}, out, server
}

// freshDaemon makes the builds that follow start a daemon that knows nothing.
func freshDaemon(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "oarbuild-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("OARBUILD_DAEMON_DIR", dir)
	t.Cleanup(func() {
		if _, err := (&endpoint.Daemon{Dir: dir}).Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
}

// bare writes the recipe of an image that is Debian's base and one step.
func bare(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bare.yaml")
	text := "name: bare\nfrom: {debian: trixie}\nplatforms: [linux/amd64, linux/arm64]\nrun:\n  - {name: tell, sh: \"uname -m > /machine\"}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// checkPublished checks that the tag's index is whole.
func checkPublished(t *testing.T, image Image) {
	t.Helper()
	ref, err := name.ParseReference(image.Reference)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	// Fast, for the full check believes that every layer is compressed.
	if err := validate.Index(index, validate.Fast); err != nil {
		t.Error(err)
	}
}
