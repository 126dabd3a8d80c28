package migrate

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
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

// A link that waits in the folder, or is the folder, leads nothing elsewhere.
func TestNothingIsWrittenThroughLinks(t *testing.T) {
	t.Parallel()
	dir := put(t, map[string]string{"x/Dockerfile": "FROM debian:trixie\nCOPY Dockerfile /etc/\n", "out/keep": "", "victim/keep": ""})
	for link, out := range map[string]string{"out/x": "out", "whole": "whole"} {
		if err := os.Symlink(filepath.Join(dir, "victim"), filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
		if _, err := Import(Options{File: filepath.Join(dir, "x"), Output: filepath.Join(dir, out) + "/"}); err == nil || !strings.Contains(err.Error(), "writing ") {
			t.Errorf("%s: got %v", link, err)
		}
	}
	for folder, want := range map[string]int{"victim": 1, "out": 2} {
		if left, _ := os.ReadDir(filepath.Join(dir, folder)); len(left) != want {
			t.Errorf("%s: there are %v", folder, left)
		}
	}
}

// What cannot be written to its end leaves nothing, so that the next run can.
func TestAFailedImportLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	pages := map[string]draft.File{"a.yaml": {Data: []byte("a")}, "b": {}, "b/c": {}}
	if err := write(dir, pages); err == nil {
		t.Error("b is a file and a folder")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("there is %s: %v", dir, err)
	}
	delete(pages, "b")
	if err := write(dir, pages); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("there are %v", left)
	}
}

// A huge file is not read whole to find out what it is.
func TestHugeFilesAreNoRecipes(t *testing.T) {
	t.Parallel()
	huge := &endless{}
	if isRecipe(huge, "x.yaml") || huge.read > 8<<20 {
		t.Errorf("%d bytes were read", huge.read)
	}
}

// endless is a file system of one file with a recipe and spaces after it.
type endless struct {
	fs.FS
	fs.File
	read int
}

func (e *endless) Open(string) (fs.File, error) { return e, nil }
func (e *endless) Stat() (fs.FileInfo, error)   { return nil, fs.ErrInvalid }
func (e *endless) Close() error                 { return nil }

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, "name: a\nfrom: base\n#")
	for i := n; i < len(b); i++ {
		b[i] = ' '
	}
	if e.read += len(b); e.read > 64<<20 {
		return 0, io.EOF
	}
	return len(b), nil
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
