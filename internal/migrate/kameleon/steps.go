package kameleon

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// macrostep is a step of a section: a file, or embedded in the recipe.
type macrostep struct {
	name, at string
	vars     map[string]*node
	micro    []microstep
}

// microstep is a named list of commands.
type microstep struct {
	name, at string
	commands []*node
}

// step reads one entry of a section.
func (r *recipe) step(section string, n *node) (*macrostep, error) {
	name, args, ok := n.single()
	if !ok {
		return nil, fmt.Errorf("%s: an entry of %s must be the name of a step, with its variables if it has some", n.at, section)
	}
	name, err := scope{r.global}.expand(name, n.at)
	if err != nil {
		return nil, err
	}
	m := &macrostep{name: name, at: n.at, vars: map[string]*node{}}
	if embedded(args) {
		return m, m.fill(args, map[string]*node{})
	}
	doc, err := r.find(section, name, n.at)
	if err != nil {
		return nil, err
	}
	m.at = doc.at
	if err := m.fill(doc, r.global); err != nil {
		return nil, err
	}
	return m, m.call(args)
}

// embedded reports whether a step's arguments are the step itself.
func embedded(args *node) bool {
	return slices.ContainsFunc(args.list, func(n *node) bool {
		return n.kind == mapping && len(n.keys) > 0 && n.keys[0].value.kind == list
	})
}

// find reads the file of a step: for each folder of steps, for each of
// include_steps, below the section's folder and beside it.
func (r *recipe) find(section, name, at string) (*node, error) {
	variants, err := r.variants()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, dir := range r.steps {
		for _, variant := range variants {
			for _, folder := range []string{path.Join(dir, section, variant), path.Join(dir, variant)} {
				file, err := within(folder, name, at)
				if err != nil {
					return nil, err
				}
				doc, err := r.read(file)
				if errors.Is(err, fs.ErrNotExist) {
					names = append(names, stepsIn(r.fsys, folder)...)
					continue
				}
				if err != nil {
					return nil, fmt.Errorf("%s: reading step %w", at, err)
				}
				if doc.kind != list {
					return nil, fmt.Errorf("%s: a step is a list of microsteps", file)
				}
				doc.at = file
				return doc, nil
			}
		}
	}
	slices.Sort(names)
	err = fmt.Errorf("%s: no step %q%s", at, name, suggest.For(name, slices.Compact(names)))
	return nil, ui.WithHint(err, "steps are looked for in %s", strings.Join(r.steps, ", "))
}

// stepsIn lists the steps of a folder, for what could have been meant.
func stepsIn(fsys fs.FS, dir string) []string {
	entries, _ := fs.ReadDir(fsys, dir) // a folder that is not there has none
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".yaml"); ok {
			names = append(names, name)
		}
	}
	return names
}

// variants are the folders of include_steps, and the one above them.
func (r *recipe) variants() ([]string, error) {
	var all []string
	if include := r.global["include_steps"]; include != nil {
		entries := include.list
		if include.kind == scalar {
			entries = []*node{include}
		}
		for _, n := range entries {
			v, err := scope{r.global}.expand(n.String(), n.at)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
	}
	return append(all, ""), nil
}

// fill reads microsteps and default variables. The recipe's variables win over
// a step's defaults.
func (m *macrostep) fill(doc *node, global map[string]*node) error {
	for _, n := range doc.list {
		if n.kind != mapping || len(n.keys) == 0 {
			return fmt.Errorf("%s: an entry of step %s must be a microstep or a variable", n.at, m.name)
		}
		e := n.keys[0]
		if e.value.kind == list {
			m.micro = append(m.micro, microstep{e.key, n.at, e.value.list})
			continue
		}
		m.vars[e.key] = e.value
		if g, ok := global[e.key]; ok {
			m.vars[e.key] = g
		}
	}
	return nil
}

// call takes what the recipe gives to a step: variables, and the names of the
// microsteps that it wants.
func (m *macrostep) call(args *node) error {
	var wanted []microstep
	for _, n := range args.list {
		if n.kind == mapping {
			for _, e := range n.keys {
				m.vars[e.key] = e.value
			}
			continue
		}
		i := slices.IndexFunc(m.micro, func(s microstep) bool { return s.name == n.text })
		if i < 0 {
			var names []string
			for _, s := range m.micro {
				names = append(names, s.name)
			}
			return fmt.Errorf("%s: step %s has no microstep %q%s", n.at, m.name, n.text, suggest.For(n.text, names))
		}
		wanted = append(wanted, m.micro[i])
	}
	if wanted != nil {
		m.micro = wanted
	}
	return nil
}

// loadAliases reads the files that `aliases:` names, or the aliases themselves.
func (r *recipe) loadAliases() error {
	part := r.parts["aliases"]
	if part == nil {
		return nil
	}
	files := part.list
	switch part.kind {
	case mapping:
		return r.addAliases(part)
	case scalar:
		files = []*node{part}
	}
	for _, n := range files {
		if n.kind == mapping {
			if err := r.addAliases(n); err != nil {
				return err
			}
			continue
		}
		doc, err := r.shared("aliases", n)
		if err != nil {
			return err
		}
		if err := r.addAliases(doc); err != nil {
			return err
		}
	}
	return nil
}

func (r *recipe) addAliases(doc *node) error {
	for _, e := range doc.keys {
		if e.value.kind != list {
			return fmt.Errorf("%s: alias %s must be a list of commands", e.value.at, e.key)
		}
		r.aliases[e.key] = e.value
	}
	return nil
}

// shared reads a file of one of the folders below steps.
func (r *recipe) shared(folder string, n *node) (*node, error) {
	for _, dir := range suffixed(r.steps, folder) {
		file, err := within(dir, n.text, n.at)
		if err != nil {
			return nil, err
		}
		doc, err := r.read(file)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return doc, err
		}
	}
	return nil, fmt.Errorf("%s: no file %s in steps/%s", n.at, n.text, folder)
}
