package registry

import (
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// serveHere serves the registry of a new folder, and counts what is written.
func serveHere(t *testing.T) (repository string, writes *atomic.Int32) {
	t.Helper()
	handler, err := newHandler(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := registrytest.Over(t, handler)
	return server.Host + "/oarcluster/node", &server.Writes
}

// push pushes a random image by digest, as BuildKit does.
func push(t *testing.T, repository, arch string) Manifest {
	t.Helper()
	digest, _ := registrytest.Push(t, repository, arch)
	return Manifest{Digest: digest, OS: "linux", Architecture: arch}
}

func TestPublishWritesAnIndexThatHolds(t *testing.T) {
	t.Parallel()
	repository, _ := serveHere(t)
	manifests := []Manifest{push(t, repository, "amd64"), push(t, repository, "arm64")}
	digest, err := Publish(t.Context(), repository, []string{"2.6.1", "latest"}, manifests, map[string]string{"k": "v"})
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{":2.6.1", ":latest", "@" + digest} {
		parsed, err := name.ParseReference(repository + ref)
		if err != nil {
			t.Fatal(err)
		}
		index, err := remote.Index(parsed, remote.WithContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(index); err != nil {
			t.Error(err)
		}
		got, err := index.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		if hash, _ := index.Digest(); hash.String() != digest || got.Annotations["k"] != "v" || len(got.Manifests) != 2 {
			t.Errorf("%s is %s with %v and %d manifests", ref, hash, got.Annotations, len(got.Manifests))
		}
		if want := (v1.Platform{OS: "linux", Architecture: "arm64"}); !got.Manifests[1].Platform.Equals(want) {
			t.Errorf("the second manifest is for %v", got.Manifests[1].Platform)
		}
	}
}

func TestPublishingAgainWritesNothing(t *testing.T) {
	t.Parallel()
	repository, writes := serveHere(t)
	manifests := []Manifest{push(t, repository, "amd64")}
	manifests[0].Statements = []Statement{statement}
	first, err := Publish(t.Context(), repository, []string{"a", "b"}, manifests, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := writes.Load()
	again, err := Publish(t.Context(), repository, []string{"a", "b"}, manifests, nil)
	if err != nil || again != first {
		t.Errorf("got %s and %v, want %s", again, err, first)
	}
	if writes.Load() != before {
		t.Errorf("wrote %d times", writes.Load()-before)
	}
	if _, err := Publish(t.Context(), repository, []string{"c"}, manifests, nil); err != nil || writes.Load() != before+1 {
		t.Errorf("a further tag cost %d writes, error %v", writes.Load()-before, err)
	}
}

// TestWhatIsThereIsAskedForAtOnce: each question is answered when all were asked.
func TestWhatIsThereIsAskedForAtOnce(t *testing.T) {
	t.Parallel()
	handler, err := newHandler(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var asked, alone atomic.Int32
	all := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tag := path.Base(r.URL.Path); r.Method == http.MethodHead && (tag == "a" || tag == "b") {
			if asked.Add(1) == 2 {
				close(all)
			}
			select {
			case <-all:
			case <-time.After(time.Minute):
				alone.Add(1)
			}
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	repository := strings.TrimPrefix(server.URL, "http://") + "/oar/x"
	if _, err := Publish(t.Context(), repository, []string{"a", "b"}, []Manifest{push(t, repository, "amd64")}, nil); err != nil || alone.Load() > 0 {
		t.Errorf("%d questions waited for the answer to another one, error %v", alone.Load(), err)
	}
}

func TestPublishSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	repository, writes := serveHere(t)
	missing := Manifest{Digest: "sha256:" + strings.Repeat("0", 64), OS: "linux", Architecture: "amd64"}
	_, err := Publish(t.Context(), repository, []string{"a"}, []Manifest{missing}, nil)
	if err == nil || !strings.Contains(err.Error(), missing.Digest) || !strings.Contains(err.Error(), repository) {
		t.Errorf("got %v", err)
	}
	if writes.Load() != 0 {
		t.Error("half an index was written")
	}
	if _, err := Publish(t.Context(), "Not A Repository", nil, nil, nil); err == nil {
		t.Error("a repository that is none was accepted")
	}
}

func TestCheckNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		repository string
		tags       []string
		want       string
	}{
		{"localhost:5000/oarcluster/node", []string{"2.6.1", "latest"}, ""},
		{"ghcr.io/me/oar", nil, ""},
		{"[::1]:5000/oar", nil, ""},
		{"oarcluster/node", nil, `reading repository "oarcluster/node"`},
		{"localhost:5000/Upper", nil, `reading repository "localhost:5000/Upper"`},
		{"registry.example.org/x", nil, "must be between 2 and 255 characters"},
		{"http://localhost:5000/oar", nil, "reading repository"},
		{"localhost:5000/oar", []string{"a", "b/c"}, `reading tag "b/c"`},
		{"localhost:5000/oar", []string{""}, `reading tag ""`},
		{"localhost:5000/oar", []string{"a:b"}, `reading tag "a:b"`},
	} {
		err := CheckNames(tc.repository, tc.tags)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s with %q: got %v, want %q", tc.repository, tc.tags, err, tc.want)
		}
	}
}
