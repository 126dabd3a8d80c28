package engine

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// open makes a folder in the test's own TMPDIR.
func open(t *testing.T) folder {
	t.Helper()
	f, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.lock.Close() })
	return f
}

// there lists the names in a folder.
func there(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A process that is killed leaves its folder, and the next one removes it: not that of
// one that lives, nor what only looks like one.
func TestFoldersOfTheDeadAreRemoved(t *testing.T) {
	tmp, victim := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	living, dead := open(t), open(t)
	dead.lock.Close() // as the kernel does
	for _, err := range []error{
		os.WriteFile(filepath.Join(dead.dir, "control"), nil, 0o600),
		os.Mkdir(filepath.Join(tmp, folderName+"torn"), 0o700),
		os.WriteFile(filepath.Join(tmp, folderName+"file"), nil, 0o600),
		os.Symlink(victim, filepath.Join(tmp, folderName+"link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	next := open(t)
	want := []string{filepath.Base(living.dir), filepath.Base(next.dir), folderName + "file", folderName + "link"}
	slices.Sort(want)
	if got := there(t, tmp); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if got := there(t, victim); len(got) > 0 {
		t.Errorf("behind the link is %q", got)
	}
	if err := next.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(next.dir); err == nil {
		t.Error("its own folder is there still")
	}
}

// Many that begin at once do not take each other's folders.
func TestFoldersOfManyAtOnce(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				f, err := newFolder()
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(f.dir, "control"), nil, 0o600); err != nil {
					t.Error(err)
				}
				if err := f.remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	sweep()
	if left := there(t, os.TempDir()); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
