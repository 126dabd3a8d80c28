package recipes

import (
	"embed"
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
)

//go:embed *.yaml
var shipped embed.FS

// suffix is how the files of recipes end.
const suffix = ".yaml"

// ownPrefix begins the paths of what is the program's own.
const ownPrefix = "shipped:"

// Shipped lists the names of the program's own recipes, sorted.
func Shipped() []string {
	entries, err := shipped.ReadDir(".")
	if err != nil {
		return nil
	}
	var list []string
	for _, e := range entries {
		list = append(list, strings.TrimSuffix(e.Name(), suffix))
	}
	return list
}

// Load reads recipes and all that they come from, replaces their variables, and
// answers them in the order of files. A file is a path for read (os.ReadFile,
// say), or the name of a shipped recipe. `from: base` means base.yaml beside
// the recipe, else the shipped base. set holds the variables of --set.
//
// The error tells everything wrong in any of them: for each mistake a line
// `file:line:col: message`, with the line of the recipe and a mark under it.
func Load(read func(file string) ([]byte, error), files []string, set map[string]string) ([]*Resolved, error) {
	l := &loader{read: read, recipes: map[string]*recipe{}, mistakes: &mistakes{}}
	known := map[string]bool{}
	named := map[string]string{}
	var all []*Resolved
	for _, file := range files {
		list := l.chain(file)
		if list == nil {
			continue
		}
		c := &chain{recipes: list, set: set, read: read, mistakes: l.mistakes}
		r := c.resolve()
		for _, v := range r.Vars {
			known[v.Name] = true
		}
		if other, twice := named[r.Name]; twice && r.Name != "" {
			l.mistakes.Add(nil, Position{File: r.File}, "image %q is also the one of %s", r.Name, other)
		}
		named[r.Name] = r.File
		all = append(all, r)
	}
	for _, name := range names(set) {
		if !known[name] && len(all) > 0 {
			l.mistakes.Add(nil, Position{}, "--set %s: unknown variable%s", name, suggest.For(name, names(known)))
		}
	}
	return all, l.mistakes.Err()
}
