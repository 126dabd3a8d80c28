package mirror

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTwoAtOnceShareOneStore(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	packages := resolve(t, open(t, f.source(t)))
	var group sync.WaitGroup
	for range 6 {
		a := open(t, f.source(t))
		group.Go(func() {
			if err := a.Fetch(t.Context(), packages); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if left, _ := os.ReadDir(f.cache + "/pool"); len(left) == 0 {
		t.Error("the store is empty")
	}
	for _, p := range packages {
		path := open(t, f.source(t)).Deb(p)
		if state, err := verifyFile(path, blob{"", p.SHA256, p.Size}); state != whole || !missing(path+".part") {
			t.Errorf("%s: state %v, %v; .part missing %v", p.Name, state, err, missing(path+".part"))
		}
	}
}

func TestEverybodyMayReadTheStore(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	resolve(t, open(t, f.source(t)))
	for _, kind := range []string{"dists", "resolved"} {
		files, _ := filepath.Glob(filepath.Join(f.cache, kind, "*/*"))
		if len(files) == 0 {
			t.Errorf("nothing in %s", kind)
		}
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || info.Mode() != 0o644 {
				t.Errorf("%s: %v, %v", file, info.Mode(), err)
			}
		}
	}
}

func TestStoreHealsItself(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	if err := a.Fetch(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	// Bytes that swapped, a file cut off, an answer and an index that were changed.
	write(t, a.Deb(packages[0]), strings.Repeat("x", 100_000))
	write(t, a.Deb(packages[1]), "b")
	for _, kind := range []string{"resolved", "indexes"} {
		damage(t, f.cache+"/"+kind)
	}
	again := open(t, f.source(t))
	if got := resolve(t, again); !reflect.DeepEqual(got, packages) {
		t.Errorf("got %+v", got)
	}
	if err := again.Fetch(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	if got := again.Damaged(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("damaged were %v", got)
	}
	if data, err := os.ReadFile(a.Deb(packages[0])); err != nil || data[0] != 'a' {
		t.Errorf("not healed: %v", err)
	}
	// A cached InRelease that does not verify is fetched anew, never used.
	damage(t, f.cache+"/dists")
	open(t, f.source(t))
}

// damage changes a byte of every file below a folder.
func damage(t *testing.T, folder string) {
	t.Helper()
	dirs, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		files, err := os.ReadDir(folder + "/" + dir.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			path := fmt.Sprintf("%s/%s/%s", folder, dir.Name(), file.Name())
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/2] ^= 1
			write(t, path, string(data))
		}
	}
}

func TestPartialIsForOneAtATime(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/pool/ab/abc"
	first, err := partial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second := make(chan *os.File)
	go func() {
		f, err := partial(t.Context(), path)
		if err != nil {
			t.Error(err)
		}
		second <- f
	}()
	if err := os.Rename(first.Name(), path); err != nil {
		t.Fatal(err)
	}
	first.Close()
	if f := <-second; f != nil {
		// It came before the rename was seen: then it has a file of its own.
		if f.Name() != path+".part" {
			t.Errorf("got %s", f.Name())
		}
		f.Close()
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := pause(ended, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("pause: got %v", err)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	source := f.source(t)
	source.Cache += "/file"
	write(t, source.Cache, "")
	if _, err := Open(t.Context(), source); err == nil || !strings.Contains(err.Error(), "writing the cache: ") {
		t.Errorf("got %v", err)
	}
}

// write writes a file of a test.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A file that another process has finished is not begun again.
func TestWhatIsThereIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "whole")
	if f, err := partial(t.Context(), path); f != nil || err != nil {
		t.Errorf("got %v, %v", f, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}
