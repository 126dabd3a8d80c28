package registry

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestWhatIsAttachedIsReadByPlatform(t *testing.T) {
	t.Parallel()
	repository, _ := serveHere(t)
	manifests := []Manifest{push(t, repository, "amd64"), push(t, repository, "arm64"), push(t, repository, "riscv64")}
	manifests[2].Variant = "v1"
	for i := range 2 {
		manifests[2*i].Statements = []Statement{{"https://example.org/other", []byte("{}")}, {statement.PredicateType, []byte(`"` + manifests[2*i].Architecture + `"`)}}
	}
	if _, err := Publish(t.Context(), repository, []string{"x"}, manifests, nil); err != nil {
		t.Fatal(err)
	}
	got, err := Attached(t.Context(), repository+":x", statement.PredicateType)
	if err != nil || len(got) != 3 {
		t.Fatalf("got %v, %v", got, err)
	}
	for i, want := range []string{`"amd64"`, "", `"riscv64"`} {
		said := ""
		for _, s := range got[i].Statements {
			said += string(s.JSON)
		}
		if m := manifests[i]; said != want || got[i].Digest != m.Digest || got[i].Architecture != m.Architecture || got[i].Variant != m.Variant {
			t.Errorf("of %s: got %+v, which say %s", m.Architecture, got[i], said)
		}
	}
	if got, err := Attached(t.Context(), repository+":x", "https://example.org/none"); err != nil || len(got) != 3 || got[0].Statements != nil {
		t.Errorf("of no such type: %v, %v", got, err)
	}
	if _, err := Attached(t.Context(), repository+"@"+manifests[0].Digest, statement.PredicateType); err == nil {
		t.Error("a single image was read as an index")
	}
	if _, err := Attached(t.Context(), repository+":none", statement.PredicateType); err == nil || !strings.Contains(err.Error(), repository+":none") {
		t.Errorf("of no such tag: %v", err)
	}
}

func TestAllStatementsOfATypeAreReturned(t *testing.T) {
	t.Parallel()
	repository, _ := serveHere(t)
	m := push(t, repository, "amd64")
	m.Statements = []Statement{{statement.PredicateType, []byte(`1`)}, {statement.PredicateType, []byte(`2`)}}
	if _, err := Publish(t.Context(), repository, []string{"x"}, []Manifest{m}, nil); err != nil {
		t.Fatal(err)
	}
	got, err := Attached(t.Context(), repository+":x", statement.PredicateType)
	if err != nil || len(got) != 1 || len(got[0].Statements) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestAnIndexComposedElsewhereIsTheSame as the published one.
func TestAnIndexComposedElsewhereIsTheSame(t *testing.T) {
	t.Parallel()
	repository, _ := serveHere(t)
	published, m := pushAttested(t, repository)
	ref, err := name.NewDigest(repository + "@" + m.Digest)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	index, err := Compose([]v1.Image{image}, []Manifest{m}, map[string]string{"k": "v"})
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := index.Digest(); err != nil || digest.String() != published {
		t.Errorf("got %v, %v, want %s", digest, err, published)
	}
}
