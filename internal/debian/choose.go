package debian

import (
	"fmt"
	"slices"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// relations are the parsed fields of a package.
type relations struct {
	needs   [][]Relation // Pre-Depends, then Depends
	refuses []Relation   // Conflicts, then Breaks
}

// ban is a Conflicts or Breaks of a chosen package.
type ban struct {
	by       string
	relation Relation
}

// relationsOf parses the fields of p, once.
func (s *solver) relationsOf(p *Package) (*relations, error) {
	if rel := s.relations[p.Name]; rel != nil {
		return rel, nil
	}
	rel := &relations{}
	for _, field := range []string{p.PreDepends, p.Depends} {
		groups, err := ParseRelations(field)
		if err != nil {
			return nil, err
		}
		rel.needs = append(rel.needs, groups...)
	}
	for _, field := range []string{p.Conflicts, p.Breaks} {
		groups, err := ParseRelations(field)
		if err != nil {
			return nil, err
		}
		for _, group := range groups {
			if group[0].appliesTo(s.index.arch) {
				rel.refuses = append(rel.refuses, group[0])
			}
		}
	}
	s.relations[p.Name] = rel
	return rel, nil
}

// choose takes p into the set, unless it cannot stand beside what is there.
func (s *solver) choose(p *Package) error {
	rel, err := s.relationsOf(p)
	if err != nil {
		return fmt.Errorf("has a broken field: %w", err)
	}
	if err := s.conflict(p, rel); err != nil {
		return err
	}
	s.chosen[p.Name] = p
	s.order = append(s.order, p)
	for name := range providedNames(p.Provides) {
		s.offers[name] = append(s.offers[name], p.Name)
	}
	for _, r := range rel.refuses {
		s.bans[r.Name] = append(s.bans[r.Name], ban{p.Name, r})
	}
	return nil
}

// dismiss takes back the last choice.
func (s *solver) dismiss() {
	p := s.order[len(s.order)-1]
	s.order = s.order[:len(s.order)-1]
	delete(s.chosen, p.Name)
	delete(s.expanded, p.Name)
	for name := range providedNames(p.Provides) {
		s.offers[name] = s.offers[name][:len(s.offers[name])-1]
	}
	for _, r := range s.relations[p.Name].refuses {
		s.bans[r.Name] = s.bans[r.Name][:len(s.bans[r.Name])-1]
	}
}

// conflict returns an error when p and the chosen refuse each other (policy
// 7.3, 7.4). A package may refuse what it provides itself.
func (s *solver) conflict(p *Package, rel *relations) error {
	for _, r := range rel.refuses {
		beside := slices.Clone(s.offers[r.Name])
		if q := s.chosen[r.Name]; q != nil {
			beside = append(beside, q.Name)
		}
		for _, name := range beside {
			if q := s.chosen[name]; name != p.Name && (s.index.matches(q, r) || provides(q, r)) {
				return ui.WithHint(fmt.Errorf("%s refuses to stand beside %s %s, by its Conflicts or Breaks %q", p.Name, q.Name, q.Version, r),
					"leave one of %s and %s out", p.Name, q.Name)
			}
		}
	}
	names := slices.AppendSeq([]string{p.Name}, providedNames(p.Provides))
	for _, name := range names {
		for _, b := range s.bans[name] {
			if b.by != p.Name && (s.index.matches(p, b.relation) || provides(p, b.relation)) {
				return ui.WithHint(fmt.Errorf("%s refuses to stand beside %s %s, by its Conflicts or Breaks %q", b.by, p.Name, p.Version, b.relation),
					"leave one of %s and %s out", b.by, p.Name)
			}
		}
	}
	return nil
}
