// Package suggest answers an unknown word with the known one that was meant. It
// is pure, so that the language of recipes may use it.
package suggest

import (
	"fmt"
	"slices"
	"strings"
)

// maxListed bounds a list of known words: a longer one helps nobody.
const maxListed = 30

// For ends a message about an unknown word: ` (did you mean "x"?)` when one
// of the known words is near, else all that are
// known, if they are few.
func For(word string, known []string) string {
	best, distance := "", max(1, min(len(word), 12)/3)+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), k); d < distance {
			best, distance = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf(" (did you mean %q?)", best)
	case len(known) == 0 || len(known) > maxListed:
		return ""
	}
	known = slices.Sorted(slices.Values(known))
	return " (known: " + strings.Join(known, ", ") + ")"
}

// editDistance counts the letters to insert, delete, replace or swap with their
// neighbour to make b out of a (optimal string alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
