package recipes

import (
	"strings"
	"testing"
)

// filler returns a files entry of a recipe with a few variables.
func filler(t *testing.T) Files {
	t.Helper()
	text := bare + "vars: {who: you, n: 3}\nfiles: [{from: a, to: /a, template: [x/y, z]}, {from: b, to: /b, template: .}]\n"
	l := one(t, tree{"x.yaml": text}, "x.yaml", map[string]string{"n": "4"}).Levels[1]
	if got := strings.Join(append(l.Files[0].Template, l.Files[1].Template...), " "); got != "x/y z ." {
		t.Fatalf("got templates %s", got)
	}
	return l.Files[0]
}

func TestFill(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                     "",
		"hello ${who}, ${n} of ${suite}\n":     "hello you, 4 of trixie\n",
		"${APACHE_LOG_DIR} $who $${who} ${x:-": "${APACHE_LOG_DIR} $who ${who} ${x:-",
	} {
		got, err := filler(t).Fill("f", []byte(text))
		if err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

func TestFillIsStrict(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\n  b ${whom}\n": "d/f:2:5: unknown variable \"whom\" (did you mean \"who\"?); the shell's own is written $${whom}\n    b ${whom}\n      ^",
		"${a1}\n${a2}":     "d/f:1:1: unknown variable \"a1\"",
		"text\n\x00binary": "d/f:2:1: a template is a text: control character 0x00",
		"\xff":             "d/f:1:1: a template is a text: byte 0xff is not UTF-8",
	} {
		_, err := filler(t).Fill("d/f", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got\n%v\nwant\n%s", text, err, want)
		}
	}
}
