package kameleon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// maxChain bounds how many recipes one may come from.
const maxChain = 32

// sections are those of a recipe, in the order in which Kameleon runs them.
var sections = []string{"bootstrap", "setup", "export"}

// recipe is a recipe with all that it extends.
type recipe struct {
	fsys fs.FS
	file string
	// chain is the files of the recipe and those that it extends, steps the
	// folders where steps are found, the nearest first.
	chain, steps []string
	global, set  map[string]*node
	sections     map[string][]*node
	// parts are the keys aliases, env and checkpoint.
	parts   map[string]*node
	aliases map[string]*node
}

// load reads a recipe and what it extends.
func load(fsys fs.FS, file string, set map[string]string) (*recipe, error) {
	r := &recipe{fsys: fsys, file: file, set: map[string]*node{}, sections: map[string][]*node{}, parts: map[string]*node{}, aliases: map[string]*node{}}
	for name, value := range set {
		r.set[name] = &node{kind: scalar, text: value, at: "--set"}
	}
	present := map[string]bool{}
	for _, s := range sections {
		present[s] = true
	}
	for next := file; next != ""; {
		doc, err := r.open(next)
		if err != nil {
			return nil, err
		}
		if next, err = r.add(next, doc, present); err != nil {
			return nil, err
		}
	}
	r.global = over(over(builtIn(file), r.global), r.set)
	return r, r.loadAliases()
}

// open reads a recipe and adds it to the chain.
func (r *recipe) open(file string) (*node, error) {
	switch {
	case slices.Contains(r.chain, file):
		return nil, fmt.Errorf("reading recipe %s: it extends itself: %s", r.file, strings.Join(append(r.chain, file), " extends "))
	case len(r.chain) == maxChain:
		return nil, fmt.Errorf("reading recipe %s: it extends more than %d recipes", r.file, maxChain)
	}
	doc, err := r.read(file)
	if err != nil {
		return nil, fmt.Errorf("reading recipe %w", err)
	}
	r.chain = append(r.chain, file)
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		for _, name := range []string{"steps", ".steps"} {
			if at := path.Join(dir, name); !slices.Contains(r.steps, at) && isDir(r.fsys, at) {
				r.steps = append(r.steps, at)
			}
		}
		if dir == "." {
			return doc, nil
		}
	}
}

// known are the keys of a recipe.
var known = []string{"extend", "global", "bootstrap", "setup", "export", "aliases", "checkpoint", "env"}

// add merges a recipe below those before it, and answers the file that it
// extends. A section that one of them lacks is lost from there on.
func (r *recipe) add(file string, doc *node, present map[string]bool) (string, error) {
	if doc.kind != mapping {
		return "", ui.WithHint(fmt.Errorf("%s: no Kameleon recipe: it is no mapping of keys to values", file), "name a recipe, not one of its steps")
	}
	for _, e := range doc.keys {
		if !slices.Contains(known, e.key) {
			return "", fmt.Errorf("%s: unknown key %q%s", e.value.at, e.key, suggest.For(e.key, known))
		}
	}
	global, err := r.globals(file, doc.get("global"))
	if err != nil {
		return "", err
	}
	r.global = over(global, r.global)
	for _, s := range sections {
		own := doc.get(s)
		present[s] = present[s] && own != nil
		switch {
		case !present[s]:
		case own.kind == list && len(r.chain) == 1:
			r.sections[s] = own.list
		case own.kind == list || own.kind == nothing:
			r.sections[s] = splice(r.sections[s], own.list)
		default:
			return "", fmt.Errorf("%s: section %s must be a list", own.at, s)
		}
	}
	for _, part := range []string{"aliases", "env", "checkpoint"} {
		if own := doc.get(part); own != nil && r.parts[part] == nil {
			r.parts[part] = own
		}
	}
	return r.extended(file, doc.get("extend"))
}

// splice puts the parent's part of a section where the child has "@base".
func splice(child, parent []*node) []*node {
	var all []*node
	for _, n := range child {
		if n.kind == scalar && n.text == "@base" {
			all = append(all, parent...)
			continue
		}
		all = append(all, n)
	}
	return all
}

// extended returns the file that `extend:` names, "" for none.
func (r *recipe) extended(file string, extend *node) (string, error) {
	if extend == nil || extend.String() == "" {
		return "", nil
	}
	name, err := scope{over(r.global, r.set)}.expand(extend.String(), extend.at)
	if err != nil {
		return "", err
	}
	return within(path.Dir(file), name, extend.at)
}

// within returns the path of a recipe or step beside dir, which must be in the
// tree.
func within(dir, name, at string) (string, error) {
	if !strings.HasSuffix(name, ".yaml") {
		name += ".yaml"
	}
	file := path.Join(dir, name)
	if !fs.ValidPath(file) || path.IsAbs(name) || strings.Contains(name, local) {
		err := fmt.Errorf("%s: %q leaves the recipe's tree", at, strings.ReplaceAll(name, local, "$$"))
		return "", ui.WithHint(err, "the tree is the nearest folder above the recipe that has steps or .git in it; name a larger one by --tree")
	}
	return file, nil
}

// globals returns the variables of a recipe and of the files that it includes.
func (r *recipe) globals(file string, global *node) (map[string]*node, error) {
	vars := map[string]*node{}
	if global == nil || global.kind == nothing {
		return vars, nil
	}
	if global.kind != mapping {
		return nil, fmt.Errorf("%s: global must be a mapping", global.at)
	}
	for _, e := range global.keys {
		if e.key != "include" {
			vars[e.key] = e.value
			continue
		}
		files := e.value.list
		if e.value.kind == scalar {
			files = []*node{e.value}
		}
		for _, f := range files {
			included, err := r.include(file, f)
			if err != nil {
				return nil, err
			}
			maps.Copy(vars, included)
		}
	}
	return vars, nil
}

// include reads a file of variables; one with - before its name may be missing.
func (r *recipe) include(file string, n *node) (map[string]*node, error) {
	name, optional := strings.CutPrefix(n.text, "-")
	for _, dir := range append([]string{path.Dir(file)}, suffixed(r.steps, "global")...) {
		at, err := within(dir, name, n.at)
		if err != nil {
			return nil, err
		}
		doc, err := r.read(at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || doc.kind != mapping {
			return nil, fmt.Errorf("%s: reading %s: %w", n.at, at, cmpErr(err, "it is no mapping of variables"))
		}
		vars := map[string]*node{}
		for _, e := range doc.keys {
			vars[e.key] = e.value
		}
		return vars, nil
	}
	if optional {
		return nil, nil
	}
	return nil, fmt.Errorf("%s: no file %s of variables beside the recipe or in steps/global", n.at, name)
}

func cmpErr(err error, text string) error {
	if err != nil {
		return err
	}
	return errors.New(text)
}

// read reads one YAML file of the tree.
func (r *recipe) read(file string) (*node, error) {
	f, err := r.fsys.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, reason(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, reason(err))
	}
	return decode(file, data)
}

// reason returns what is wrong without the path, which messages have already.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func isDir(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.IsDir()
}

// suffixed returns each folder with a name below it.
func suffixed(dirs []string, name string) []string {
	var all []string
	for _, d := range dirs {
		all = append(all, path.Join(d, name))
	}
	return all
}
