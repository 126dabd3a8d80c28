package strict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistakes is the error that holds everything wrong with the texts that were read
// together.
type Mistakes struct {
	List []Mistake

	text  []byte   // the one of the last mistake
	lines []string // of it: a long text may have a mistake on each
}

// Mistake is one thing wrong. A zero Line means the file as a whole, an empty
// File something outside the files, such as a flag.
type Mistake struct {
	At      Position
	Message string
	// Line is the text of the file's line.
	Line string
}

// Position is a place in a file.
type Position struct {
	File      string
	Line, Col int
	// End is the last line of the thing at this place.
	End int
}

// IsSet reports whether it is a place at all.
func (p Position) IsSet() bool { return p != Position{} }

// Error returns all mistakes, those of one file in the order of its lines.
func (m *Mistakes) Error() string {
	texts := make([]string, len(m.List))
	for i, one := range m.List {
		texts[i] = one.String()
	}
	return strings.Join(texts, "\n")
}

func (m Mistake) String() string {
	switch {
	case m.At.File == "":
		return m.Message
	case m.At.Line == 0:
		return m.At.File + ": " + m.Message
	}
	text := fmt.Sprintf("%s: %s", m.At, m.Message)
	if strings.TrimSpace(m.Line) == "" || len(m.Line) > maxShown {
		return text
	}
	return text + "\n  " + m.Line + "\n  " + indentLike(m.Line, m.At.Col-1) + "^"
}

// maxShown is how long a line may be that is shown: of a longer one nobody sees the
// place, and a whole file may be on it.
const maxShown = 400

// String returns the position as file:line:col, as compilers do.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// indentLike returns white space as wide as the first n characters of line,
// whose tabs stay tabs.
func indentLike(line string, n int) string {
	var b strings.Builder
	for _, r := range line {
		if b.Len() >= n {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Err returns m sorted, each mistake told once, or nil when there is none.
func (m *Mistakes) Err() error {
	if len(m.List) == 0 {
		return nil
	}
	slices.SortStableFunc(m.List, func(a, b Mistake) int {
		return cmp.Or(strings.Compare(a.At.File, b.At.File), a.At.Line-b.At.Line, a.At.Col-b.At.Col,
			strings.Compare(a.Message, b.Message))
	})
	m.List = slices.Compact(m.List)
	return m
}

// Add records a mistake in a text at the place given.
func (m *Mistakes) Add(text []byte, at Position, format string, args ...any) {
	one := Mistake{At: at, Message: fmt.Sprintf(format, args...)}
	if !same(text, m.text) {
		m.text, m.lines = text, strings.Split(string(text), "\n")
	}
	if at.Line > 0 && at.Line <= len(m.lines) {
		one.Line = strings.TrimRight(m.lines[at.Line-1], "\r")
	}
	m.List = append(m.List, one)
}

// same reports whether two texts are one and the same, not only equal.
func same(a, b []byte) bool {
	return len(a) > 0 && len(a) == len(b) && &a[0] == &b[0]
}
