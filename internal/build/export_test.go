package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/internal/build/files"
	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/recipes"
)

// graphOf returns the digest of a recipe's graph, over a made-up package for
// each level.
func graphOf(t *testing.T, file string, set map[string]string) digest.Digest {
	t.Helper()
	list, err := Load(Options{Recipes: []string{file}, Set: set})
	if err != nil {
		t.Fatal(err)
	}
	target, err := newTarget(list[0], "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	target.epoch = time.Unix(1_700_000_000, 0)
	for _, level := range target.recipe.Levels {
		sum := digest.FromString(level.Name).Encoded()
		target.packages = append(target.packages, []debian.Package{{Name: level.Name, SHA256: sum}})
	}
	target.eatmydata = []debian.Package{{Name: preloaded, SHA256: digest.FromString(preloaded).Encoded()}}
	keysOf(t, archives{target.archive(): {Archive: &mirror.Archive{}}}, target)
	if err := makeGraphs(t.Context(), targets(target)); err != nil {
		t.Fatal(err)
	}
	return target.graph.Digest()
}

// write makes a file with its folders below dir.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"

// scattered writes a recipe whose parts are all over a disk, and returns its path.
func scattered(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"elsewhere/conf/a": "a", "elsewhere/one.conf": "one",
		"work/r/mine.trixie.lock.json": "locked", "work/r/mine.bookworm.lock.json": "locked too",
		"work/common/tools.yaml":  "packages: [jq]\nfiles: [{from: tools, to: /opt/tools}]\n",
		"work/common/tools/t":     "tool",
		"work/motd":               "${greeting}\n",
		"work/keys/k.asc":         key,
		"work/configs/far/f":      "far",
		"work/r/bookworm/only.db": "old",
		"work/r/unrelated":        "stays",
		"work/r/middle.yaml":      "name: middle\nfrom: base\nfiles: [{from: far, to: /opt/far}, {from: dnsmasq, to: /opt/dns}, {from: 'shipped:node/etc', to: /opt/etc}]\n",
		"work/r/mine.yaml": `name: mine
from: middle
include: [../common/tools.yaml]
vars: {greeting: {default: hello}}
sources: [{name: s, url: "http://s.example", suite: x, components: [main], keyring: ../keys/k.asc}]
files:
  - {from: ../motd, to: /etc/motd, template: .}
  - {from: ELSEWHERE/conf, to: ELSEWHERE/conf, owner: www-data}
  - from: "ELSEWHERE/one.conf"
    to: /etc/one.conf
  - {from: bookworm, to: /, when: {suite: bookworm}}
run: [{name: a, sh: "cat ELSEWHERE/conf"}]
`,
	} {
		write(t, dir, name, strings.ReplaceAll(text, "ELSEWHERE", filepath.Join(dir, "elsewhere")))
	}
	return filepath.Join(dir, "work/r/mine.yaml")
}

func TestExportsBuildAlone(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"scattered": scattered(t), "shipped": "node"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := map[string]digest.Digest{}
			sets := map[string]map[string]string{"plain": nil, "bookworm": {"suite": "bookworm"}}
			for name, set := range sets {
				want[name] = graphOf(t, file, set)
			}
			made, err := files.Export(file, nil, filepath.Join(t.TempDir(), "new", "folder"))
			if err != nil {
				t.Fatal(err)
			}
			if filepath.IsAbs(file) { // the copy stands without what it was made of
				if err := os.RemoveAll(filepath.Dir(filepath.Dir(filepath.Dir(file)))); err != nil {
					t.Fatal(err)
				}
			}
			for name, set := range sets {
				if got := graphOf(t, made, set); got != want[name] {
					t.Errorf("%s: the copy's graph is %s, want %s", name, got, want[name])
				}
			}
		})
	}
}

func TestWhatAnExportHolds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	made, err := files.Export(scattered(t), nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "r/mine.yaml"); made != want {
		t.Errorf("the recipe is %s, want %s", made, want)
	}
	for _, name := range []string{"r/mine.trixie.lock.json", "r/mine.bookworm.lock.json", "r/middle.yaml", "r/base.yaml", "common/tools.yaml", "common/tools/t", "motd", "keys/k.asc",
		"configs/far/f", "configs/dnsmasq", "configs/base/etc/motd", "r/bookworm/only.db"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"r/unrelated", "configs/node"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was copied", name)
		}
	}
	text, err := os.ReadFile(made)
	if err != nil || strings.Count(string(text), "../outside/") != 2 || !strings.Contains(string(text), `from: "../outside/`) {
		t.Errorf("got %v\n%s", err, text)
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "full/x", "x")
	write(t, dir, "r/made.yaml", "name: made\nfrom: base\nvars: {dir: "+dir+"}\nfiles: [{from: \"${dir}/full\", to: /}]\n")
	write(t, dir, "c/base/x", "x")
	write(t, dir, "c/taken.yaml", "name: taken\nfrom: base\nfiles: [{from: base, to: /opt}]\n")
	for _, tc := range []struct{ recipe, to, want string }{
		{"node", "full", "it is not empty"},
		{"nothing.yaml", "new", "no such file"},
		{filepath.Join(dir, "r/made.yaml"), "new", "is made of variables"},
		{filepath.Join(dir, "c/taken.yaml"), "new", "the copy is another recipe"},
	} {
		_, err := files.Export(tc.recipe, nil, filepath.Join(dir, tc.to))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.recipe, err, tc.want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("something was left: %v, %v", entries, err)
	}
}

// What --print writes gives the same graph, wherever it is written to.
func TestPrintedRecipesHaveTheSameGraph(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "base/etc/motd", "not this one")
	for _, file := range append(recipes.Shipped(), scattered(t)) {
		for _, set := range []map[string]string{nil, {"suite": "bookworm"}} {
			list, err := Load(Options{Recipes: []string{file}, Set: set})
			if err != nil {
				t.Fatal(err)
			}
			text, err := files.Print(list[0])
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, "printed.yaml", string(text))
			if got, want := graphOf(t, filepath.Join(dir, "printed.yaml"), nil), graphOf(t, file, set); got != want {
				t.Errorf("%s with %v: got graph %s, want %s of\n%s", file, set, got, want, text)
			}
		}
	}
}
