package recipes

import (
	"strings"
	"testing"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want, script string }{
		{"nothing", "a $b c", "a $b c", "a $b c"},
		{"a variable", "a${x}c", "abc", "abc"},
		{"two", "${x}${y}", "bb!", "bb!"},
		{"escaped", "$${x}", "${x}", "${x}"},
		{"escaped dollar before", "$$${x}", "$${x}", "$${x}"},
		{"the shell's capitals", "${X}", "", "${X}"},
		{"the shell's default", "${x:-y}", "", "${x:-y}"},
		{"the shell's length", "${#x}", "", "${#x}"},
		{"the shell's over lines", "${X\n}", "", "${X\n}"},
		{"a command", "$(x) `x` $((1+1))", "$(x) `x` $((1+1))", "$(x) `x` $((1+1))"},
		{"awk's fields", "awk '{print $1}'", "awk '{print $1}'", "awk '{print $1}'"},
		{"the process", "$$", "$$", "$$"},
		{"unknown", "${z}", "", ""},
		{"empty", "", "", ""},
	} {
		for script, want := range map[bool]string{false: tc.want, true: tc.script} {
			c := &chain{mistakes: &mistakes{}, vars: map[string]*variable{
				"x": {text: text{Value: "b"}},
				"y": {text: text{Value: "${x}!"}},
			}}
			got, ok := c.replace(nil, text{Value: tc.text}, script)
			switch refused := want == "" && tc.text != ""; {
			case refused && (ok || len(c.mistakes.List) == 0):
				t.Errorf("%s (script: %v): got %q, want a mistake", tc.name, script, got)
			case !refused && (!ok || got != want || len(c.mistakes.List) > 0):
				t.Errorf("%s (script: %v): got %q and %v, want %q", tc.name, script, got, c.mistakes.List, want)
			}
		}
	}
}

// A value that cannot be known is told where it is wrong, not where it is used.
func TestBadVariablesAreToldOnce(t *testing.T) {
	t.Parallel()
	text := bare + "vars: {a: [b], c: \"${a}\", d: \"${nope}\"}\ntags: [\"${a}\", \"${c}\", \"${d}\"]\npackages: [\"${d}\"]\n"
	_, err := Load(tree{"x.yaml": text}.read, []string{"x.yaml"}, nil)
	if err == nil {
		t.Fatal("no mistakes")
	}
	want := []string{
		"x.yaml:3:11: vars a must be a text or a mapping, not a list",
		`x.yaml:3:31: unknown variable "nope" `,
	}
	list := err.(*mistakes).List
	if len(list) != len(want) {
		t.Fatalf("got %d mistakes, want %d:\n%v", len(list), len(want), err)
	}
	for i, m := range list {
		if !strings.HasPrefix(m.String(), want[i]) {
			t.Errorf("got %s, want %s", m, want[i])
		}
	}
}

func TestVariablesReachEveryValue(t *testing.T) {
	t.Parallel()
	text := `name: "${v}"
from: {debian: "${suite}"}
vars: {v: x, port: 80, mode: 0640, net: host, sig: SIGHUP}
tags: ["${v}"]
platforms: ["linux/${arch}"]
packages: ["lib${v}"]
files: [{from: "${v}", to: "/${v}", mode: {"${v}": "${mode}"}}]
run: [{name: "n ${v}", sh: "s ${v}", network: "${net}"}]
image: {entrypoint: ["${v}"], cmd: ["${v}"], env: {V: "${v}"}, labels: {"l.${v}": "${v}"}, expose: ["${port}"],
  volumes: ["/${v}"], user: "${v}", workdir: "/${v}", stop_signal: "${sig}"}
`
	text = strings.Replace(text, "vars: {", "vars: {arch: s390x, ", 1)
	r := one(t, tree{"x.yaml": text}, "x.yaml", nil)
	yaml, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(yaml), "${") {
		t.Errorf("a variable is left in\n%s", yaml)
	}
	for _, want := range []string{"linux/s390x", "libx", "to: /x", "x: \"0640\"", "n x", "s x", "network: host", "l.x: x", "80/tcp", "SIGHUP"} {
		if !strings.Contains(string(yaml), want) {
			t.Errorf("no %q in\n%s", want, yaml)
		}
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	source := []byte("a\n  é ${x}\n${x}\n")
	for _, tc := range []struct {
		name string
		at   Position
		want Position
	}{
		{"in characters", Position{Line: 1, Col: 1, End: 3}, Position{Line: 2, Col: 5, End: 2}},
		{"not before the place", Position{Line: 3, Col: 1, End: 3}, Position{Line: 3, Col: 1, End: 3}},
		{"not after its end", Position{Line: 1, Col: 1, End: 1}, Position{Line: 1, Col: 1, End: 1}},
		{"past the text", Position{Line: 9, Col: 1, End: 9}, Position{Line: 9, Col: 1, End: 9}},
		{"nowhere", Position{}, Position{}},
	} {
		if got := locate(source, tc.at, "${x}"); got != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.name, got, tc.want)
		}
	}
}
