package build

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/recipes"
)

// dealt makes the shares of two levels of files on disk, over an empty lowest one.
func dealt(t *testing.T) *shares {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string]string{
		"low/etc/motd": "low", "low/etc/both": "low", "low/usr/bin/tool": "#!", "high/etc/both": "high", "high/etc/high.d/a": "a",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tree := func(name string) []recipes.Files { return []recipes.Files{{Near: dir, From: name, To: "/"}} }
	s, err := newShares(&recipes.Resolved{Levels: []recipes.Level{{}, {Files: tree("low")}, {Files: tree("high")}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// contents answers what trees write: path=content of files, path/ of folders.
func contents(t *testing.T, trees []oci.Tree) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := oci.WriteTrees(&out, trees, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	var list []string
	for tr := tar.NewReader(&out); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return strings.Join(list, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeDir {
			h.Name += "=" + string(data)
		}
		list = append(list, h.Name)
	}
}

func TestEachFileIsLaidOnce(t *testing.T) {
	t.Parallel()
	s := dealt(t)
	for _, tc := range []struct {
		level int
		needs []string
		want  string
	}{
		{1, nil, ""},
		{1, []string{}, ""},
		{1, []string{"/usr/bin"}, "usr/ usr/bin/ usr/bin/tool=#!"},
		{1, []string{"/usr/bin/tool", "/usr"}, "usr/"},
		{2, []string{"/etc/both", "/etc/high.d/a", "/usr/bin/tool"}, "etc/ etc/both=high etc/high.d/ etc/high.d/a=a"},
	} {
		trees, check := s.take(tc.level, recipes.Step{Needs: tc.needs})
		if got := contents(t, trees); got != tc.want {
			t.Errorf("needs %q of level %d: got %q, want %q", tc.needs, tc.level, got, tc.want)
		}
		if err := check(); err != nil {
			t.Error(err)
		}
	}
	if got, want := contents(t, s.rest(1)), "etc/ etc/motd=low"; got != want {
		t.Errorf("rest of low: got %q, want %q", got, want)
	}
	if got, want := contents(t, s.rest(2)), "etc/ etc/high.d/"; got != want {
		t.Errorf("rest of high: got %q, want %q", got, want)
	}
}

func TestAStepThatNeedsWhatNoRecipeHas(t *testing.T) {
	t.Parallel()
	s := dealt(t)
	step := recipes.Step{Needs: []string{"/etc/motd", "/etc/high.d"}, At: recipes.Position{File: "low.yaml", Line: 3, Col: 5}}
	trees, check := s.take(1, step)
	contents(t, trees)
	err := check()
	if err == nil || err.Error() != `low.yaml:3:5: needs: the recipes have no file "/etc/high.d"` {
		t.Errorf("got %v", err)
	}
}
