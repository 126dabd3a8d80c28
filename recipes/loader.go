package recipes

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// loader finds and decodes recipes, each once.
type loader struct {
	read     func(string) ([]byte, error)
	recipes  map[string]*recipe
	mistakes *mistakes
}

// chain answers the recipe of a file and all that it comes from, the lowest
// first, or nil after a mistake that leaves no chain.
func (l *loader) chain(file string) []*recipe {
	r := l.open(file)
	var list []*recipe
	for r != nil {
		if slices.Contains(list, r) {
			l.mistakes.Add(list[0].text, list[0].from.At, "recipe comes from itself: %s", loop(list))
			return nil
		}
		list = slices.Insert(list, 0, r)
		switch {
		case r.below != nil:
			r = r.below
		case r.from.Bad || r.from.Value == "":
			l.includedOnce(list)
			return list
		default:
			r = l.parent(r)
		}
	}
	return nil
}

// loop tells the way of a chain that bites its tail.
func loop(list []*recipe) string {
	var files []string
	for _, r := range list {
		files = append(files, r.file)
	}
	slices.Reverse(files)
	return strings.Join(append(files, list[0].from.Value), " from ")
}

// open reads the recipe that a user named.
func (l *loader) open(file string) *recipe {
	if path.Ext(file) == "" && !strings.Contains(file, "/") && slices.Contains(Shipped(), file) {
		return l.shipped(file)
	}
	r, err := l.file(file)
	if err != nil {
		l.mistakes.Add(nil, Position{}, "reading recipe %q: %v%s", file, err, missing(err, file))
	}
	return r
}

// missing says what could have been meant by a file that does not exist.
func missing(err error, file string) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return suggest.For(strings.TrimSuffix(path.Base(file), suffix), Shipped())
}

// parent reads the recipe that r comes from.
func (l *loader) parent(r *recipe) *recipe {
	name := r.from.Value
	if r.near != "" {
		p, err := l.file(path.Join(r.near, name+suffix))
		if err == nil {
			return p
		}
		if !errors.Is(err, fs.ErrNotExist) {
			l.mistakes.Add(r.text, r.from.At, "reading recipe %q: %v", name, err)
			return nil
		}
	}
	if p := l.shipped(name); p != nil {
		return p
	}
	l.mistakes.Add(r.text, r.from.At, "no recipe %q%s", name, suggest.For(name, Shipped()))
	return nil
}

// file reads a recipe of the user's.
func (l *loader) file(file string) (*recipe, error) {
	key := path.Clean(file)
	if r, ok := l.recipes[key]; ok {
		return r, nil
	}
	data, err := l.read(file)
	if err != nil {
		return nil, err
	}
	l.recipes[key] = l.recipe(file, path.Dir(file), data)
	return l.recipes[key], nil
}

// shipped reads a recipe of the program's, nil when it has none of that name.
func (l *loader) shipped(name string) *recipe {
	key := ownPrefix + name + suffix
	if r, ok := l.recipes[key]; ok {
		return r
	}
	data, err := shipped.ReadFile(name + suffix)
	if err != nil {
		return nil
	}
	l.recipes[key] = l.recipe(key, "", data)
	return l.recipes[key]
}

func (l *loader) recipe(file, near string, data []byte) *recipe {
	r := link(decode(file, near, data, grammar.Recipe(), l.mistakes))
	for one := r; one != nil; one = one.below {
		one.parts = l.expand(one.part, []string{path.Clean(file)}, map[string]Position{})
	}
	return r
}
