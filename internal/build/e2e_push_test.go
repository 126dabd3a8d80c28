//go:build e2e

package build

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// faulty serves a registry whose writes go through fault first, which tells
// whether it answered itself.
func faulty(t *testing.T, fault func(http.ResponseWriter, *http.Request) bool) (repository string) {
	t.Helper()
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fault(w, r) {
			images.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://") + "/oar"
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
	if err := validate.Index(index, validate.Fast); err != nil {
		t.Error(err)
	}
}

// TestPushingToABusyRegistry: a registry that answers 429 to the first writes,
// BuildKit's and this program's, gets all of them in the end.
func TestPushingToABusyRegistry(t *testing.T) {
	o, out, _ := real(t)
	var writes, manifests atomic.Int32
	o.Registry = faulty(t, func(w http.ResponseWriter, r *http.Request) bool {
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		index := strings.Contains(r.URL.Path, "/manifests/") && manifests.Load() < 4
		// BuildKit tries each of the seven blobs four times by itself, side by side:
		// after three rounds the next refusal ends its push.
		if read || writes.Load() > 3*7+4 && !index {
			return false
		}
		if writes.Add(1); strings.Contains(r.URL.Path, "/manifests/") {
			manifests.Add(1)
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	images, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	checkPublished(t, images[0])
	if !strings.Contains(out.String(), "too many requests") {
		t.Errorf("nothing was said about waiting:\n%s", out)
	}
}

// TestARegistryThatDiesInALayer: the push must fail with one error that names the
// registry, leave no tag, and succeed when it is run again.
func TestARegistryThatDiesInALayer(t *testing.T) {
	o, out, _ := real(t)
	var dead, revived atomic.Bool
	o.Registry = faulty(t, func(w http.ResponseWriter, r *http.Request) bool {
		if revived.Load() {
			return false
		}
		if r.ContentLength > 1<<20 {
			_, _ = io.CopyN(io.Discard, r.Body, 1<<18)
			dead.Store(true)
		}
		if dead.Load() {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		}
		return dead.Load()
	})
	_, err := Run(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), o.Registry) {
		t.Errorf("the registry died, and the error is %v", err)
	}
	if !dead.Load() {
		t.Fatalf("no layer was pushed\n%s", out)
	}
	revived.Store(true)
	repo, err := name.NewRepository(o.Registry + "/dnsmasq")
	if err != nil {
		t.Fatal(err)
	}
	if tags, err := remote.List(repo); err == nil && len(tags) > 0 {
		t.Errorf("there are tags %v", tags)
	}
	images, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	checkPublished(t, images[0])
}
