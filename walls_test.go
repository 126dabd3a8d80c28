package oarcluster_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module   = "github.com/oarcluster/oarcluster/"
	buildkit = "github.com/moby/buildkit"
	engine   = "github.com/moby/moby"
)

// imports answers `go list` with the import paths of a package, or of all that it links.
func imports(t *testing.T, pattern string, deps bool) map[string][]string {
	t.Helper()
	format, args := "{{.ImportPath}} {{join .Imports \" \"}}", []string{"list", "-tags", "e2e"}
	if deps {
		format = "{{.ImportPath}} {{join .Deps \" \"}}"
	}
	out, err := exec.Command("go", append(args, "-f", format, pattern)...).Output()
	if err != nil {
		t.Fatalf("listing %s: %v", pattern, err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		path, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[path] = strings.Fields(rest)
	}
	return found
}

// within reports whether path is the package prefix or lies below it.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// TestWalls keeps which room may not know which other, each for the reason given.
func TestWalls(t *testing.T) {
	for _, wall := range []struct {
		why       string
		rooms     string
		deps      bool
		forbidden []string
		except    []string
	}{
		{"recipes are pure: the same text gives the same recipe everywhere", "./recipes/...", false, []string{"os", "net", "math/rand", "os/exec"}, nil},
		{"graphs are pure: the same input gives the same graph everywhere", "./llb", false, []string{"os", "net", "math/rand", "os/exec"}, nil},
		{"resolution is pure: it is tested from an index alone", "./internal/debian", false, []string{"os", "net", "math/rand"}, nil},
		{"what is said about an image follows from its inputs alone", "./internal/sbom", false, []string{"os", "net/http", "math/rand"}, nil},
		{"oardeploy starts in milliseconds and links no BuildKit", "./cmd/oardeploy", true, []string{buildkit}, nil},
		{"oarbuild talks to the Engine by dialling only", "./cmd/oarbuild", true, []string{engine + "/client"}, nil},
		{"commands are flags and printing", "./cmd/...", false, []string{buildkit, engine, "github.com/google/go-containerregistry", "github.com/distribution"}, nil},
		{"the graph language is spoken in llb alone", "./...", false, []string{buildkit + "/client/llb"}, []string{module + "llb"}},
		{"the Engine is driven by the cluster alone", "./...", false, []string{engine}, []string{module + "internal/cluster"}},
	} {
		t.Run(wall.rooms, func(t *testing.T) {
			t.Parallel()
			for room, paths := range imports(t, wall.rooms, wall.deps) {
				if slices.ContainsFunc(wall.except, func(e string) bool { return within(room, e) }) {
					continue
				}
				for _, path := range paths {
					if slices.ContainsFunc(wall.forbidden, func(f string) bool { return within(path, f) }) {
						t.Errorf("%s imports %s, but %s", room, path, wall.why)
					}
				}
			}
		})
	}
}

// TestWhatTheProgramsShare: docs/rooms.md says what it is.
func TestWhatTheProgramsShare(t *testing.T) {
	t.Parallel()
	building, deploying := imports(t, "./cmd/oarbuild", true), imports(t, "./cmd/oardeploy", true)
	var shared []string
	for _, path := range building[module+"cmd/oarbuild"] {
		if room, own := strings.CutPrefix(path, module); own && slices.Contains(deploying[module+"cmd/oardeploy"], path) {
			shared = append(shared, room)
		}
	}
	slices.Sort(shared)
	want := []string{
		"internal/lockfile", "internal/registry", "internal/registry/collect", // the embedded registry
		"internal/manual", "internal/suggest", "internal/ui", "internal/version", // how they talk to people
		"internal/strict", "recipes/grammar", // how they read YAML
	}
	slices.Sort(want)
	if !slices.Equal(shared, want) {
		t.Errorf("the programs share %q, not %q", shared, want)
	}
}

// TestCallsThatPurityForbids looks for the clock, which an import list cannot show.
func TestCallsThatPurityForbids(t *testing.T) {
	for _, file := range sources(t) {
		pure := within(file.pkg, "recipes") || within(file.pkg, "llb") || file.pkg == "internal/debian" || file.pkg == "internal/sbom"
		if pure && !file.test && strings.Contains(file.text, "time.Now(") {
			t.Errorf("%s reads the clock; take the time as an argument", file.path)
		}
	}
}
