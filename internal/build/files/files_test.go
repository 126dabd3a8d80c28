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
