package build

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestStepsToRunAgain(t *testing.T) {
	t.Parallel()
	recipe := filepath.Join(t.TempDir(), "mine.yaml")
	text := "name: mine\nfrom: base\nrun: [{name: 'a, with commas', sh: x}, {name: b, sh: x}]\n"
	if err := os.WriteFile(recipe, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		asked, want []string
		mistake     string
	}{
		{nil, nil, ""},
		{[]string{"b"}, []string{"b"}, ""},
		{[]string{"a, with commas", "b,configure base"}, []string{"a, with commas", "b", "configure base"}, ""},
		{[]string{"b,confgure base"}, nil, `looking for step "confgure base" to run again: no recipe has it (did you mean "configure base"?)`},
		{[]string{"nothing of the kind"}, nil, `(known: a, with commas, b, configure base, configure debian, services fit for containers, user docker)`},
	} {
		targets, err := plan(Options{Recipes: []string{recipe}, Again: tc.asked})
		switch {
		case tc.mistake != "":
			if err == nil || !strings.Contains(err.Error(), tc.mistake) {
				t.Errorf("%q: got %v", tc.asked, err)
			}
		case err != nil || !slices.Equal(targets[0].layers.Again, tc.want):
			t.Errorf("%q: got %v, %v", tc.asked, targets, err)
		}
	}
}

// What a step asks for and nobody gave is missed before anything is built; a
// drawing needs none of it.
func TestMissingGrants(t *testing.T) {
	t.Parallel()
	recipe := filepath.Join(t.TempDir(), "mine.yaml")
	text := "name: mine\nfrom: base\nrun: [{name: a, sh: x, network: host, secrets: [token]}]\n"
	if err := os.WriteFile(recipe, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := Options{Recipes: []string{recipe}, Platforms: []string{"linux/amd64", "linux/arm64"}}
	if _, err := plan(o); err == nil || strings.Count(err.Error(), `mine.yaml:3:7: step "a" asks for the secret "token", which was not given`) != 1 {
		t.Errorf("got %v", err)
	}
	o.drawing = true
	if targets, err := plan(o); err != nil || len(targets) != 2 {
		t.Errorf("got %d targets, %v", len(targets), err)
	}
}
