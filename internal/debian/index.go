package debian

import (
	"slices"
	"strings"
)

// Index answers which packages of one architecture there are. It does not
// change and may be used by many goroutines.
type Index struct {
	arch      string
	byName    map[string]*Package   // the candidate of each name: its highest version
	providers map[string][]*Package // the candidates whose Provides name it, as they come in the lists
	baseNames []string              // of the candidates that are Essential or of priority "required"
}

// NewIndex makes an Index of what the lists have for the architecture: its own
// packages and those of architecture "all". Of several versions the highest
// counts, as for an apt without pins, and of equal ones that of the first list.
func NewIndex(arch string, lists ...[]Package) *Index {
	size := 0
	for _, list := range lists {
		size += len(list)
	}
	ix := &Index{arch: arch, byName: make(map[string]*Package, size), providers: map[string][]*Package{}}
	all := func(yield func(*Package) bool) {
		for _, list := range lists {
			for i := range list {
				if p := &list[i]; (p.Architecture == arch || p.Architecture == "all") && !yield(p) {
					return
				}
			}
		}
	}
	for p := range all {
		if other := ix.byName[p.Name]; other == nil || CompareVersions(p.Version, other.Version) > 0 {
			ix.byName[p.Name] = p
		}
	}
	for p := range all {
		if ix.byName[p.Name] != p {
			continue
		}
		for name := range providedNames(p.Provides) {
			ix.providers[name] = append(ix.providers[name], p)
		}
		if p.Essential || p.Priority == "required" {
			ix.baseNames = append(ix.baseNames, p.Name)
		}
	}
	return ix
}

// providedNames goes through the names of a Provides field. Its relations are
// parsed only when one of them matters, for the field is long in some thousand
// packages that nobody asks for.
func providedNames(field string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for field != "" {
			var one string
			one, field, _ = strings.Cut(field, ",")
			one = strings.TrimLeft(one, " \t\n")
			if end := strings.IndexAny(one, " \t\n(:"); end >= 0 {
				one = one[:end]
			}
			if one != "" && !yield(one) {
				return
			}
		}
	}
}

// candidates returns the packages that could satisfy the relation, the one
// that apt tries first at the front: the package of that name, then providers
// by Essential and by priority, and of equals the one that is last in the lists.
func (ix *Index) candidates(r Relation) []*Package {
	var found []*Package
	if p := ix.byName[r.Name]; p != nil && ix.matches(p, r) {
		found = append(found, p)
	}
	real := len(found)
	for _, p := range ix.providers[r.Name] {
		if !slices.Contains(found, p) && provides(p, r) {
			found = append(found, p)
		}
	}
	slices.Reverse(found[real:])
	slices.SortStableFunc(found[real:], func(a, b *Package) int {
		if a.Essential != b.Essential {
			if a.Essential {
				return -1
			}
			return 1
		}
		return priority(a.Priority) - priority(b.Priority)
	})
	return found
}

// priority is the place of a priority in policy 2.5's order.
func priority(name string) int {
	if i := slices.Index([]string{"required", "important", "standard", "optional"}, name); i >= 0 {
		return i
	}
	return 4
}

// matches tells whether p itself, by its name, is what r wants. Another
// package may stand for it by ":any" only where it is "Multi-Arch: allowed"; a
// package of architecture "all" counts as one of the index's own.
func (ix *Index) matches(p *Package, r Relation) bool {
	switch r.Qualifier {
	case "", "native", ix.arch:
	case "any":
		if p.MultiArch != "allowed" {
			return false
		}
	default:
		return false
	}
	return p.Name == r.Name && r.holdsFor(p.Version)
}

// provides tells whether a Provides of p is what r wants: one with a version
// when r has one (policy 7.5).
func provides(p *Package, r Relation) bool {
	if r.Qualifier != "" && r.Qualifier != "native" || !strings.Contains(p.Provides, r.Name) {
		return false
	}
	provided, err := ParseRelations(p.Provides)
	if err != nil {
		return false
	}
	for _, group := range provided {
		offer := group[0]
		if offer.Name == r.Name && (r.Operator == "" || offer.Operator == "=" && r.holdsFor(offer.Version)) {
			return true
		}
	}
	return false
}
