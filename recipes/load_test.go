package recipes

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// tree is recipes on a disk, by path.
type tree map[string]string

func (t tree) read(file string) ([]byte, error) {
	text, ok := t[file]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: file, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// bare is a recipe's beginning that is right.
const bare = "name: x\nfrom: {debian: \"${suite}\"}\n"

// one loads a recipe that must be right.
func one(t *testing.T, files tree, name string, set map[string]string) *Resolved {
	t.Helper()
	all, err := Load(files.read, []string{name}, set)
	if err != nil {
		t.Fatalf("unexpected mistakes:\n%v", err)
	}
	for _, text := range all[0].Texts {
		acceptedBySchema(t, string(text))
	}
	return all[0]
}

func TestShippedRecipesLoad(t *testing.T) {
	t.Parallel()
	want := []string{"base", "dnsmasq", "frontend", "node", "server"}
	if got := Shipped(); !slices.Equal(got, want) {
		t.Fatalf("got recipes %q, want %q", got, want)
	}
	for _, suite := range suiteNames() {
		all, err := Load(tree{}.read, Shipped(), map[string]string{"suite": suite})
		if err != nil {
			t.Fatalf("%s: %v", suite, err)
		}
		for i, r := range all {
			if r.Name != want[i] || r.Suite.Name != suite || r.Levels[0].Name != "debian" {
				t.Errorf("got %s of %s on %s, want %s of %s on debian", r.Name, r.Suite.Name, r.Levels[0].Name, want[i], suite)
			}
		}
	}
}

func TestWhereRecipesAreFound(t *testing.T) {
	t.Parallel()
	mine := "name: base\nfrom: {debian: trixie}\nlabels: {}\n"
	mine = strings.Replace(mine, "labels: {}", "packages: [mine]", 1)
	files := tree{
		"a/top.yaml":  "name: top\nfrom: base\n",
		"a/base.yaml": mine,
		"b/top.yaml":  "name: top\nfrom: base\n",
		"node":        "name: other\nfrom: {debian: trixie}\n",
	}
	for _, tc := range []struct{ name, file, parent, near string }{
		{"beside the recipe", "a/top.yaml", "a/base.yaml", "a"},
		{"else the shipped one", "b/top.yaml", "shipped:base.yaml", ""},
		{"a bare name is shipped", "node", "shipped:base.yaml", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := one(t, files, tc.file, nil)
			p := r.Levels[1].Packages[0]
			if p.At.File != tc.parent {
				t.Errorf("base is from %s, want %s", p.At.File, tc.parent)
			}
			for _, f := range r.Levels[1].Files {
				if f.Near != tc.near {
					t.Errorf("files are near %q, want %q", f.Near, tc.near)
				}
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	files := tree{
		"a.yaml":     "name: a\nfrom: b\n",
		"b.yaml":     "name: b\nfrom: a\n",
		"self.yaml":  "name: self\nfrom: self\n",
		"lost.yaml":  "name: lost\nfrom: bsae\n",
		"odd.yaml":   "name: odd\nfrom: ../x\n",
		"one.yaml":   bare,
		"other.yaml": bare,
	}
	for _, tc := range []struct {
		name  string
		files []string
		set   map[string]string
		want  string
	}{
		{"a cycle", []string{"a.yaml"}, nil, "b.yaml:2:7: recipe comes from itself: a.yaml from b.yaml from a\n  from: a\n        ^"},
		{"itself", []string{"self.yaml"}, nil, "self.yaml:2:7: recipe comes from itself: self.yaml from self\n  from: self\n        ^"},
		{"a parent that is nowhere", []string{"lost.yaml"}, nil, "lost.yaml:2:7: no recipe \"bsae\" (did you mean \"base\"?)\n  from: bsae\n        ^"},
		{"a parent that is a path", []string{"odd.yaml"}, nil,
			"odd.yaml:2:7: from \"../x\": " + grammar.Name.Say + "\n  from: ../x\n        ^"},
		{"a file that is nowhere", []string{"nodes.yaml"}, nil,
			"reading recipe \"nodes.yaml\": open nodes.yaml: file does not exist (did you mean \"node\"?)"},
		{"two recipes of one name", []string{"one.yaml", "other.yaml"}, nil, "other.yaml: image \"x\" is also the one of one.yaml"},
		{"an unknown --set", []string{"one.yaml"}, map[string]string{"siute": "x"}, "--set siute: unknown variable (did you mean \"suite\"?)"},
		{"an unknown suite by --set", []string{"one.yaml"}, map[string]string{"suite": "trixi"}, "--set suite=trixi: unknown suite (did you mean \"trixie\"?)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(files.read, tc.files, tc.set)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
			if _, ok := errors.AsType[*mistakes](err); !ok {
				t.Errorf("got %T, want *mistakes", err)
			}
		})
	}
}

func TestSetMayConcernOneRecipeOfMany(t *testing.T) {
	t.Parallel()
	files := tree{"a.yaml": bare, "b.yaml": "name: b\nfrom: {debian: trixie}\nvars: {colour: red}\ntags: [\"${colour}\"]\n"}
	all, err := Load(files.read, []string{"a.yaml", "b.yaml"}, map[string]string{"colour": "blue"})
	if err != nil || all[1].Tags[0] != "blue" {
		t.Errorf("got %v, %v", all, err)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	if got := (Files{From: "base"}).Places(); got != nil {
		t.Errorf("a shipped recipe's files are on disk at %q", got)
	}
	got := Files{From: "base", Near: "recipes"}.Places()
	if want := []string{"recipes/base", "configs/base"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A mistake of base is told once, however many recipes come from base.
func TestSharedParentsAreToldOnce(t *testing.T) {
	t.Parallel()
	files := tree{
		"base.yaml": "name: base\nfrom: {debian: trixie}\npackages: [VIM]\n",
		"a.yaml":    "name: a\nfrom: base\n",
		"b.yaml":    "name: b\nfrom: base\n",
	}
	_, err := Load(files.read, []string{"a.yaml", "b.yaml", "base.yaml"}, nil)
	if err == nil || len(err.(*mistakes).List) != 1 {
		t.Errorf("got\n%v\nwant one mistake", err)
	}
}
