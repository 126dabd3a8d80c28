package registry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// statement is what the tests attach.
var statement = Statement{PredicateType: "https://example.org/says", JSON: []byte(`{"_type":"https://in-toto.io/Statement/v1"}`)}

// pushAttested publishes an image of one platform with something attached.
func pushAttested(t *testing.T, repository string) (index string, m Manifest) {
	t.Helper()
	m = push(t, repository, "amd64")
	m.Statements = []Statement{statement}
	manifests := []Manifest{m}
	index, err := Publish(t.Context(), repository, []string{"x"}, manifests, map[string]string{"k": "v"})
	if err != nil {
		t.Fatal(err)
	}
	return index, manifests[0]
}

// TestWhatIsAttachedIsFoundInBothWays: by buildx in the index, and by those who
// ask for referrers, in a registry with such lists as in one without.
func TestWhatIsAttachedIsFoundInBothWays(t *testing.T) {
	t.Parallel()
	without, _ := serveHere(t)
	with := registrytest.New(t, registry.WithReferrersSupport(true))
	for _, repository := range []string{without, with.Host + "/oar/x"} {
		_, m := pushAttested(t, repository)
		tag, err := name.NewTag(repository + ":x")
		if err != nil {
			t.Fatal(err)
		}
		index, err := remote.Index(tag)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(index); err != nil {
			t.Error(err)
		}
		entries, err := index.IndexManifest()
		if err != nil || len(entries.Manifests) != 2 {
			t.Fatalf("got %+v, %v", entries, err)
		}
		entry := entries.Manifests[1]
		if entry.Digest.String() != m.Attached || entry.Platform.String() != "unknown/unknown" ||
			entry.Annotations["vnd.docker.reference.type"] != "attestation-manifest" || entry.Annotations["vnd.docker.reference.digest"] != m.Digest {
			t.Errorf("the entry is %+v", entry)
		}
		image, err := index.Image(entry.Digest)
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := image.Manifest()
		if err != nil || manifest.Subject == nil || manifest.Subject.Digest.String() != m.Digest || manifest.ArtifactType != attestationType ||
			manifest.Layers[0].MediaType != "application/vnd.in-toto+json" || manifest.Layers[0].Annotations["in-toto.io/predicate-type"] != statement.PredicateType {
			t.Errorf("the manifest is %+v, %v", manifest, err)
		}
		list, err := remote.Referrers(tag.Context().Digest(m.Digest))
		if err != nil {
			t.Fatal(err)
		}
		referrers, err := list.IndexManifest()
		if err != nil || len(referrers.Manifests) != 1 || referrers.Manifests[0].Digest != entry.Digest {
			t.Errorf("the referrers are %+v, %v", referrers, err)
		}
		// The test registry of go-containerregistry tells the type of the config instead.
		if kind := referrers.Manifests[0].ArtifactType; repository == without && kind != attestationType {
			t.Errorf("the referrer is of type %s", kind)
		}
	}
}

func TestAPlatformIsFoundBesideWhatIsAttached(t *testing.T) {
	t.Parallel()
	repository, _ := serveHere(t)
	_, m := pushAttested(t, repository)
	tag, err := name.NewTag(repository + ":x")
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(tag, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}))
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := image.Digest(); err != nil || digest.String() != m.Digest {
		t.Errorf("got %v, %v, want %s", digest, err, m.Digest)
	}
}

// TestAnAttachmentThatWasCutOffIsCompleted: a run that died between the manifest
// and the list of referrers must not leave the list without it.
func TestAnAttachmentThatWasCutOffIsCompleted(t *testing.T) {
	t.Parallel()
	handler, err := newHandler(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	refuse := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse && r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/sha256-") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	repository := strings.TrimPrefix(server.URL, "http://") + "/oar/x"
	m := push(t, repository, "amd64")
	m.Statements = []Statement{statement}
	if _, err := Publish(t.Context(), repository, []string{"x"}, []Manifest{m}, nil); err == nil {
		t.Fatal("the list was refused, and published it is")
	}
	if tags := tagsOf(t, repository); len(tags) != 0 {
		t.Errorf("after a failure there are tags %v", tags)
	}
	refuse = false
	if _, err := Publish(t.Context(), repository, []string{"x"}, []Manifest{m}, nil); err != nil {
		t.Fatal(err)
	}
	if tags := tagsOf(t, repository); len(tags) != 2 || tags[0] != strings.Replace(m.Digest, ":", "-", 1) {
		t.Errorf("tags are %v", tags)
	}
}
