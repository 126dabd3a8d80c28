package llb

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/oarcluster/oarcluster/recipes"
)

var update = flag.Bool("update", false, "write the golden files anew")

// epoch is the date of all graphs of the tests.
var epoch = time.Unix(1_700_000_000, 0)

// load resolves a recipe of a disk that holds the files given.
func load(t *testing.T, files map[string]string, file string) *recipes.Resolved {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	all, err := recipes.Load(fsys.ReadFile, []string{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// layer makes up the layer of some contents.
func layer(contents, name string) Layer {
	return Layer{Ref: "oarbuild/layer@" + digest.FromString(contents).String(), Name: name}
}

// input makes up the layers that a recipe needs.
func input(r *recipes.Resolved, architecture string) Input {
	in := Input{
		Recipe:    r,
		Platform:  ocispec.Platform{OS: "linux", Architecture: architecture},
		Eatmydata: layer("eatmydata "+architecture, "libeatmydata"),
		Epoch:     epoch,
		Store:     "oarbuild",
	}
	if architecture != "amd64" {
		in.Native = layer("native", "22 packages")
		in.Interpreters = make([][]string, len(r.Levels))
	}
	for i, l := range r.Levels {
		packages, files := Layer{}, Layer{}
		if i == 0 || len(l.Packages) > 0 {
			packages = layer("packages "+l.Name+architecture, fmt.Sprintf("%d packages", 70+len(l.Packages)))
		}
		if len(l.Files) > 0 {
			files = layer("files "+l.Name, "files")
		}
		if in.Interpreters != nil {
			in.Interpreters[i] = []string{"/usr/bin/perl", "/usr/bin/python3.13"}[:min(i+1, 2)]
		}
		in.Packages = append(in.Packages, packages)
		in.Files = append(in.Files, files)
		needs := make([]Layer, len(l.Run))
		for j, step := range l.Run {
			if len(step.Needs) > 0 {
				needs[j] = layer("files for "+step.Name, "files for "+step.Name)
			}
		}
		in.Needs = append(in.Needs, needs)
	}
	return in
}

// graph answers the graph of an input that must be right.
func graph(t *testing.T, in Input) *Graph {
	t.Helper()
	g, err := Image(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// maxVertices is the budget of an image: solvers and caches slow down on wide
// graphs.
const maxVertices = 40

func TestGoldenGraphs(t *testing.T) {
	t.Parallel()
	for _, name := range recipes.Shipped() {
		r := load(t, nil, name)
		for _, platform := range r.Platforms {
			t.Run(name+" "+platform, func(t *testing.T) {
				t.Parallel()
				architecture := strings.TrimPrefix(platform, "linux/")
				g := graph(t, input(r, architecture))
				text, err := g.Text()
				if err != nil {
					t.Fatal(err)
				}
				if n := strings.Count(text, "\n"); n > maxVertices {
					t.Errorf("got %d vertices, more than %d", n, maxVertices)
				}
				golden(t, name+"_"+architecture+".txt", text)
			})
		}
	}
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./llb -update writes it anew); got\n%s\nwant\n%s", file, got, want)
	}
}

func TestImagesShareTheirLowerVertices(t *testing.T) {
	t.Parallel()
	seen := map[digest.Digest]bool{}
	for _, v := range must(t, graph(t, input(load(t, nil, "base"), "amd64"))) {
		if strings.Contains(v.name, "configure") {
			seen[v.digest] = true
		}
	}
	for _, name := range []string{"server", "frontend", "node"} {
		shared := 0
		for _, v := range must(t, graph(t, input(load(t, nil, name), "amd64"))) {
			if seen[v.digest] {
				shared++
			}
		}
		if shared != 2 {
			t.Errorf("%s shares %d of the 2 configure steps of base", name, shared)
		}
	}
}

// must answers the vertices of a graph.
func must(t *testing.T, g *Graph) []vertex {
	t.Helper()
	list, err := g.vertices()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestImageRefuses(t *testing.T) {
	t.Parallel()
	r := load(t, nil, "base")
	for _, tc := range []struct {
		name, want string
		change     func(*Input)
	}{
		{"too few layers", "making the graph of base: 1 package layers and 2 file layers for 2 levels", func(in *Input) { in.Packages = in.Packages[:1] }},
		{"no needs", "making the graph of base: needs of 0 levels for 2 levels", func(in *Input) { in.Needs = nil }},
		{"needs of other steps", "making the graph of base: needs of 1 steps for 2 steps of base", func(in *Input) { in.Needs[1] = in.Needs[1][:1] }},
		{"no bare base", "making the graph of base: no layer for the bare base", func(in *Input) { in.Packages[0] = Layer{} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := input(r, "amd64")
			tc.change(&in)
			if _, err := Image(t.Context(), in); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}
