// Package kameleon reads recipes of Kameleon, with the recipes that they
// extend, their steps, aliases and variables, and drafts recipes from them.
//
// What the section setup does inside the image is carried over. Sections
// bootstrap and export are what `from:` and the program's own output do. What
// Kameleon does on the machine that builds has no place in a recipe.
//
// Lookup and precedence are Kameleon's: steps and data are found beside the
// recipe, in the folders above it, then beside the recipes that it extends; a
// variable is --set's, else what a step is called with, else the recipe's, else
// its parents', else the step's default.
//
// The package is pure: it reads a tree that the caller gives, and bounds what
// it reads.
package kameleon

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// Read drafts a recipe from a file of the tree. Variables given are set over
// all others. suite reports whether images can be made from a Debian release.
func Read(fsys fs.FS, file string, set map[string]string, suite func(string) bool) (*draft.Draft, error) {
	r, err := load(fsys, file, set)
	if err != nil {
		return nil, err
	}
	t := &translator{recipe: r, draft: &draft.Draft{
		Name: imageName(file), Source: path.Base(file), Image: recipes.Image{Cmd: []string{"/bin/bash"}},
	}}
	for _, extended := range r.chain[1:] {
		t.draft.Carry(file, "extend: "+extended, "its part is in the recipe")
	}
	if err := t.base(suite); err != nil {
		return nil, err
	}
	t.environment()
	t.bootstrap()
	if err := t.setup(); err != nil {
		return nil, err
	}
	t.export()
	return t.draft, nil
}

// imageName makes an image's name of a file's.
func imageName(file string) string {
	name := strings.ToLower(strings.TrimSuffix(path.Base(file), path.Ext(file)))
	name = strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllStringFunc(name, func(s string) string {
		if s == "." || s == "_" {
			return s
		}
		return "-"
	}), "-._")
	if name == "" {
		return "imported"
	}
	return name
}

// variable returns a recipe's variable, "" when it has none or only the machine
// that builds knows it.
func (t *translator) variable(name string) string {
	n := t.recipe.global[name]
	if n == nil {
		return ""
	}
	value, err := scope{t.recipe.global}.expand(n.String(), n.at)
	if err != nil || strings.Contains(value, local) {
		return ""
	}
	return value
}

// base finds the Debian release that the recipe is made from.
func (t *translator) base(suite func(string) bool) error {
	distribution, release := t.variable("distrib"), t.variable("release")
	if image := t.variable("from_docker_image"); image != "" && release == "" {
		distribution, release, _ = strings.Cut(path.Base(image), ":")
	}
	switch {
	case distribution != "" && distribution != "debian":
		err := fmt.Errorf("reading recipe %s: it makes %s %s, and images are made from Debian", t.recipe.file, distribution, release)
		return ui.WithHint(err, "import a recipe of Debian, or set another distribution by --set distrib=debian --set release=trixie")
	case suite(release):
		t.draft.Suite = release
		t.draft.Carry(t.recipe.file, "release "+release, "from: {debian: ${suite}}")
	case release == "":
		t.draft.Leave(t.recipe.file, "release", "the recipe names none: the program's default is taken")
	default:
		t.draft.Leave(t.recipe.file, "release "+release, "images are not made from it: the program's default is taken")
	}
	if components := strings.Fields(t.variable("deb_components")); len(components) > 1 {
		t.draft.Leave(t.recipe.file, "components "+strings.Join(components[1:], " "), "Debian's main alone is read; sources: adds further archives")
	}
	return nil
}

// functionRule matches the head of a function in a file of `env:`.
var functionRule = regexp.MustCompile(`(?m)^\s*(?:function\s+)?([A-Za-z_]\w*)\s*(?:\(\))?\s*\{`)

// environment reads what every shell of Kameleon sources, for its functions.
func (t *translator) environment() {
	if c := t.recipe.parts["checkpoint"]; c != nil {
		t.draft.Leave(c.at, "checkpoint", "every step is cached by its content")
	}
	part := t.recipe.parts["env"]
	if part == nil {
		return
	}
	files := part.list
	if part.kind == scalar {
		files = []*node{part}
	}
	for _, n := range files {
		t.draft.Leave(n.at, "env "+n.text, "steps begin with a clean environment; image: env: sets one")
		for _, dir := range suffixed(t.recipe.steps, "env") {
			file := path.Join(dir, n.text)
			if data, err := fs.ReadFile(t.recipe.fsys, file); err == nil && len(data) <= maxBytes {
				for _, found := range functionRule.FindAllStringSubmatch(string(data), -1) {
					t.functions = append(t.functions, found[1])
				}
				break
			}
		}
	}
}

// bootstrap is what `from:` does. Packages that debootstrap was given are kept,
// and what else it did inside the image is told.
func (t *translator) bootstrap() {
	for _, n := range t.recipe.sections["bootstrap"] {
		name, _, _ := n.single()
		m, err := t.recipe.step("bootstrap", n)
		if err != nil {
			t.draft.Leave(n.at, "bootstrap step "+name, "from: does what it did (it cannot be read: %v)", err)
			continue
		}
		t.draft.Carry(n.at, "bootstrap step "+m.name, "from: does what it did")
		switch m.name {
		case "debootstrap":
			t.draft.Install(n.at, strings.Fields(t.variable("bootstrap_packages"))...)
		case "prepare_autoinstall":
			t.preseed(n.at)
		}
		for _, micro := range m.micro {
			if slices.ContainsFunc(micro.commands, inside) {
				t.draft.Leave(micro.at, "bootstrap step "+m.name+": "+micro.name, "it changes the image before setup; add a step if the image needs it")
			}
		}
	}
}

// preseedRule matches what the Debian installer is told to install.
var preseedRule = regexp.MustCompile(`(?m)^d-i\s+pkgsel/include\s+string\s+(.*)$`)

// preseed takes over the packages that the installer's answers name.
func (t *translator) preseed(at string) {
	n := t.recipe.global["base_preseed_path"]
	if n == nil {
		return
	}
	name, err := scope{t.recipe.global}.expand(n.String(), n.at)
	if err != nil {
		return
	}
	if file, ok := t.source(name); ok {
		if data, err := fs.ReadFile(t.recipe.fsys, file); err == nil && len(data) <= maxBytes {
			for _, found := range preseedRule.FindAllStringSubmatch(string(data), -1) {
				t.draft.Install(file, strings.Fields(found[1])...)
			}
			t.draft.Leave(at, "the installer's standard system", "from: has the required packages and apt alone; name in packages: what else is needed")
		}
	}
}

// inside reports whether a command runs in the image.
func inside(n *node) bool {
	key, _, _ := n.single()
	return strings.HasSuffix(key, "_in") || key == "local2in"
}

// export is what the program's outputs do.
func (t *translator) export() {
	for _, n := range t.recipe.sections["export"] {
		if name, _, ok := n.single(); ok {
			t.draft.Carry(n.at, "export step "+name, "oarbuild --push, --load or --output takes the image out")
		}
	}
}
