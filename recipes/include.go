package recipes

import (
	"path"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// expand returns the parts that a part includes, in order, then the part itself.
// within are the files on the way to it, met those included before, of which a
// second meeting is a mistake: what they add would be there twice.
func (l *loader) expand(p *part, within []string, met map[string]Position) []*part {
	var parts []*part
	for _, n := range p.root.Get("include").List {
		if n.Bad {
			continue
		}
		file := n.Value
		if !path.IsAbs(file) {
			file = path.Join(p.near, file)
		}
		switch {
		case p.near == "":
			l.mistakes.Add(p.text, n.At, "a recipe that comes with the program cannot include files")
			continue
		case slices.Contains(within, file):
			l.mistakes.Add(p.text, n.At, "file includes itself: %s", strings.Join(append(within, file), " includes "))
			continue
		}
		if first, twice := met[file]; twice {
			l.mistakes.Add(p.text, n.At, "%s is included twice, first at %s", file, first)
			continue
		}
		met[file] = n.At
		data, err := l.read(file)
		if err != nil {
			l.mistakes.Add(p.text, n.At, "reading include %q: %v", file, err)
			continue
		}
		included := decode(file, path.Dir(file), data, grammar.Fragment(), l.mistakes)
		included.by, included.byText = n.Text, p.text
		parts = append(parts, l.expand(included, append(slices.Clone(within), file), met)...)
	}
	return append(parts, p)
}

// includedOnce reports files that two recipes of a chain include.
func (l *loader) includedOnce(chain []*recipe) {
	seen := map[string]Position{}
	for _, r := range chain {
		for _, p := range r.parts {
			if !p.by.At.IsSet() {
				continue
			}
			if first, twice := seen[p.file]; twice && first != p.by.At {
				l.mistakes.Add(p.byText, p.by.At, "%s is included twice, first at %s", p.file, first)
				continue
			}
			seen[p.file] = p.by.At
		}
	}
}
