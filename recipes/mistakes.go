package recipes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// mistakes is the error that holds everything wrong with the recipes of one
// [Load].
type mistakes struct{ list []mistake }

// mistake is one thing wrong. A zero Line means the file as a whole, an empty
// File something outside the recipes, such as --set.
type mistake struct {
	at      Position
	message string
	// line is the text of the recipe's line.
	line string
}

// Error returns all mistakes, those of one file in the order of its lines.
func (m *mistakes) Error() string {
	texts := make([]string, len(m.list))
	for i, one := range m.list {
		texts[i] = one.String()
	}
	return strings.Join(texts, "\n")
}

func (m mistake) String() string {
	switch {
	case m.at.File == "":
		return m.message
	case m.at.Line == 0:
		return m.at.File + ": " + m.message
	}
	text := fmt.Sprintf("%s: %s", m.at, m.message)
	if strings.TrimSpace(m.line) == "" {
		return text
	}
	return text + "\n  " + m.line + "\n  " + indentLike(m.line, m.at.Col-1) + "^"
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

// err returns m sorted, each mistake told once, or nil when there is none.
func (m *mistakes) err() error {
	if len(m.list) == 0 {
		return nil
	}
	slices.SortStableFunc(m.list, func(a, b mistake) int {
		return cmp.Or(strings.Compare(a.at.File, b.at.File), a.at.Line-b.at.Line, a.at.Col-b.at.Col,
			strings.Compare(a.message, b.message))
	})
	m.list = slices.Compact(m.list)
	return m
}

// add records a mistake in a text at the place given.
func (m *mistakes) add(text []byte, at Position, format string, args ...any) {
	one := mistake{at: at, message: fmt.Sprintf(format, args...)}
	if lines := strings.Split(string(text), "\n"); at.Line > 0 && at.Line <= len(lines) {
		one.line = strings.TrimRight(lines[at.Line-1], "\r")
	}
	m.list = append(m.list, one)
}
