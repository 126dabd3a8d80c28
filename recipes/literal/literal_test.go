package literal_test

import (
	"testing"

	"github.com/oarcluster/oarcluster/recipes"
	"github.com/oarcluster/oarcluster/recipes/literal"
)

// What is written is read again as it was, and a script is changed no more than
// it has to be.
func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"plain", "${suite}", "$${suite}", "$$${suite}", "${SHELL}", "${x:-y}", "$x", "$$", "${"} {
		recipe := "name: x\nfrom: {debian: trixie}\nrun: [{name: '" + literal.Text(text) + "', sh: '" + literal.Script(text) + "'}]\n"
		list, err := recipes.Load(func(string) ([]byte, error) { return []byte(recipe), nil }, []string{"x.yaml"}, nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if step := list[0].Levels[1].Run[0]; step.Name != text || step.Sh != text {
			t.Errorf("%q became %q and %q", text, step.Name, step.Sh)
		}
	}
	if got := literal.Script("echo ${HOME} ${suite} ${x:-y}"); got != "echo ${HOME} $${suite} ${x:-y}" {
		t.Errorf("got %s", got)
	}
	if got := literal.Texts([]string{"${a}"}); len(got) != 1 || got[0] != "$${a}" || literal.Texts(nil) != nil {
		t.Errorf("got %q", got)
	}
}
