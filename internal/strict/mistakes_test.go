package strict

import (
	"bytes"
	"strings"
	"testing"
)

func TestHowMistakesRead(t *testing.T) {
	t.Parallel()
	at := func(line, col int) Position { return Position{File: "x.yaml", Line: line, Col: col} }
	for _, tc := range []struct {
		name, text string
		at         Position
		want       string
	}{
		{"no file", "", Position{}, "wrong"},
		{"a file as a whole", "a\n", Position{File: "x.yaml"}, "x.yaml: wrong"},
		{"a line", "a\nbc\n", at(2, 2), "x.yaml:2:2: wrong\n  bc\n   ^"},
		{"a tab before it", "\ta: b\n", at(1, 5), "x.yaml:1:5: wrong\n  \ta: b\n  \t   ^"},
		{"letters of two bytes before it", "é: b\n", at(1, 4), "x.yaml:1:4: wrong\n  é: b\n     ^"},
		{"an empty line", "a\n\n", at(2, 1), "x.yaml:2:1: wrong"},
		{"a line that is not there", "a\n", at(9, 1), "x.yaml:9:1: wrong"},
		{"a line that is too long to look at", strings.Repeat("a", 401) + "\n", at(1, 2), "x.yaml:1:2: wrong"},
		{"past the line's end", "a\n", at(1, 9), "x.yaml:1:9: wrong\n  a\n   ^"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := &Mistakes{}
			m.Add([]byte(tc.text), tc.at, "wrong")
			if got := m.Err().Error(); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestMistakesAreSortedAndToldOnce(t *testing.T) {
	t.Parallel()
	m := &Mistakes{}
	if m.Err() != nil {
		t.Error("no mistakes are an error")
	}
	for _, one := range []struct {
		file      string
		line, col int
		message   string
	}{
		{"b", 1, 1, "b"}, {"a", 2, 1, "late"}, {"a", 1, 9, "right"}, {"a", 1, 1, "second"}, {"a", 1, 1, "first"},
		{"b", 1, 1, "b"}, {"a", 1, 1, "second"},
	} {
		m.Add(nil, Position{File: one.file, Line: one.line, Col: one.col}, "%s", one.message)
	}
	want := "a:1:1: first\na:1:1: second\na:1:9: right\na:2:1: late\nb:1:1: b"
	if got := m.Err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A mistake on each of 4000 lines of a text that has 2 MB: each looked for its line in
// a copy of all of it, which took 8 GB.
func TestManyMistakesInALongText(t *testing.T) {
	text := bytes.Repeat([]byte(strings.Repeat("x", 499)+"\n"), 4000)
	m := &Mistakes{}
	if made := testing.AllocsPerRun(1, func() {
		m.List = nil
		for line := range 4000 {
			m.Add(text, Position{File: "x.yaml", Line: line + 1, Col: 1}, "wrong")
		}
	}); made > 1.5*4000 {
		t.Errorf("4000 mistakes made %.0f allocations", made)
	}
	m.Add([]byte("a\nother\n"), Position{File: "y.yaml", Line: 2, Col: 1}, "wrong")
	m.Add(text, Position{File: "x.yaml", Line: 2, Col: 1}, "wrong")
	if y, x := m.List[4000].Line, m.List[4001].Line; y != "other" || len(x) != 499 {
		t.Errorf("got lines %q and %q", y, x)
	}
}
