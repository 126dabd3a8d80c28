package recipes

import (
	"errors"
	"strings"
	"testing"
)

// Texts that cost much more than they weigh, in other readers of YAML.
func TestHostileTextsEndSoon(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 9) + "x]\n"
	}
	var steps strings.Builder
	for i := range 330 {
		steps.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for name, text := range map[string]string{
		"anchors that multiply": bomb,
		"brackets":              "a: " + strings.Repeat("[", (64<<10)-10),
		"braces":                "a: " + strings.Repeat("{", (64<<10)-10),
		"dashes":                strings.Repeat("- ", (64<<10)/2-10),
		"ever deeper keys":      steps.String(),
		"one long key":          strings.Repeat("k", (64<<10)-10) + ": v",
		"many variables":        bare + "vars: {a: \"" + strings.Repeat("${b}", 15_000) + "\"}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Load(tree{"x.yaml": text}.read, []string{"x.yaml"}, nil); err == nil {
				t.Error("no mistake")
			}
		})
	}
}

// Variables that double each other would need more memory than there is.
func TestVariablesDoNotMultiply(t *testing.T) {
	t.Parallel()
	text := bare + "vars:\n  v: \"" + strings.Repeat("x", 1000) + "\"\n"
	for c := range 40 {
		text += strings.ReplaceAll("  vN: \"${vM}${vM}\"\n", "M", number(c))
		text = strings.ReplaceAll(text, "vN", "v"+number(c+1))
	}
	_, err := Load(tree{"x.yaml": text}.read, []string{"x.yaml"}, nil)
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v", err)
	}
}

func number(n int) string { return strings.Repeat("i", n) }

func TestReadingFails(t *testing.T) {
	t.Parallel()
	broken := func(name string) ([]byte, error) {
		if name == "x.yaml" {
			return []byte("name: x\nfrom: base\n"), nil
		}
		return nil, errors.New("input/output error")
	}
	for file, want := range map[string]string{
		"y.yaml": "reading recipe \"y.yaml\": input/output error",
		"x.yaml": "x.yaml:2:7: reading recipe \"base\": input/output error\n  from: base\n        ^",
	} {
		if _, err := Load(broken, []string{file}, nil); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}
