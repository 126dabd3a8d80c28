package recipes

import (
	"testing"
)

// Whatever a recipe holds, loading it ends, with mistakes that have a place, or
// with a recipe that the schema accepts and that is the same when it is printed
// and read again.
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
	f.Add(conditional)
	f.Add(typed)
	f.Add("a: &a [*a]\n<<: *a\n")
	f.Add("\ufeffname: x\r\nfrom: {debian: \"${suite}\"}\r\n\tx")
	f.Add(bare + "vars: {a: \"${b}\", b: \"${a}\"}\nrun: [{sh: |\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := Load(tree{"x.yaml": text}.read, []string{"x.yaml"}, nil)
		if err == nil {
			acceptedBySchema(t, text)
			printed, err := all[0].YAML()
			if err != nil {
				t.Fatalf("printing: %v", err)
			}
			again, err := Load(tree{"x.yaml": string(printed)}.read, []string{"x.yaml"}, nil)
			if err != nil || laidOut(again[0]) != laidOut(all[0]) {
				t.Errorf("printed as\n%s\nwhich is not the same: %v", printed, err)
			}
			return
		}
		for _, m := range err.(*mistakes).List {
			if m.At.File == "" || m.Message == "" {
				t.Errorf("mistake %+v says not where or what", m)
			}
		}
	})
}
