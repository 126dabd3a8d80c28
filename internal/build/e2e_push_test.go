//go:build e2e

package build

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestPushingToABusyRegistry: a registry that answers 429 to the first writes,
// BuildKit's and this program's, gets all of them in the end.
func TestPushingToABusyRegistry(t *testing.T) {
	o, out, server := real(t)
	var writes, manifests atomic.Int32
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
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
	}
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
	o, out, server := real(t)
	var dead, revived atomic.Bool
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
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
	}
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
