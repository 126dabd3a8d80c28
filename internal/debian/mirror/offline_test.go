package mirror

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
)

func TestOfflineUsesTheCacheAndAsksNobody(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	if err := a.Fetch(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	was, err := a.Releases("amd64")
	if err != nil {
		t.Fatal(err)
	}
	f.Requests()
	source := f.source(t)
	source.Offline = true
	off := open(t, source)
	if got := resolve(t, off); !reflect.DeepEqual(got, packages) {
		t.Errorf("got %+v", got)
	}
	// What was never asked for is resolved from the cached indexes.
	if groups, err := off.Resolve(t.Context(), "amd64", debian.Request{Groups: [][]string{{"b"}}}); err != nil || len(groups[0]) != 1 {
		t.Errorf("got %v, %v", groups, err)
	}
	if err := off.Fetch(t.Context(), packages); err != nil {
		t.Error(err)
	}
	if got, err := off.Releases("amd64"); err != nil || !reflect.DeepEqual(got, was) || !off.Date().Equal(a.Date()) {
		t.Errorf("got %+v, %v", got, err)
	}
	if took := f.Requests(); len(took) > 0 {
		t.Errorf("offline, it asked for %v", took)
	}
}

func TestOfflineRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change     func(*testing.T, *fake, *Source)
		want, hint string
	}{
		"an empty cache":     {func(t *testing.T, _ *fake, s *Source) { s.Cache = t.TempDir() }, "InRelease: offline, and the cache does not have it", "without --offline"},
		"another mirror":     {func(_ *testing.T, _ *fake, s *Source) { s.Debian += "/x" }, "InRelease: offline, and the cache does not have it", "the same mirror"},
		"dates of long ago":  {func(_ *testing.T, _ *fake, s *Source) { s.Now = today.AddDate(0, 1, 0) }, "it is valid until", "--allow-stale"},
		"a changed Release":  {func(t *testing.T, f *fake, _ *Source) { damage(t, f.cache+"/dists") }, "InRelease: ", ""},
		"a lost index":       {func(t *testing.T, f *fake, _ *Source) { remove(t, f.cache+"/resolved", f.cache+"/indexes") }, "offline, and it is not in the cache", "without --offline"},
		"a changed index":    {func(t *testing.T, f *fake, _ *Source) { remove(t, f.cache+"/resolved"); damage(t, f.cache+"/indexes") }, "offline, and it is not in the cache", "without --offline"},
		"a package swapped":  {func(t *testing.T, f *fake, _ *Source) { damage(t, f.cache+"/pool") }, "fetching packages: offline, and the store does not have a+1.deb, b+1.deb", "without --offline"},
		"a package not had":  {func(t *testing.T, f *fake, _ *Source) { remove(t, f.cache+"/pool") }, "fetching packages: offline, and the store does not have a+1.deb, b+1.deb", "without --offline"},
		"another arch's set": {func(t *testing.T, f *fake, _ *Source) { remove(t, f.cache) }, "offline", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			a := open(t, f.source(t))
			if err := a.Fetch(t.Context(), resolve(t, a)); err != nil {
				t.Fatal(err)
			}
			f.Requests()
			source := f.source(t)
			source.Offline = true
			tc.change(t, f, &source)
			err := attempt(t, source)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(hint(err), tc.hint) {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
			if took := f.Requests(); len(took) > 0 {
				t.Errorf("offline, it asked for %v", took)
			}
			if err := attempt(t, f.source(t)); err != nil {
				t.Errorf("online again: %v", err)
			}
		})
	}
}

// attempt opens, resolves and fetches.
func attempt(t *testing.T, source Source) error {
	t.Helper()
	a, err := Open(t.Context(), source)
	if err != nil {
		return err
	}
	groups, err := a.Resolve(t.Context(), "amd64", debian.Request{Groups: [][]string{{"a"}}})
	if err != nil {
		return err
	}
	return a.Fetch(t.Context(), groups[0])
}

func remove(t *testing.T, folders ...string) {
	t.Helper()
	for _, folder := range folders {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReopenFetchesWhatTheStoreLacksAndNothingElse(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	releases, err := a.Releases("amd64", "amd64")
	if err != nil || len(releases) != 3 || releases[0].Suite != "trixie" || releases[2].Archive != "debian-security" || len(releases[0].Indexes) != 1 ||
		releases[0].Indexes[0].Path != "main/binary-amd64/Packages.gz" || releases[0].SHA256 != digest(f.File("/debian/dists/trixie/InRelease")) {
		t.Fatalf("got %+v, %v", releases, err)
	}
	f.Requests()
	again, err := Reopen(f.source(t), nil, releases)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Fetch(t.Context(), packages); err != nil || !again.Date().Equal(a.Date()) || again.Warnings() != nil {
		t.Errorf("got %v, date %v, warnings %v", err, again.Date(), again.Warnings())
	}
	if got, err := again.Releases("amd64"); err != nil || !reflect.DeepEqual(got, releases) {
		t.Errorf("got %+v, %v", got, err)
	}
	if took := f.Requests(); len(took) != 2 {
		t.Errorf("asked for %v", took)
	}
	// The mirror moves on; the store does not.
	f.Drop("")
	if err := again.Fetch(t.Context(), packages); err != nil {
		t.Errorf("from the store: %v", err)
	}
	write(t, again.Deb(packages[0]), strings.Repeat("x", 100_000))
	err = again.Fetch(t.Context(), packages)
	if v, ok := errors.AsType[*Vanished](err); !ok || len(v.Packages) != 1 || v.Packages[0].Name != "a" {
		t.Errorf("a swapped package that the mirror has no more: got %v", err)
	}
	if _, err := os.Stat(again.Deb(packages[0])); err == nil {
		t.Error("the swapped package is still there")
	}
	if _, err := Reopen(At("nonsense"), nil, []lock.Release{}); err == nil {
		t.Error("took an address that is none")
	}
}

func TestAFullDiskSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err  error
		want string
	}{{&os.PathError{Op: "write", Path: "x", Err: bytes.ErrTooLarge}, ""}, {&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, "the disk is full"}} {
		if err := unwritable(tc.err); !strings.HasPrefix(err.Error(), "writing the cache: ") || !strings.HasPrefix(hint(err), tc.want) {
			t.Errorf("got %v, hint %q", err, hint(err))
		}
	}
}
