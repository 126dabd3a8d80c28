package debian

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// unknown says that there is no package of the name asked for, and what comes
// near to it.
func (ix *Index) unknown(name string) error {
	err := fmt.Errorf("the index has no package %q", name)
	if providers := ix.providers[name]; len(providers) > 0 {
		names := make([]string, len(providers))
		for i, p := range providers {
			names[i] = p.Name
		}
		slices.Sort(names)
		return ui.WithHint(err, "%s is virtual; name one of its providers: %s", name, list(names))
	}
	if near := ix.near(name); len(near) > 0 {
		return ui.WithHint(err, "did you mean %s?", list(near))
	}
	return ui.WithHint(err, "see whether the suite has it for %s: https://packages.debian.org/%s", ix.arch, name)
}

// near returns up to three names of packages that are few edits away from
// name, the nearest first.
func (ix *Index) near(name string) []string {
	limit := max(1, len(name)/4)
	byDistance := make([][]string, limit+1)
	for other := range ix.byName {
		if d := distance(name, other, limit); d <= limit {
			byDistance[d] = append(byDistance[d], other)
		}
	}
	var near []string
	for _, names := range byDistance {
		slices.Sort(names)
		near = append(near, names...)
	}
	return near[:min(3, len(near))]
}

// distance is the number of edits (insert, delete, replace, swap neighbours)
// between a and b, or some number above limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		if slices.Min(row) > limit {
			return limit + 1
		}
	}
	return row[len(b)]
}

// unsatisfied says why none of the alternatives can be had. One failure is the
// next link of the chain; several stand beside each other.
func (ix *Index) unsatisfied(alternatives []Relation, failures []error) error {
	texts := make([]string, len(alternatives))
	for i, r := range alternatives {
		texts[i] = r.String()
	}
	wanted := strings.Join(texts, " | ")
	switch len(failures) {
	case 0:
		return fmt.Errorf("%s, %w", wanted, ix.missing(alternatives[0]))
	case 1:
		return fmt.Errorf("%s, %w", wanted, errors.Unwrap(failures[0]))
	default:
		return fmt.Errorf("%s, none of which can be had: %w", wanted, errors.Join(failures...))
	}
}

// missing says what the index has instead of r.
func (ix *Index) missing(r Relation) error {
	if p := ix.byName[r.Name]; p != nil && r.Operator != "" && !r.holdsFor(p.Version) {
		return ui.WithHint(fmt.Errorf("but the index has %s %s", p.Name, p.Version),
			"the archive is being changed, or its parts do not belong together: try again later, or another mirror")
	}
	if p := ix.byName[r.Name]; p != nil {
		return fmt.Errorf("but %s %s of the index does not satisfy it (Multi-Arch: %q)", p.Name, p.Version, p.MultiArch)
	}
	return fmt.Errorf("but %w", ix.unknown(r.Name))
}

// list joins up to five words.
func list(words []string) string {
	if len(words) > 5 {
		words = append(slices.Clone(words[:5]), "…")
	}
	return strings.Join(words, ", ")
}
