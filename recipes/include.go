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
	for _, n := range p.root.get("include").list {
		if n.bad {
			continue
		}
		file := n.value
		if !path.IsAbs(file) {
			file = path.Join(p.near, file)
		}
		switch {
		case p.near == "":
			l.mistakes.add(p.text, n.at, "a recipe that comes with the program cannot include files")
			continue
		case slices.Contains(within, file):
			l.mistakes.add(p.text, n.at, "file includes itself: %s", strings.Join(append(within, file), " includes "))
			continue
		}
		if first, twice := met[file]; twice {
			l.mistakes.add(p.text, n.at, "%s is included twice, first at %s", file, first)
			continue
		}
		met[file] = n.at
		data, err := l.read(file)
		if err != nil {
			l.mistakes.add(p.text, n.at, "reading include %q: %v", file, err)
			continue
		}
		included := decode(file, path.Dir(file), data, grammar.Fragment(), l.mistakes)
		included.by, included.byText = n.text, p.text
		parts = append(parts, l.expand(included, append(slices.Clone(within), file), met)...)
	}
	return append(parts, p)
}

// includedOnce reports files that two recipes of a chain include.
func (l *loader) includedOnce(chain []*recipe) {
	seen := map[string]Position{}
	for _, r := range chain {
		for _, p := range r.parts {
			if !p.by.at.isSet() {
				continue
			}
			if first, twice := seen[p.file]; twice && first != p.by.at {
				l.mistakes.add(p.byText, p.by.at, "%s is included twice, first at %s", p.file, first)
				continue
			}
			seen[p.file] = p.by.at
		}
	}
}

func (p Position) isSet() bool { return p != Position{} }
