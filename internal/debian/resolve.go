package debian

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Request says what is to be installed, in groups that become layers.
type Request struct {
	// Groups are the names of packages asked for. A group stands on those before
	// it; the order within a group is of no importance.
	Groups [][]string
	// Bare adds to the first group what a Debian system consists of: all that is
	// Essential or of priority "required" (policy 3.8, 2.5), and apt.
	Bare bool
}

// Resolve answers the closure of the request's groups, and for each group the
// packages that are new in it, sorted by name. What apt does is the measure:
// Depends and Pre-Depends, no Recommends; of alternatives the first that is
// installed already, else the first that can be; a package of the name before
// its providers.
//
// It differs from apt in three things. Where packages conflict apt may go back
// on a choice it made earlier; here a choice stands, an alternative that
// conflicts with it is passed over, and when none is left the set is unsolvable.
// Where providers of a virtual package are equal in all else, apt takes the one
// that its cache numbered last, which is the one that all relations of all
// packages name first the latest; here it is the one that comes last in the
// index. And a virtual package cannot be asked for, not even if it has one
// provider only, for what an archive provides may change.
//
// The error of an unsolvable set names the chain of who needs what.
func (ix *Index) Resolve(req Request) ([][]Package, error) {
	s := solver{
		index:     ix,
		chosen:    map[string]*Package{},
		expanded:  map[string]bool{},
		relations: map[string]*relations{},
		offers:    map[string][]string{},
		bans:      map[string][]ban{},
	}
	result := make([][]Package, len(req.Groups))
	for i, names := range req.Groups {
		before := maps.Clone(s.chosen)
		if i == 0 && req.Bare {
			names = append(slices.Concat(ix.baseNames, names), "apt")
		}
		if err := s.installAll(names); err != nil {
			return nil, fmt.Errorf("resolving packages for %s: %w", ix.arch, err)
		}
		for name, p := range s.chosen {
			if before[name] == nil {
				result[i] = append(result[i], *p)
			}
		}
		slices.SortFunc(result[i], func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	}
	return result, nil
}

// solver is the state of one resolution. Names stand for packages, for one
// version of each can be chosen.
type solver struct {
	index     *Index
	chosen    map[string]*Package
	expanded  map[string]bool // whose dependencies were looked after
	order     []*Package      // of choosing, to take choices back
	relations map[string]*relations
	offers    map[string][]string // name → the chosen packages that provide it
	bans      map[string][]ban    // name → what chosen packages do not stand beside
}

// installAll chooses the packages asked for, all before the dependencies of
// any, so that alternatives see them (as apt-get does with its arguments).
func (s *solver) installAll(names []string) error {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	for _, name := range names {
		p := s.index.byName[name]
		if p == nil {
			return fmt.Errorf("asked for %s: %w", name, s.index.unknown(name))
		}
		if s.chosen[name] == nil {
			if err := s.choose(p); err != nil {
				return fmt.Errorf("asked for %s: %w", name, err)
			}
		}
	}
	for _, name := range names {
		if err := s.expand(s.chosen[name]); err != nil {
			return fmt.Errorf("asked for %s, which %w", name, err)
		}
	}
	return nil
}

// install chooses p with all that it needs, or changes nothing.
func (s *solver) install(p *Package) error {
	mark := len(s.order)
	if err := s.choose(p); err != nil {
		return err
	}
	err := s.expand(p)
	if err != nil {
		for len(s.order) > mark {
			s.dismiss()
		}
		return fmt.Errorf("which %w", err)
	}
	return nil
}

// expand installs what p needs.
func (s *solver) expand(p *Package) error {
	if s.expanded[p.Name] {
		return nil
	}
	s.expanded[p.Name] = true
	rel, err := s.relationsOf(p)
	if err != nil {
		return fmt.Errorf("has a broken field: %w", err)
	}
	for _, alternatives := range rel.needs {
		if err := s.satisfy(alternatives); err != nil {
			return fmt.Errorf("needs %w", err)
		}
	}
	return nil
}

// satisfy sees to it that one of the alternatives is chosen.
func (s *solver) satisfy(alternatives []Relation) error {
	applies := slices.DeleteFunc(slices.Clone(alternatives), func(r Relation) bool { return !r.appliesTo(s.index.arch) })
	if len(applies) == 0 || slices.ContainsFunc(applies, s.satisfied) {
		return nil
	}
	var failures []error
	for _, r := range applies {
		for _, p := range s.index.candidates(r) {
			if s.chosen[p.Name] != nil {
				continue
			}
			err := s.install(p)
			if err == nil {
				return nil
			}
			failures = append(failures, fmt.Errorf("%s: %w", p.Name, err))
		}
	}
	return s.index.unsatisfied(applies, failures)
}

// satisfied tells whether a chosen package is what r wants.
func (s *solver) satisfied(r Relation) bool {
	if p := s.chosen[r.Name]; p != nil && s.index.matches(p, r) {
		return true
	}
	return slices.ContainsFunc(s.offers[r.Name], func(name string) bool { return provides(s.chosen[name], r) })
}
