package recipes

import (
	"testing"
)

// Whatever a recipe holds, loading it ends, with a recipe or with mistakes that
// have a place.
func FuzzLoad(f *testing.F) {
	for _, name := range Shipped() {
		text, err := shipped.ReadFile(name + suffix)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, text := range family() {
		f.Add(text)
	}
	f.Add("a: &a [*a]\n<<: *a\n")
	f.Add("\ufeffname: x\r\nfrom: {debian: \"${suite}\"}\r\n\tx")
	f.Add(bare + "vars: {a: \"${b}\", b: \"${a}\"}\nrun: [{sh: |\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := Load(tree{"x.yaml": text}.read, []string{"x.yaml"}, nil)
		if err == nil {
			if _, err := all[0].YAML(); err != nil {
				t.Errorf("printing: %v", err)
			}
			return
		}
		for _, m := range err.(*mistakes).list {
			if m.at.File == "" || m.message == "" {
				t.Errorf("mistake %+v says not where or what", m)
			}
		}
	})
}
