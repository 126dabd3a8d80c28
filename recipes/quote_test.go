package recipes

import (
	"testing"

	"github.com/goccy/go-yaml"
)

// Whatever a text holds, it is the same when it is printed and read again.
func TestPrintedTextsStayTheSame(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "a", "a\n", "a\nb", "a\nb\n", "a\n\nb\n", "a\n \nb\n", "a\n\n", " a\nb\n", "\ta\nb\n", "\na\n", "a\n\n  \n", "a\nb\n ",
		"a\r\nb", "#a\nb\n", "a: b\nc\n", "'a\n", "a\\\n       ", "a\n---\nb\n", "é\n ü\n <&>", " \"a\" \\ é <&>\n\tb", "- a\n",
	} {
		r := &Resolved{Suite: trixie(), Levels: []Level{{}, {Name: "x", Run: []Step{{Name: "n", Sh: text + "x", Args: []string{text}}}}}, Image: Image{Env: map[string]string{"A": text}}}
		printed, err := r.YAML()
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Run []struct {
				Sh   string
				Args []string
			}
			Image struct{ Env map[string]string }
		}
		if err := yaml.Unmarshal(printed, &doc); err != nil {
			t.Errorf("%q: %v in\n%s", text, err, printed)
			continue
		}
		if doc.Run[0].Sh != text+"x" || doc.Run[0].Args[0] != text || doc.Image.Env["A"] != text {
			t.Errorf("%q: got %+v of\n%s", text, doc, printed)
		}
	}
}
