package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/recipes"
)

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

func TestTreesMayBeSingleFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "r/motd", "near")
	write(t, dir, "out/motd", "out")
	for from, want := range map[string]string{
		"motd": "near", "../out/motd": "out", filepath.Join(dir, "out/motd"): "out", "base/etc/supervisor/conf.d/base.conf": "",
	} {
		tree, err := Tree(recipes.Files{From: from, Near: filepath.Join(dir, "r"), To: "/x", Owner: "33:34"})
		if err != nil {
			t.Errorf("%s: %v", from, err)
			continue
		}
		text, err := fs.ReadFile(tree.FS, tree.Root)
		if err != nil || !strings.HasPrefix(string(text), want) || tree.UID != 33 || tree.GID != 34 || tree.To != "/x" {
			t.Errorf("%s: got %q, %v in %+v", from, text, err, tree)
		}
	}
	if _, err := Tree(recipes.Files{From: "../motd", Near: filepath.Join(dir, "r")}); err == nil {
		t.Error("a path with .. was looked for elsewhere")
	}
}

func TestTreesAreLookedForNearTheRecipeFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	near := filepath.Join(dir, "recipes")
	for name, content := range map[string]string{"recipes/mine/f": "near", "configs/mine/f": "far", "configs/other/f": "other"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for from, want := range map[string]string{"mine": "near", "other": "other"} {
		tree, err := Tree(recipes.Files{From: from, Near: near})
		if err != nil {
			t.Fatal(err)
		}
		if data, err := fs.ReadFile(tree.FS, "f"); err != nil || string(data) != want {
			t.Errorf("%s is %q, %v; want %q", from, data, err, want)
		}
	}
	if _, err := Tree(recipes.Files{From: "base"}); err != nil {
		t.Errorf("the program's own: %v", err)
	}
	if _, err := Tree(recipes.Files{From: "nowhere", Near: near}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
}

func TestLinksDoNotLeadOutOfTheRecipesFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	near := filepath.Join(dir, "recipes")
	for _, name := range []string{"home/.ssh/id", "recipes/mine/f", "configs/shared/f"} {
		write(t, dir, name, "text")
	}
	for name, to := range map[string]string{
		"recipes/node": "../home/.ssh", "recipes/id": "../home/.ssh/id", "recipes/again": "node", "configs/far": "../home/.ssh",
		"recipes/near": "mine", "recipes/beside": "../configs/shared",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	at := recipes.Position{File: "recipes/x.yaml", Line: 3, Col: 1}
	for from, ok := range map[string]bool{
		"node": false, "id": false, "again": false, "node/id": false, "far": false, "mine/../../home/.ssh": false,
		"near": true, "beside": true, "mine": true, "shared": true, "../home/.ssh": true, "../recipes/node": true, filepath.Join(near, "node"): true,
	} {
		_, err := Tree(recipes.Files{From: from, Near: near, To: "/opt", At: at})
		if ok && err != nil {
			t.Errorf("%s: %v", from, err)
		}
		if !ok && (err == nil || !strings.Contains(err.Error(), "recipes/x.yaml:3:1: files: ") || !strings.Contains(err.Error(), "outside the recipe's folder")) {
			t.Errorf("%s: got %v", from, err)
		}
	}
}

// What is exported stays in its folder, even where a tree has a link that leads
// out of it and another entry names a file behind that link.
func TestExportsStayInTheirFolder(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write(t, home, "repo/r/mine.yaml", "name: mine\nfrom: base\nfiles: [{from: ../a, to: /a}, {from: ../a/x/authorized_keys, to: /b}]\n")
	write(t, home, "repo/a/plain", "")
	write(t, home, "victim/.ssh/keep", "")
	write(t, home, ".ssh/authorized_keys", "evil")
	if err := os.Symlink("../../.ssh", filepath.Join(home, "repo/a/x")); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(filepath.Join(home, "repo/r/mine.yaml"), map[string]string{"suite": "trixie"}, filepath.Join(home, "victim/out")); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(home, "victim/.ssh")); len(left) != 1 {
		t.Errorf("written outside: %v", left)
	}
	if left, _ := os.ReadDir(filepath.Join(home, "victim")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// An entry may name a file of a folder that another entry names.
func TestEntriesMayNameAFileTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "r/mine.yaml", "name: mine\nfrom: base\nfiles: [{from: a, to: /a}, {from: a/in, to: /b}, {from: a/in/f, to: /f}]\n")
	write(t, dir, "r/a/in/f", "text")
	if err := os.Symlink("f", filepath.Join(dir, "r/a/in/link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(filepath.Join(dir, "r/mine.yaml"), nil, filepath.Join(dir, "out")); err != nil {
		t.Error(err)
	}
}

// An empty folder that is there is filled, and is the same folder after: it may be
// the one where the user is.
func TestAnEmptyFolderIsFilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	recipe, err := Export("base", nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(dir); err != nil || !os.SameFile(before, after) {
		t.Errorf("it is another folder: %v", err)
	}
	if _, err := os.Stat(recipe); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".export-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
