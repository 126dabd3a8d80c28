package kameleon

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestMistakes(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100)
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 9), ", "))
	}
	for _, tc := range []struct {
		name, want string
		files      tree
	}{
		{"no file", "reading recipe x.yaml: file does not exist", tree{}},
		{"not a recipe", "x.yaml: no Kameleon recipe: it is no mapping of keys to values", tree{"x.yaml": "- a\n"}},
		{"empty", "x.yaml: no Kameleon recipe: it is no mapping of keys to values", tree{"x.yaml": ""}},
		{"not YAML", "reading recipe x.yaml:1: not YAML: ", tree{"x.yaml": "a: [\n"}},
		{"an unknown key", `x.yaml:1: unknown key "globals" (did you mean "global"?)`, tree{"x.yaml": "globals: {}\n"}},
		{"an unknown command", `x.yaml:5: step step: micro: unknown command "exec_inn" (did you mean "exec_in"?)`, tree{"x.yaml": setup("      - exec_inn: a\n")}},
		{"an unknown hook", `x.yaml:5: unknown hook "on_setup_cleann"`, tree{"x.yaml": setup("      - on_setup_cleann: []\n")}},
		{"an unknown step", `x.yaml:2: no step "instal" (did you mean "install"?)`, tree{"x.yaml": "setup:\n  - instal\n", "steps/setup/install.yaml": "- a: b\n"}},
		{"an unknown microstep", `x.yaml:2: step s has no microstep "c" (known: a1b2)`, tree{"x.yaml": "setup:\n  - s: [c]\n", "steps/s.yaml": "- a1b2:\n  - exec_in: x\n"}},
		{"an unknown variable", `x.yaml:5: no variable $${relase} (did you mean "release"?)`, tree{"x.yaml": setup("      - exec_in: $${relase}\n")}},
		{"a variable of itself", "x.yaml:2: variable $${a} contains itself", tree{"x.yaml": "global: {a: $$b, b: $$a, distrib: debian}\nsetup: [$$a]\n"}},
		{"an extend of itself", "reading recipe x.yaml: it extends itself: x.yaml extends y.yaml extends x.yaml", tree{"x.yaml": "extend: y\n", "y.yaml": "extend: x.yaml\n"}},
		{"an extend that is not there", "reading recipe y.yaml: file does not exist", tree{"x.yaml": "extend: y\n"}},
		{"an extend out of the tree", `x.yaml:1: "../../etc/x.yaml" leaves the recipe's tree`, tree{"x.yaml": "extend: ../../etc/x\n"}},
		{"an absolute extend", `x.yaml:1: "/etc/x.yaml" leaves the recipe's tree`, tree{"x.yaml": "extend: /etc/x\n"}},
		{"a step out of the tree", `x.yaml:2: "../../../x.yaml" leaves the recipe's tree`, tree{"x.yaml": "setup:\n  - ../../../x\n", "steps/a": ""}},
		{"an include out of the tree", `x.yaml:1: "../x.yaml" leaves the recipe's tree`, tree{"x.yaml": "global: {include: ../x}\n"}},
		{"aliases that are not there", "x.yaml:1: no file a.yaml in steps/aliases", tree{"x.yaml": "aliases: a.yaml\n"}},
		{"an alias of itself", `nest deeper than 16: does alias "a" contain itself?`, tree{"x.yaml": "aliases: {a: [a]}\n" + setup("      - a\n")}},
		{"too few arguments", "x.yaml:5: step step: micro: write_in takes 2 arguments, not 1", tree{"x.yaml": setup("      - write_in: [a]\n")}},
		{"a test of nothing", "step step: micro: test takes a condition", tree{"x.yaml": setup("      - test: [{exec_in: a}]\n")}},
		{"a rescue of nothing", "rescue takes two commands", tree{"x.yaml": setup("      - rescue: []\n")}},
		{"two keys", "a command of step step: micro must be one key", tree{"x.yaml": setup("      - {exec_in: a, exec_out: b}\n")}},
		{"a section that is no list", "x.yaml:1: section setup must be a list", tree{"x.yaml": "setup: a\n"}},
		{"a global that is no mapping", "x.yaml:1: global must be a mapping", tree{"x.yaml": "global: a\n"}},
		{"a step that is no list", "steps/s.yaml: a step is a list of microsteps", tree{"x.yaml": "setup: [s]\n", "steps/s.yaml": "a: b\n"}},
		{"deep brackets", "x.yaml:1: nested deeper than 24", tree{"x.yaml": "a: " + deep}},
		{"deep dashes", "nested deeper than 24", tree{"x.yaml": strings.Repeat("- ", 100) + "a"}},
		{"a bomb of aliases", "aliases make more than 50000 values of it", tree{"x.yaml": bomb}},
		{"an alias of nothing", `x.yaml:1: no anchor "a" before this`, tree{"x.yaml": "global: *a\n"}},
		{"a merge key", "YAML tags and merge keys are not Kameleon's", tree{"x.yaml": "global:\n  <<: {a: b}\n"}},
		{"far too long", "bytes, more than", tree{"x.yaml": "# " + strings.Repeat("x", maxBytes)}},
	} {
		start := time.Now()
		_, err := tc.files.read(nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v\nwant %s", tc.name, err, tc.want)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %v", tc.name, took)
		}
	}
}

// Variables that double each other end at a bound, not in the memory.
func TestVariablesThatExplode(t *testing.T) {
	t.Parallel()
	for first, want := range map[string]string{strings.Repeat("x", 2048): "variables make a text of more than", "''": "more than 10000 variables to replace"} {
		global := "global:\n  distrib: debian\n  release: trixie\n  v0: " + first + "\n"
		for i := 1; i < 60; i++ {
			global += fmt.Sprintf("  v%d: $${v%d}$${v%d}\n", i, i-1, i-1)
		}
		_, err := tree{"x.yaml": global + "setup:\n  - s:\n    - m:\n      - exec_in: $${v59}\n"}.read(nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
	}
}

// Whatever a recipe holds, reading it ends, with a draft or with an error.
func FuzzRead(f *testing.F) {
	f.Add(setup("      - exec_in: touch /a\n"))
	f.Add("extend: x\naliases: {a: [a]}\nglobal: {a: $${a}}\nsetup: [a: [b: [c]]]\n")
	f.Add("a: &a [*a]\n<<: *a\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := tree{"x.yaml": text, "steps/aliases/a.yaml": aliases}.read(nil)
		if err == nil {
			if _, err := d.Recipe(); err != nil {
				t.Error(err)
			}
		}
	})
}
