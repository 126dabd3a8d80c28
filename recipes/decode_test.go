package recipes

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/recipes/grammar"
)

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "x.yaml: recipe is empty"},
		{"comments only", "# nothing\n", "x.yaml: recipe is empty"},
		{"not UTF-8", "name: \xff\n", "x.yaml:1:7: byte 0xff is not UTF-8"},
		{"a zero byte", "name: a\nfr\x00m: b\n", "x.yaml:2:3: control character 0x00"},
		{"not a mapping", "- name\n", "x.yaml:1:1: a recipe is a mapping of keys to values, not a list"},
		{"a text", "hello\n", "x.yaml:1:1: a recipe is a mapping of keys to values, not a text"},
		{"a tab", bare + "vars:\n\ta: b\n", "x.yaml:4:1: not YAML: found character '\t' that cannot start any token"},
		{"an open bracket", bare + "tags: [a\n", "x.yaml:3:7: not YAML: sequence end token ']' not found"},
		{"an anchor", bare + "tags: &a [x]\n", "x.yaml:3:7: anchors and aliases are refused: write the value out"},
		{"an alias", bare + "tags: *a\n", "x.yaml:3:7: anchors and aliases are refused: write the value out"},
		{"a merge key", bare + "<<: {tags: [x]}\n", "x.yaml:3:1: merge keys are refused: write the keys out"},
		{"a tag", bare + "tags: !!set [x]\n", "x.yaml:3:7: YAML tags and directives are refused"},
		{"a directive", "%YAML 1.2\n---\n" + bare, "x.yaml:1:1: YAML tags and directives are refused"},
		{"a question mark", bare + "? tags\n: [x]\n", "x.yaml:3:1: keys with a question mark are refused: write key: value"},
		{"two documents", bare + "---\n" + bare, "x.yaml:4:5: a recipe is one document: a second one begins here"},
		{"deep brackets", bare + "tags: " + strings.Repeat("[", 20) + "\n", "x.yaml:3:23: nested deeper than 16"},
		{"deep dashes", bare + "tags:\n  " + strings.Repeat("- ", 20) + "a\n", "x.yaml:4:35: nested deeper than 16"},
		{"far too long", bare + "# " + strings.Repeat("x", (64<<10)), "x.yaml: recipe has 65573 bytes, more than 65536"},

		{"no name", "from: {debian: trixie}\n", "x.yaml:1:1: name is missing"},
		{"no from", "name: x\n", "x.yaml:1:1: from is missing: " + fromSay()},
		{"an empty from", "name: x\nfrom: ''\n", "x.yaml:2:7: from \"\": " + grammar.Name.Say},
		{"an empty mapping in from", "name: x\nfrom: {}\n", "x.yaml:2:7: debian or image or recipe is missing in from: " + fromSay()},
		{"a list in from", "name: x\nfrom: [base]\n", "x.yaml:2:7: from must be a text or a mapping, not a list"},
		{"an unknown base", "name: x\nfrom: {imag: y}\n", "x.yaml:2:8: unknown key \"imag\" in from (did you mean \"image\"?)"},
		{"an unknown key", bare + "pakages: [vim]\n", "x.yaml:3:1: unknown key \"pakages\" (did you mean \"packages\"?)"},
		{"a key given twice", bare + "tags: [a]\ntags: [b]\n", "x.yaml:4:1: key \"tags\" is given twice, first on line 3"},
		{"a key given twice in vars", bare + "vars: {a: b, a: c}\n", "x.yaml:3:14: key \"a\" is given twice, first on line 3"},
		{"a mapping for a list", bare + "packages: {vim: 1}\n", "x.yaml:3:11: packages must be a list, not a mapping"},
		{"a text for a list", bare + "packages: vim\n", "x.yaml:3:11: packages must be a list, not a text"},
		{"nothing for a list", bare + "packages:\n", "x.yaml:3:11: packages must be a list, not nothing"},
		{"a list for a text", "name: [x]\nfrom: {debian: trixie}\n", "x.yaml:1:7: name must be a text, not a list"},
		{"a list for a mapping", bare + "image: [x]\n", "x.yaml:3:8: image must be a mapping, not a list"},
		{"a list for the user's mapping", bare + "vars: [x]\n", "x.yaml:3:7: vars must be a mapping, not a list"},
		{"a mapping in a list", bare + "packages: [{nam: b, name: cc}]\n", "x.yaml:3:13: unknown key \"nam\" in packages (did you mean \"name\"?)"},
		{"a list in a mapping", bare + "vars: {a: [b]}\n", "x.yaml:3:11: vars a must be a text or a mapping, not a list"},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); refused(t, tc.text, tc.want) })
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	text := "nmae: x\nfrom: base\npackages: [vim, vim, VIM]\nrun:\n  - {name: a, sh: \"echo ${sute} ${oar} ${X}\"}\n  - sh: |\n      aa\n      \t${foo}\n"
	want := `x.yaml:1:1: name is missing
  nmae: x
  ^
x.yaml:1:1: unknown key "nmae" (did you mean "name"?)
  nmae: x
  ^
x.yaml:3:17: package "vim" is listed twice, first on line 3
  packages: [vim, vim, VIM]
                  ^
x.yaml:3:22: package "VIM": ` + say("package") + `
  packages: [vim, vim, VIM]
                       ^
x.yaml:5:25: unknown variable "sute" (did you mean "suite"?); the shell's own is written $${sute}
    - {name: a, sh: "echo ${sute} ${oar} ${X}"}
                          ^
x.yaml:6:5: name is missing in run
    - sh: |
      ^
x.yaml:8:8: unknown variable "foo" (known: mirror, oar, oar_series, php, postgresql, release, suite); the shell's own is written $${foo}
        ` + "\t${foo}\n        \t^"
	_, err := Load(tree{"x.yaml": text}.read, []string{"x.yaml"}, nil)
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestEditorsOfOtherSystems(t *testing.T) {
	t.Parallel()
	text := "\ufeff" + strings.ReplaceAll(bare+"run:\n  - name: a\n    sh: |\n      one\n      two\n", "\n", "\r\n")
	r := one(t, tree{"x.yaml": text}, "x.yaml", nil)
	if got := r.Levels[1].Run[0].Sh; got != "one\ntwo\n" {
		t.Errorf("got script %q", got)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	text := bare + "run:\n  - name: a\n    sh: |\n      one\n      two\n  - {name: b, sh: c}\npackages:\n  - vim\nfiles:\n  - from: t\n    to: /\n"
	r := one(t, tree{"x.yaml": text}, "x.yaml", nil)
	l := r.Levels[1]
	for _, tc := range []struct {
		what string
		got  Position
		want Position
	}{
		{"a step of many lines", l.Run[0].At, Position{File: "x.yaml", Line: 4, Col: 5, End: 7}},
		{"a step of one line", l.Run[1].At, Position{File: "x.yaml", Line: 8, Col: 5, End: 8}},
		{"a package", l.Packages[0].At, Position{File: "x.yaml", Line: 10, Col: 5, End: 10}},
		{"files", l.Files[0].At, Position{File: "x.yaml", Line: 12, Col: 5, End: 13}},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.what, tc.got, tc.want)
		}
	}
}

func TestNumbersStayAsWritten(t *testing.T) {
	t.Parallel()
	r := one(t, tree{"x.yaml": bare + "image: {env: {A: 3.10, B: 0440, C: true, D: 1e3, E: .inf}}\n"}, "x.yaml", nil)
	for name, want := range map[string]string{"A": "3.10", "B": "0440", "C": "true", "D": "1e3", "E": ".inf"} {
		if got := r.Image.Env[name]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
