package recipes

import "testing"

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
		{"past the line's end", "a\n", at(1, 9), "x.yaml:1:9: wrong\n  a\n   ^"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := &mistakes{}
			m.add([]byte(tc.text), tc.at, "wrong")
			if got := m.err().Error(); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestMistakesAreSortedAndToldOnce(t *testing.T) {
	t.Parallel()
	m := &mistakes{}
	if m.err() != nil {
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
		m.add(nil, Position{File: one.file, Line: one.line, Col: one.col}, "%s", one.message)
	}
	want := "a:1:1: first\na:1:1: second\na:1:9: right\na:2:1: late\nb:1:1: b"
	if got := m.err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A mistake of base is told once, however many recipes come from base.
func TestSharedParentsAreToldOnce(t *testing.T) {
	t.Parallel()
	files := tree{
		"base.yaml": "name: base\nfrom: {debian: trixie}\npackages: [VIM]\n",
		"a.yaml":    "name: a\nfrom: base\n",
		"b.yaml":    "name: b\nfrom: base\n",
	}
	_, err := Load(files.read, []string{"a.yaml", "b.yaml", "base.yaml"}, nil)
	if err == nil || len(err.(*mistakes).list) != 1 {
		t.Errorf("got\n%v\nwant one mistake", err)
	}
}
