package recipes

import (
	"slices"
	"strings"
	"testing"
)

const typed = bare + `vars:
  workers: {default: 4, type: int, help: how many}
  debug: {default: false, type: bool}
  colour: {default: red, values: [red, green, dark blue]}
  code: {default: "a1", pattern: "[a-z][0-9]+"}
  town: {help: where it stands}
  free: {}
`

func TestTypes(t *testing.T) {
	t.Parallel()
	set := func(pairs ...string) map[string]string {
		all := map[string]string{"town": "Grenoble", "free": ""}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i]] = pairs[i+1]
		}
		return all
	}
	for _, tc := range []struct {
		name string
		set  map[string]string
		want string // "" when all is right
	}{
		{"defaults", set(), ""},
		{"other values", set("workers", "-12", "debug", "true", "colour", "dark blue", "code", "z99"), ""},
		{"not an integer", set("workers", "4x"), "--set workers=4x: it must be an integer (declared at x.yaml:4:12)"},
		{"not an integer as C writes it", set("workers", "007"), "--set workers=007: it must be an integer (declared at x.yaml:4:12)"},
		{"not a boolean", set("debug", "yes"), "--set debug=yes: it must be true or false (declared at x.yaml:5:10)"},
		{"not of the enum", set("colour", "gren"), "--set colour=gren: it must be one of red, green, dark blue (did you mean \"green\"?) (declared at x.yaml:6:11)"},
		{"not the whole pattern", set("code", "a1!"), "--set code=a1!: it must match [a-z][0-9]+ (declared at x.yaml:7:9)"},
		{"no value", map[string]string{"free": ""}, "x.yaml:8:9: variable \"town\" has no value: give one with --set town=VALUE (where it stands)"},
		{"no value and no help", map[string]string{"town": ""}, "x.yaml:9:9: variable \"free\" has no value: give one with --set free=VALUE"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(tree{"x.yaml": strings.ReplaceAll(typed, "\t", "")}.read, []string{"x.yaml"}, tc.set)
			got := ""
			if err != nil {
				got, _, _ = strings.Cut(err.Error(), "\n")
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestMistakesInTypes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, vars, want string }{
		{"a value of its own", "{n: {default: x, type: int}}", `x.yaml:3:21: variable "n" is "x": it must be an integer`},
		{"a value made of others", `{m: x, n: {default: "${m}", type: bool}}`, `x.yaml:3:27: variable "n" is "x": it must be true or false`},
		{"an unknown type", "{n: {default: 1, type: float}}", `x.yaml:3:30: type "float": a type is string, int, bool or enum`},
		{"an unknown key", "{n: {defalt: 1}}", `x.yaml:3:12: unknown key "defalt" in variable (did you mean "default"?)`},
		{"an enum of nothing", "{n: {default: 1, type: enum}}", "x.yaml:3:11: values is missing in variable: an enum lists its values"},
		{"values of an integer", "{n: {default: 1, type: int, values: [1]}}", "x.yaml:3:43: values are those of an enum, not of type int"},
		{"a pattern of an integer", "{n: {default: 1, type: int, pattern: x}}", "x.yaml:3:44: a pattern is for strings, not for type int"},
		{"a pattern that is none", `{n: {default: 1, pattern: "["}}`, "x.yaml:3:33: pattern \"[\": error parsing regexp: missing closing ]: `[)$`"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(tree{"x.yaml": bare + "vars: " + tc.vars + "\n"}.read, []string{"x.yaml"}, nil)
			if err == nil {
				t.Fatal("no mistake")
			}
			if got, _, _ := strings.Cut(err.Error(), "\n"); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// A plain value keeps the type that a recipe below declared, and a declaration
// without a default keeps the value.
func TestTypesAreInherited(t *testing.T) {
	t.Parallel()
	files := tree{
		"low.yaml":  "name: low\nfrom: {debian: trixie}\nvars: {n: {default: 1, type: int, help: low}, m: 5}\n",
		"high.yaml": "name: high\nfrom: low\nvars: {n: 2, m: {type: int, help: high}}\n",
		"bad.yaml":  "name: bad\nfrom: low\nvars: {n: two}\n",
	}
	var got []string
	for _, v := range one(t, files, "high.yaml", nil).Vars {
		if v.Name == "n" || v.Name == "m" {
			got = append(got, strings.Join([]string{v.Name, v.Value, v.Origin, v.Type, v.Help}, " "))
		}
	}
	if want := []string{"m 5 low.yaml:3:50 int high", "n 2 high.yaml:3:11 int low"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err := Load(files.read, []string{"bad.yaml"}, nil)
	if err == nil || !strings.HasPrefix(err.Error(), `bad.yaml:3:11: variable "n" is "two": it must be an integer`) {
		t.Errorf("got %v", err)
	}
}

func TestBuiltInVariablesTellWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, v := range one(t, tree{"x.yaml": bare}, "x.yaml", nil).Vars {
		if v.Help == "" || v.Type == "" || (v.Name == "suite") != (len(v.Values) == 2) {
			t.Errorf("got %+v", v)
		}
	}
}
