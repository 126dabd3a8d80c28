package llb

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// drawing draws the two smallest shipped images.
func drawing(t *testing.T) *Drawing {
	t.Helper()
	d, err := Draw(graph(t, input(load(t, nil, "base"), "amd64")), graph(t, input(load(t, nil, "dnsmasq"), "amd64")))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestGoldenDrawings(t *testing.T) {
	t.Parallel()
	d := drawing(t)
	golden(t, "drawing.dot", d.Dot())
	golden(t, "drawing.md", "```mermaid\n"+d.Mermaid()+"```\n")
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	// Digests change with every script; the golden file shows which are equal.
	text := string(data) + "\n"
	for i, v := range d.Vertices {
		text = strings.ReplaceAll(text, v.Digest.String(), fmt.Sprintf("sha256:%d", i+1))
	}
	golden(t, "drawing.json", text)
}

// What two images share must be there once, and every input before its use.
func TestADrawingSharesVertices(t *testing.T) {
	t.Parallel()
	d := drawing(t)
	seen, ops := map[digest.Digest]bool{}, map[string]int{}
	for _, v := range d.Vertices {
		for _, in := range v.Inputs {
			if !seen[in] {
				t.Errorf("%s uses %s, which is not before it", v.Name, in)
			}
		}
		if seen[v.Digest] {
			t.Errorf("%s is there twice", v.Name)
		}
		seen[v.Digest] = true
		ops[v.Op]++
	}
	if configured := strings.Count(d.Dot(), "configure 70 packages"); configured != 1 {
		t.Errorf("the bare base is configured %d times", configured)
	}
	if len(d.Images) != 2 || d.Images[1].Title != "dnsmasq for linux/amd64" || !seen[d.Images[1].Result] {
		t.Errorf("the images are %v", d.Images)
	}
	if ops["source"] == 0 || ops["merge"] == 0 || ops["exec"] == 0 || len(ops) != 3 {
		t.Errorf("the operations are %v", ops)
	}
}

// Each line of a drawing must be a statement of its language, whatever a step is called.
func TestDrawingsAreValid(t *testing.T) {
	t.Parallel()
	recipe := strings.Replace(small, "name: first", `name: 'a "quoted" \ <b>#1</b>; -> --> [x](y){z}'`, 1)
	d, err := Draw(graph(t, input(load(t, map[string]string{"x.yaml": recipe}, "x.yaml"), "amd64")))
	if err != nil {
		t.Fatal(err)
	}
	const dotString = `"([^"\\]|\\["\\])*"`
	for _, language := range []struct{ name, text, line string }{
		{"dot", d.Dot(), `^(digraph oarbuild \{|\}|\trankdir=BT|\tnode \[shape=box\]|\t\w+ -> \w+|\t\w+ \[label=` + dotString + `( \w+=\w+)?\])$`},
		{"mermaid", d.Mermaid(), `^(flowchart BT|\t\w+ --> \w+|\t\w+(\("[^"<>\\]*"\)|\["[^"<>\\]*"\]|\(\["[^"<>\\]*"\]\)))$`},
	} {
		valid := regexp.MustCompile(language.line)
		for line := range strings.Lines(language.text) {
			if !valid.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%s: no statement: %s", language.name, line)
			}
		}
	}
	if want := `run: a #quot;quoted#quot; #92; #lt;b#gt;#35;1#lt;/b#gt;; -#gt; --#gt; [x](y){z}`; !strings.Contains(d.Mermaid(), want) {
		t.Errorf("no %s in\n%s", want, d.Mermaid())
	}
}

func TestDrawRefusesWhatIsNoGraph(t *testing.T) {
	t.Parallel()
	g := graph(t, input(load(t, nil, "base"), "amd64"))
	g.Definition.Def[0] = []byte("no vertex")
	if _, err := Draw(g); err == nil || !strings.Contains(err.Error(), "reading vertex 0") {
		t.Errorf("got %v", err)
	}
}
