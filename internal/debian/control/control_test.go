package control

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads all stanzas of text.
func readAll(r io.Reader) (all []Stanza, err error) {
	reader := NewReader(r)
	for {
		s, err := reader.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
}

func TestReaderReadsStanzas(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       []Stanza
	}{
		{"nothing", "", nil},
		{"blank lines only", "\n\n\n", nil},
		{"one field", "Package: apt\n", []Stanza{{{"Package", "apt"}}}},
		{"no newline at the end", "Package: apt", []Stanza{{{"Package", "apt"}}}},
		{"two stanzas", "A: 1\n\nB: 2\n", []Stanza{{{"A", "1"}}, {{"B", "2"}}}},
		{"many blank lines between", "\n\nA: 1\n\n\n\nB: 2\n\n", []Stanza{{{"A", "1"}}, {{"B", "2"}}}},
		{"folded", "Depends: a,\n b,\n\tc\nSize: 1\n", []Stanza{{{"Depends", "a,\n b,\n\tc"}, {"Size", "1"}}}},
		{"first line empty", "SHA256:\n x 1 y\n z 2 w\n", []Stanza{{{"SHA256", "x 1 y\n z 2 w"}}}},
		{"empty value", "Tag:\nSize: 1\n", []Stanza{{{"Tag", ""}, {"Size", "1"}}}},
		{"colon in the value", "Homepage: http://x\n", []Stanza{{{"Homepage", "http://x"}}}},
		{"blanks around", "A \t:1\n", nil},
		{"no blank behind the colon", "A:1\t \n", []Stanza{{{"A", "1"}}}},
		{"dot for an empty line", "D: x\n .\n y\n", []Stanza{{{"D", "x\n .\n y"}}}},
		{"not ASCII in the value", "M: Łukasz\n", []Stanza{{{"M", "Łukasz"}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once":      strings.NewReader(tc.text),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tc.text)),
				"data and EOF": iotest.DataErrReader(strings.NewReader(tc.text)),
			} {
				got, err := readAll(r)
				if tc.want == nil && tc.text != "" && strings.Contains(tc.text, ":") {
					if err == nil {
						t.Errorf("%s: no error, but %q", name, got)
					}
					continue
				}
				if err != nil || !reflect.DeepEqual(got, tc.want) {
					t.Errorf("%s: got %q, %v; want %q", name, got, err, tc.want)
				}
			}
		})
	}
}

func TestReaderNamesTheLineOfAMistake(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"no colon", "A: 1\nB 2\n", `line 2: not a field "B 2"`},
		{"colon on a further line only", "B\n c: d\n", `line 1: not a field "B"`},
		{"starts with a blank", " A: 1\n", `line 1: not a field " A: 1"`},
		{"comment", "A: 1\n\n# B: 1\n", `line 3: not a field "# B: 1"`},
		{"armour", "-----BEGIN PGP SIGNATURE-----\nA: 1\n", `line 1: not a field "-----BEGIN PGP SIGNATURE-----"`},
		{"blank in the name", "A B: 1\n", `line 1: not a field "A B: 1"`},
		{"not ASCII in the name", "Ä: 1\n", `line 1: not a field "Ä: 1"`},
		{"no name", ": 1\n", `line 1: not a field ": 1"`},
		{"twice", "A: 1\n x\nB: 2\na: 3\n", `line 4: field a stands twice in its stanza`},
		{"blank line inside", "\n\nA: 1\n  \n b\n", `line 4: blank line inside of a field`},
		{"carriage returns", "A: 1\r\n\r\nB: 2\r\n", `line 2: not a field "\r"`},
		{"long", strings.Repeat("x", 99), `line 1: not a field "` + strings.Repeat("x", 60) + `…"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := readAll(strings.NewReader(tc.text))
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestReaderStopsAtItsFirstError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	r := NewReader(io.MultiReader(strings.NewReader("A: 1\n\nB: 2\n"), iotest.ErrReader(broken)))
	if s, err := r.Next(); err != nil || s.Get("a") != "1" {
		t.Fatalf("got %q, %v", s, err)
	}
	for range 2 {
		if s, err := r.Next(); !errors.Is(err, broken) {
			t.Errorf("got %q, %v", s, err)
		}
	}
}

func TestReaderRefusesWhatHasNoEnd(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader("A: "), endlessReader("very long\n "))
	if _, err := NewReader(endless).Next(); err == nil || !strings.HasPrefix(err.Error(), "line 1: stanza larger than") {
		t.Errorf("got %v", err)
	}
	if _, err := NewReader(stuckReader{}).Next(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: got %v", err)
	}
}

// endlessReader gives its text again and again.
type endlessReader string

func (e endlessReader) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat(string(e), len(p)/len(e)+1)), nil
}

// stuckReader gives nothing and no error.
type stuckReader struct{}

func (stuckReader) Read([]byte) (int, error) { return 0, nil }

func TestGetDoesNotDistinguishCase(t *testing.T) {
	t.Parallel()
	s := Stanza{{"Multi-Arch", "same"}}
	if s.Get("multi-arch") != "same" || s.Get("Multi") != "" {
		t.Errorf("got %q and %q", s.Get("multi-arch"), s.Get("Multi"))
	}
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{"", "A: 1\n\nB: 2", "A:\n x\n\ty\n\n\n", "A: 1\n  \n", "-: 1", "A: 1\r\n", "Ä: 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stanzas, err := readAll(strings.NewReader(text))
		again, err2 := readAll(iotest.HalfReader(strings.NewReader(text)))
		if !reflect.DeepEqual(stanzas, again) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("the size of the pieces matters: %q, %v and %q, %v", stanzas, err, again, err2)
		}
		// What was read can be written and read again.
		var written strings.Builder
		for _, s := range stanzas {
			for _, field := range s {
				fmt.Fprintf(&written, "%s: %s\n", field.Name, field.Value)
			}
			written.WriteString("\n")
		}
		back, err := readAll(strings.NewReader(written.String()))
		if err != nil || !reflect.DeepEqual(stanzas, back) {
			t.Fatalf("wrote %q of %q, read %q, %v", written.String(), stanzas, back, err)
		}
	})
}
