package build

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

func TestFindTakesSingleFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "r/motd", "near")
	write(t, dir, "out/motd", "out")
	for from, want := range map[string]string{
		"motd": "near", "../out/motd": "out", filepath.Join(dir, "out/motd"): "out", "base/etc/supervisor/conf.d/base.conf": "",
	} {
		tree, err := find(recipes.Files{From: from, Near: filepath.Join(dir, "r"), To: "/x", Owner: "33:34"})
		if err != nil {
			t.Errorf("%s: %v", from, err)
			continue
		}
		text, err := fs.ReadFile(tree.FS, tree.Root)
		if err != nil || !strings.HasPrefix(string(text), want) || tree.UID != 33 || tree.GID != 34 || tree.To != "/x" {
			t.Errorf("%s: got %q, %v in %+v", from, text, err, tree)
		}
	}
	if _, err := find(recipes.Files{From: "../motd", Near: filepath.Join(dir, "r")}); err == nil {
		t.Error("a path with .. was looked for elsewhere")
	}
}

// What the language has and the builder has not is refused, not left out.
func TestNothingIsIgnored(t *testing.T) {
	t.Parallel()
	for what, r := range map[string]recipes.Resolved{
		"image": {Base: "x@sha256:00"},
	} {
		if err := refuse(&r); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if err := refuse(shipped(t, "node")); err != nil {
		t.Error(err)
	}
}
