package registrytest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// What was pushed is there by its digest and by its tag, until the registry ends.
func TestWhatIsPushedIsThere(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	port, stop := registrytest.Serve(t, registry.Serve, root)
	for _, host := range []string{registrytest.New(t).Host, fmt.Sprintf("localhost:%d", port)} {
		digest, image := registrytest.Push(t, host+"/oar/x", "arm64", "t")
		for _, ref := range []string{"@" + digest, ":t"} {
			parsed, err := name.ParseReference(host + "/oar/x" + ref)
			if err != nil {
				t.Fatal(err)
			}
			found, err := remote.Get(parsed)
			if err != nil || found.Digest.String() != digest {
				t.Errorf("%s: got %v, %v", ref, found, err)
			}
		}
		if config, err := image.ConfigFile(); err != nil || config.Architecture != "arm64" {
			t.Errorf("got %v, %v", config, err)
		}
	}
	stop()
}

func TestWritesAreCountedAndRequestsAnswered(t *testing.T) {
	t.Parallel()
	r := registrytest.New(t)
	refuse := false
	r.Before = func(w http.ResponseWriter, _ *http.Request) bool {
		if refuse {
			w.WriteHeader(http.StatusTeapot)
		}
		return refuse
	}
	registrytest.Push(t, r.Host+"/oar/x", "amd64")
	writes := r.Writes.Load()
	if writes == 0 {
		t.Error("nothing was counted")
	}
	refuse = true
	response, err := http.Post(r.URL+"/v2/oar/x/blobs/uploads/", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusTeapot || r.Writes.Load() != writes+1 {
		t.Errorf("got %s after %d writes, with %d before", response.Status, r.Writes.Load(), writes)
	}
}
