package llb

import (
	"testing"

	"github.com/oarcluster/oarcluster/recipes"
)

// small is a recipe whose every part reaches the graph.
const small = `name: small
from: {debian: trixie}
packages: [tini, vim]
files: [{from: small, to: /}]
run:
  - {name: first, sh: "echo one"}
  - {name: second, sh: "echo two", network: none}
image: {env: {A: b}, labels: {c: d}, cmd: [e]}
`

// What a graph does names its vertices, and nothing else: a change that cannot
// change the image must find everything in the cache.
func TestWhatChangesTheDigest(t *testing.T) {
	t.Parallel()
	step := func(change func(*recipes.Step)) func(*Input) {
		return func(in *Input) { change(&in.Recipe.Levels[1].Run[1]) }
	}
	for _, tc := range []struct {
		name    string
		change  func(*Input)
		changes bool
	}{
		{"nothing", func(*Input) {}, false},
		{"the name of the image", func(in *Input) { in.Recipe.Name = "other" }, false},
		{"the name of a level", func(in *Input) { in.Recipe.Levels[1].Name = "other" }, false},
		{"the name of a layer", func(in *Input) { in.Packages[1].Name = "many packages" }, false},
		{"the name of a step", step(func(s *recipes.Step) { s.Name = "other" }), false},
		{"the place of a step", step(func(s *recipes.Step) { s.At.Line, s.At.End = 1, 2 }), false},
		{"the place of a package", func(in *Input) { in.Recipe.Levels[1].Packages[0].At.Line = 1 }, false},
		{"the text of a recipe", func(in *Input) { in.Recipe.Texts["x.yaml"] = []byte("# other") }, false},
		{"no cache", func(in *Input) { in.NoCache = true }, false},
		{"a step again", func(in *Input) { in.Again = []string{"first"} }, false},
		{"tags", func(in *Input) { in.Recipe.Tags = nil }, false},
		{"a label", func(in *Input) { in.Recipe.Image.Labels["c"] = "x" }, false},
		{"the command", func(in *Input) { in.Recipe.Image.Cmd = nil }, false},
		{"the variables", func(in *Input) { in.Recipe.Vars = nil }, false},
		{"less than a second", func(in *Input) { in.Epoch = in.Epoch.Add(1) }, false},

		{"a step that may fail", func(in *Input) { in.PassOver = []string{"first"} }, true},
		{"the script of a step", step(func(s *recipes.Step) { s.Sh += " " }), true},
		{"the network of a step", step(func(s *recipes.Step) { s.Network = "host" }), true},
		{"the order of steps", func(in *Input) {
			run := in.Recipe.Levels[1].Run
			run[0], run[1] = run[1], run[0]
		}, true},
		{"one step less", func(in *Input) { in.Recipe.Levels[1].Run, in.Needs[1] = in.Recipe.Levels[1].Run[:1], in.Needs[1][:1] }, true},
		{"a step's needs", step(func(s *recipes.Step) { s.Needs = []string{} }), true},
		{"the bare layer", func(in *Input) { in.Packages[0] = layer("other", in.Packages[0].Name) }, true},
		{"a layer of packages", func(in *Input) { in.Packages[1] = layer("other", in.Packages[1].Name) }, true},
		{"the packages asked for", func(in *Input) { in.Recipe.Levels[1].Packages[1].Name = "emacs" }, true},
		{"the bare files", func(in *Input) { in.Files[0] = layer("other", in.Files[0].Name) }, true},
		{"a layer of files", func(in *Input) { in.Files[1] = layer("other", in.Files[1].Name) }, true},
		{"no files", func(in *Input) { in.Files[1] = Layer{} }, true},
		{"eatmydata", func(in *Input) { in.Eatmydata = layer("other", "libeatmydata") }, true},
		{"no eatmydata", func(in *Input) { in.Eatmydata = Layer{} }, true},
		{"the epoch", func(in *Input) { in.Epoch = in.Epoch.AddDate(0, 0, 1) }, true},
		{"a variable of the environment", func(in *Input) { in.Recipe.Image.Env["A"] = "x" }, true},
		{"one variable more", func(in *Input) { in.Recipe.Image.Env["B"] = "x" }, true},
		{"the platform", func(in *Input) { in.Platform.Architecture = "arm64" }, true},
		{"the variant", func(in *Input) { in.Platform.Variant = "v3" }, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			before := graph(t, input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64")).Digest()
			in := input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64")
			tc.change(&in)
			if changed := graph(t, in).Digest() != before; changed != tc.changes {
				t.Errorf("digest changed: %v, want %v", changed, tc.changes)
			}
		})
	}
}

// A changed file must not configure a package again.
func TestFilesDoNotReachTheSteps(t *testing.T) {
	t.Parallel()
	configured := func(change func(*Input)) map[string]bool {
		in := input(load(t, nil, "server"), "amd64")
		change(&in)
		steps := map[string]bool{}
		for _, v := range must(t, graph(t, in)) {
			if v.op.GetExec() != nil && v.op.GetExec().Meta.Args[3] == configureScript {
				steps[v.digest.String()] = true
			}
		}
		return steps
	}
	before := configured(func(*Input) {})
	after := configured(func(in *Input) {
		in.Files[1], in.Files[2] = layer("other base", "files"), layer("other server", "files")
	})
	if len(before) != 3 {
		t.Errorf("got %d configure steps, want 3", len(before))
	}
	for step := range after {
		if !before[step] {
			t.Errorf("configure step %s is new", step)
		}
	}
}
