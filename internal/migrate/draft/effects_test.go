package draft

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatChangesTheImage(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]bool{
		"A=1":                        false,
		"export A=1":                 false,
		"A=1 touch /a":               true,
		"test -e /a":                 false,
		"echo a":                     false,
		"echo a >/b":                 true,
		"echo a >>/b":                true,
		"echo a >/dev/null 2>&1":     false,
		": >/a":                      true,
		"if true; then A=1; fi":      false,
		"if touch /a; then A=1; fi":  true,
		"for i in a; do rm $i; done": true,
		"f() { touch /a; }":          false,
		"A=$(rm /a)":                 true,
		"$COMMAND":                   true,
		"cat <<X >/a\nX":             true,
	} {
		file, err := parse(script)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(file.Stmts, acts); got != want {
			t.Errorf("%s: got %v", script, got)
		}
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"A=1; echo $A":                      "A|",
		"echo $A ${B:-c}":                   "|A B",
		"read -r A B </x; echo $A $C":       "A B|C",
		"for i in a; do echo $i $j; done":   "i|j",
		"export A=1 B=2":                    "A B|",
		"echo '$A' \"$B\" \\$C":             "|B",
		"A=$B":                              "A|B",
		"echo $1 $@":                        "|1 @",
		"while read LINE; do : $LINE; done": "LINE|",
	} {
		file, err := parse(script)
		if err != nil {
			t.Fatal(err)
		}
		sets, uses := variables(file)
		if got := strings.Join(sets, " ") + "|" + strings.Join(uses, " "); got != want {
			t.Errorf("%s: got %s, want %s", script, got, want)
		}
	}
}

func TestProgramsThatTalkToTheNetwork(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"wget -q https://example.org":              "wget",
		"sudo curl x; curl y":                      "curl",
		"git clone x && git config a b":            "git",
		"git commit -m x":                          "",
		"env A=b pip3 install x":                   "pip3",
		"command -v curl":                          "",
		"which wget":                               "",
		"apt-get remove nano":                      "",
		"if true; then (cd /; npm install); fi":    "npm",
		"tar x; gem install --verbose rest-client": "gem",
		"echo curl":                                "",
	} {
		file, err := parse(script)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(online(file.Stmts), " "); got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}

func TestWordsOfTheShell(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"/etc/x-1.conf": "/etc/x-1.conf", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$x": "'$x'"} {
		if got := quote(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
