package recipes

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func including() tree {
	return tree{
		"r/top.yaml": `name: top
from: {debian: trixie}
include: [a.yaml, ../common/b.yaml]
vars: {own: top}
packages: [top, shared]
files: [{from: top, to: /}]
run: [{name: top, sh: "${own} ${a} ${both}"}]
image: {cmd: [top], env: {A: top}}
`,
		"r/a.yaml": `vars: {own: a, a: a, both: a}
tags: [a]
packages: [a1, shared]
files: [{from: a, to: /}]
run: [{name: a, sh: a}]
image: {cmd: [a], entrypoint: [a], env: {A: a, B: a}}
`,
		"common/b.yaml": `include: [deep/c.yaml]
vars: {own: b, both: b}
tags: [b]
packages: [b1]
files: [{from: b, to: /}]
sources: [{name: s, url: http://b, suite: x, components: [main], keyring: k.asc}]
run: [{name: b, sh: b}]
`,
		"common/deep/c.yaml": "packages: [c1]\nvars: {both: c}\nplatforms: [linux/arm64]\n",
		"common/k.asc":       armoured,
	}
}

func TestInclude(t *testing.T) {
	t.Parallel()
	r := one(t, including(), "r/top.yaml", nil)
	l := r.Levels[1]
	if got := packageNames(l); len(r.Levels) != 2 || !slices.Equal(got, []string{"a1", "shared", "c1", "b1", "top"}) {
		t.Errorf("got packages %q", got)
	}
	var files, steps []string
	for _, f := range l.Files {
		files = append(files, f.Near+"/"+f.From)
	}
	for _, s := range l.Run {
		steps = append(steps, s.Name+" "+s.Sh+" "+s.At.String())
	}
	if !slices.Equal(files, []string{"r/a", "common/b", "r/top"}) {
		t.Errorf("got files %q", files)
	}
	if want := []string{"a a r/a.yaml:5:7", "b b common/b.yaml:7:7", "top top a b r/top.yaml:7:7"}; !slices.Equal(steps, want) {
		t.Errorf("got steps %q, want %q", steps, want)
	}
	if r.Tags[0] != "b" || r.Platforms[0] != "linux/arm64" || r.Image.Cmd[0] != "top" || r.Image.Entrypoint[0] != "a" || r.Image.Env["A"] != "top" || r.Image.Env["B"] != "a" {
		t.Errorf("got %q, %q and %+v", r.Tags, r.Platforms, r.Image)
	}
	if s := r.Sources[0]; s.Keyring != "common/k.asc" || s.At.File != "common/b.yaml" || len(r.Texts) != 4 {
		t.Errorf("got source %+v and texts %v", s, names(r.Texts))
	}
}

func TestMistakesInIncludes(t *testing.T) {
	t.Parallel()
	files := including()
	for name, text := range (tree{
		"r/lost.yaml":    bare + "include: [nowhere.yaml]\n",
		"r/wrong.yaml":   bare + "include: [name.yaml, typo.yaml]\n",
		"r/name.yaml":    "packages: [vim]\nname: x\n",
		"r/typo.yaml":    "packages:\n  - vim\n  - V\npackges: [a]\nrun: [{name: a, sh: \"${sute}\"}]\n",
		"r/cycle.yaml":   bare + "include: [one.yaml]\n",
		"r/one.yaml":     "include: [two.yaml]\n",
		"r/two.yaml":     "include: [../r/one.yaml]\n",
		"r/self.yaml":    bare + "include: [self.yaml]\n",
		"r/twice.yaml":   bare + "include: [a.yaml, ../r/a.yaml]\n",
		"r/over.yaml":    "name: over\nfrom: top\ninclude: [a.yaml]\n",
		"r/var.yaml":     bare + "include: [\"${suite}\"]\n",
		"shipped.yaml":   bare + "include: [\"${suite}.yaml\"]\n",
		"r/nothing.yaml": bare + "include: [empty.yaml]\n",
		"r/empty.yaml":   "# nothing\n",
	}) {
		files[name] = text
	}
	for name, want := range map[string][]string{
		"r/lost.yaml":  {`r/lost.yaml:3:11: reading include "r/nowhere.yaml": open r/nowhere.yaml: file does not exist`},
		"r/wrong.yaml": {`r/name.yaml:2:1: unknown key "name" in fragment`, `r/typo.yaml:3:5: package "V": `, `r/typo.yaml:4:1: unknown key "packges" in fragment (did you mean "packages"?)`, `r/typo.yaml:5:22: unknown variable "sute" (did you mean "suite"?)`},
		"r/cycle.yaml": {"r/two.yaml:1:11: file includes itself: r/cycle.yaml includes r/one.yaml includes r/two.yaml includes r/one.yaml"},
		"r/self.yaml":  {"r/self.yaml:3:11: file includes itself: r/self.yaml includes r/self.yaml"},
		"r/twice.yaml": {"r/twice.yaml:3:19: r/a.yaml is included twice, first at r/twice.yaml:3:11"},
		"r/over.yaml":  {"r/over.yaml:3:11: r/a.yaml is included twice, first at r/top.yaml:3:11"},
		"r/var.yaml":   {`r/var.yaml:3:11: include "${suite}": it must be the path of a .yaml file`},
		"shipped.yaml": {`shipped.yaml:3:11: reading include "${suite}.yaml"`},
		// An empty file is a mistake of its own, as an empty recipe is.
		"r/nothing.yaml": {"r/empty.yaml: recipe is empty"},
	} {
		_, err := Load(files.read, []string{name}, nil)
		if err == nil {
			t.Errorf("%s: no mistake", name)
			continue
		}
		list := err.(*mistakes).List
		if len(list) != len(want) {
			t.Errorf("%s: got\n%v\nwant %q", name, err, want)
			continue
		}
		for i, m := range list {
			if !strings.HasPrefix(m.String(), want[i]) {
				t.Errorf("%s: got %s, want %s", name, m, want[i])
			}
		}
	}
}

// Includes that double at each level are read once each, however deep.
func TestIncludesDoNotDouble(t *testing.T) {
	t.Parallel()
	files := tree{"top.yaml": bare + "include: [a0.yaml, b0.yaml]\n"}
	for i := range 20 {
		for _, side := range []string{"a", "b"} {
			files[fmt.Sprintf("%s%d.yaml", side, i)] = fmt.Sprintf("include: [a%d.yaml, b%d.yaml]\n", i+1, i+1)
		}
	}
	files["a20.yaml"], files["b20.yaml"] = "tags: [a]\n", "tags: [b]\n"
	read := 0
	_, err := Load(func(name string) ([]byte, error) {
		if read++; read > 100 {
			return nil, errors.New("read too often")
		}
		return files.read(name)
	}, []string{"top.yaml"}, nil)
	if err == nil || !strings.Contains(err.Error(), "a20.yaml is included twice, first at a19.yaml:1:11") || read > 50 {
		t.Errorf("%d files were read: %v", read, err)
	}
}
