package migrate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// put writes files by path below a new folder.
func put(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheTreeIsTheNearestFolderWithStepsAbove(t *testing.T) {
	t.Parallel()
	dir := put(t, map[string]string{"far/steps/a": "", "far/near/x.yaml": "", "far/own/.steps/a": "", "far/own/x.yaml": "", "far/t/manifest.json": "", "far/t/x": ""})
	for file, want := range map[string]string{"far/near/x.yaml": "far", "far/own/x.yaml": "far/own", "far/t": "far", "far/t/manifest.json": "far", "far/t/x": "far"} {
		if got := treeOf(filepath.Join(dir, file)); got != filepath.Join(dir, want) {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}

// Nothing is written when what came of a file is no recipe, or when a page of
// it is there already.
func TestNothingIsWrittenByHalves(t *testing.T) {
	t.Parallel()
	dir := put(t, map[string]string{
		"bad/Dockerfile": "FROM debian:trixie\nEXPOSE 99999999\n",
		"x/Dockerfile":   "FROM debian:trixie\nCOPY Dockerfile /etc/\n", "taken/x/etc/Dockerfile": "old",
	})
	out := filepath.Join(dir, "out")
	if _, err := Import(Options{File: filepath.Join(dir, "bad"), Output: out}); err == nil || !strings.Contains(err.Error(), "what came of it is no recipe") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("there is %s: %v", out, err)
	}
	taken := filepath.Join(dir, "taken")
	if _, err := Import(Options{File: filepath.Join(dir, "x"), Output: taken}); err == nil || !strings.Contains(err.Error(), "it is there already") {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(taken, "*")); len(left) != 1 {
		t.Errorf("there are %v", left)
	}
}

func TestSuitesAreThoseOfRecipes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"trixie": true, "bookworm": true, "buster": false, "": false, "${suite}": false, "x\"}\n": false} {
		if got := suite(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

func TestNamesOfFolders(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]string{"My Images": "my-images", "..": "imported", "a_b.c": "a-b-c"} {
		if got := imageName(folder); got != want {
			t.Errorf("%s: got %s, want %s", folder, got, want)
		}
	}
}
