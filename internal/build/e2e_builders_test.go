//go:build e2e

package build

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/buildkit/endpoint"
)

// secondDaemon starts a buildkitd of its own beside that of [real].
func secondDaemon(t *testing.T) *endpoint.Daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "oarbuild-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	d := &endpoint.Daemon{Dir: dir}
	if _, _, err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return d
}

// TestEachPlatformOnItsBuilder: two buildkitds build side by side, one of them
// as if it were an arm64 machine, and one index is made of both.
func TestEachPlatformOnItsBuilder(t *testing.T) {
	o, out, _ := real(t)
	second := secondDaemon(t)
	o.Recipes = []string{bare(t)}
	o.Platforms = []string{"linux/amd64", "linux/arm64"}
	o.Builders = []string{"linux/arm64=" + second.Address()}
	images, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	checkPublished(t, images[0])
	if len(images[0].Platforms) != 2 {
		t.Errorf("the index holds %v", images[0].Platforms)
	}

	// Each has built its own platform and nothing else: alone, it knows nothing of the other one's.
	for platform, want := range map[string]string{"linux/arm64": second.Address(), "linux/amd64": "buildkitd.sock (found running)"} {
		out.Reset()
		o.Platforms = []string{platform}
		again, err := Run(t.Context(), o)
		if err != nil || !strings.Contains(out.String(), want) || again[0].Platforms[platform] != images[0].Platforms[platform] {
			t.Errorf("%s: %v, %v\n%s", platform, again, err, out)
		}
		if steps := strings.Count(out.String(), "CACHED"); steps == 0 {
			t.Errorf("%s was built by another builder:\n%s", platform, out)
		}
	}

	// A builder that is gone fails the whole index.
	if _, err := second.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.Platforms, o.Tags = []string{"linux/amd64", "linux/arm64"}, []string{"half"}
	if images, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), second.Address()) {
		t.Errorf("with one builder gone: %v, %v", images, err)
	}
	if half, err := name.ParseReference(o.Registry + "/bare:half"); err != nil {
		t.Error(err)
	} else if _, err := remote.Head(half); err == nil {
		t.Error("half an index was published")
	}
}
