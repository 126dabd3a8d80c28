package strict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistakes is the error that holds everything wrong with the texts that were read
// together.
type Mistakes struct{ List []Mistake }

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
	if strings.TrimSpace(m.Line) == "" {
		return text
	}
	return text + "\n  " + m.Line + "\n  " + indentLike(m.Line, m.At.Col-1) + "^"
}

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
	if lines := strings.Split(string(text), "\n"); at.Line > 0 && at.Line <= len(lines) {
		one.Line = strings.TrimRight(lines[at.Line-1], "\r")
	}
	m.List = append(m.List, one)
}
