package deb_test

import (
	"archive/tar"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian/deb"
	"github.com/oarcluster/oarcluster/internal/debian/deb/debtest"
)

func TestEntriesHaveOneFormOfName(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{"./": ".", ".": ".", "./usr/": "usr", "usr/bin": "usr/bin", "./...": "...", "./..x/y": "..x/y"} {
		entries := deb.NewEntries(strings.NewReader(debtest.Tar(t, debtest.Dir(raw))))
		h, err := entries.Next()
		if err != nil || h.Name != want {
			t.Errorf("%q is called %v (error %v), want %q", raw, h, err, want)
		}
		if _, err := entries.Next(); err != io.EOF {
			t.Errorf("%q: ends with %v", raw, err)
		}
	}
}

func TestFoldersMayComeAfterWhatIsInThem(t *testing.T) {
	t.Parallel()
	_, got, err := readAll(debtest.Deb(t, map[string]string{"control": stanza}, debtest.File("./a/b/c", 0o644, ""), debtest.Dir("./a/b"), debtest.Dir("./a")))
	if err != nil || len(got) != 3 {
		t.Errorf("%d entries, error %v", len(got), err)
	}
}

func TestTheLongestPathsAreRead(t *testing.T) {
	t.Parallel()
	deep := "./" + strings.Repeat("a/", (4096-2-255)/2) + strings.Repeat("b", 255)
	target := strings.Repeat("c/", 2048)
	_, got, err := readAll(debtest.Deb(t, map[string]string{"control": stanza}, debtest.Link(deep, target), debtest.File("./a/a/x", 0o644, "")))
	if err != nil || len(got) != 2 || len(deep) < 4095 {
		t.Errorf("%d entries, error %v", len(got), err)
	}
}

func TestSparseFilesAreRefused(t *testing.T) {
	t.Parallel()
	old := []byte(debtest.Tar(t, debtest.File("./big", 0o644, "")))
	old[156] = tar.TypeGNUSparse
	copy(old[257:], "ustar  \x00")
	for i := 345; i < 500; i++ {
		old[i] = 0
	}
	sum := 8 * int(' ')
	for i, b := range old[:512] {
		if i < 148 || i >= 156 {
			sum += int(b)
		}
	}
	for i := range 6 {
		old[148+i] = byte('0' + sum>>(3*(5-i))&7)
	}
	old[154], old[155] = 0, ' '
	if _, err := deb.NewEntries(strings.NewReader(string(old))).Next(); err == nil {
		t.Error("a sparse file was accepted")
	}
}

// FuzzEntries reads tar streams as they come: no name leads out of the tree, no
// entry has a folder that is a link, and hard links lead to earlier files.
func FuzzEntries(f *testing.F) {
	f.Add([]byte(debtest.Tar(f, debtest.Dir("./"), debtest.File("./a", 0o644, "x"), tar.Header{Typeflag: tar.TypeLink, Name: "./b", Linkname: "./a"})))
	f.Add([]byte(debtest.Tar(f, debtest.Link("./a", "b/../../c"), debtest.File("./a/x", 0o644, ""))))
	f.Add([]byte(debtest.Tar(f, debtest.File("./"+strings.Repeat("long/", 50)+"x", 0o644, ""))))
	f.Fuzz(func(t *testing.T, data []byte) {
		kinds := map[string]byte{}
		for entries := deb.NewEntries(strings.NewReader(string(data))); ; {
			h, err := entries.Next()
			if err != nil {
				return
			}
			if path.Clean("/"+h.Name) != path.Join("/", h.Name) || strings.HasPrefix(h.Name, "/") || strings.HasPrefix(h.Name, "../") || h.Name == ".." {
				t.Fatalf("entry %q came through", h.Name)
			}
			for dir := path.Dir(h.Name); dir != "."; dir = path.Dir(dir) {
				if kind, has := kinds[dir]; has && kind != tar.TypeDir {
					t.Fatalf("entry %q is below %q of type %q", h.Name, dir, kind)
				}
			}
			if h.Typeflag == tar.TypeLink && kinds[h.Linkname] != tar.TypeReg {
				t.Fatalf("hard link %q leads to %q", h.Name, h.Linkname)
			}
			kinds[h.Name] = h.Typeflag
		}
	})
}
