package mirror

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// asOf is where the snapshot service has Debian's archive at the state of the fake
// mirror, half a day later.
const asOf = "/snapshot/archive/debian/20260301T220000Z/"

// dropped returns a mirror that has dropped both packages, one of which a snapshot
// service has, and an archive at the state of before.
func dropped(t *testing.T, change func(*Source)) (*fake, *Archive, []debian.Package) {
	t.Helper()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	releases, err := a.Releases("amd64")
	if err != nil {
		t.Fatal(err)
	}
	f.Put(asOf+"pool/a+1.deb", f.File("/debian/pool/a+1.deb"))
	f.Drop("/debian/pool/")
	source := f.source(t)
	source.Snapshot = f.URL + "/snapshot/"
	change(&source)
	again, err := Reopen(source, nil, releases)
	if err != nil {
		t.Fatal(err)
	}
	hurry(again)
	f.Requests()
	return f, again, packages
}

func TestWhatVanishedIsRecalled(t *testing.T) {
	t.Parallel()
	f, a, packages := dropped(t, func(*Source) {})
	if err := a.Fetch(t.Context(), packages[:1]); err != nil || !slices.Equal(a.Recalled(), []string{"a"}) {
		t.Errorf("got %v, recalled %v", err, a.Recalled())
	}
	if data, err := os.ReadFile(a.Deb(packages[0])); err != nil || int64(len(data)) != packages[0].Size {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if got := f.Requests(); !slices.Equal(got, []string{"/debian/pool/a+1.deb", asOf + "pool/a+1.deb"}) {
		t.Errorf("asked for %v", got)
	}
	// What it does not have either is named, and nothing else.
	if v, ok := errors.AsType[*Vanished](a.Fetch(t.Context(), packages)); !ok || len(v.Packages) != 1 || v.Packages[0].Name != "b" || v.Snapshot != nil {
		t.Errorf("got %v", v)
	}
}

func TestARecalledPackageIsTheOneThatWasLocked(t *testing.T) {
	t.Parallel()
	f, a, packages := dropped(t, func(*Source) {})
	f.Put(asOf+"pool/a+1.deb", []byte(strings.Repeat("x", int(packages[0].Size))))
	err := a.Fetch(t.Context(), packages)
	v, ok := errors.AsType[*Vanished](err)
	if !ok || len(v.Packages) != 2 || !strings.Contains(err.Error(), "the snapshot service does not help: fetching "+f.URL+asOf+"pool/a%2B1.deb: got a file with SHA-256") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(a.Deb(packages[0])); err == nil {
		t.Error("another package is in the store")
	}
}

func TestWhoIsNotAskedForWhatVanished(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Source){
		"no service": func(s *Source) { s.Snapshot = "" },
		"offline":    func(s *Source) { s.Offline = true },
	} {
		f, a, packages := dropped(t, change)
		if v, ok := errors.AsType[*Vanished](a.Fetch(t.Context(), packages)); !ok || len(v.Packages) != 2 {
			t.Errorf("%s: got %v", name, v)
		}
		if got := f.Requests(); slices.ContainsFunc(got, func(path string) bool { return strings.HasPrefix(path, "/snapshot") }) {
			t.Errorf("%s: asked for %v", name, got)
		}
	}
	_, a, packages := dropped(t, func(*Source) {})
	packages[0].Archive = "mine"
	if folder := a.snapshotOf(packages[0]); folder != "" {
		t.Errorf("of another archive's package: %s", folder)
	}
}

// A service that is out of reach is not asked for each package, and an interruption
// is one.
func TestASnapshotServiceThatFails(t *testing.T) {
	t.Parallel()
	f, a, packages := dropped(t, func(*Source) {})
	f.Fault(asOf+"pool/a+1.deb", slices.Repeat([]http.HandlerFunc{status(503)}, attempts)...)
	err := a.Fetch(t.Context(), packages)
	if v, ok := errors.AsType[*Vanished](err); !ok || len(v.Packages) != 2 || !strings.Contains(err.Error(), `does not help: fetching `) || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v", err)
	}
	if got := f.Requests(); len(got) != 2+attempts {
		t.Errorf("asked for %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f.Fault(asOf+"pool/a+1.deb", func(http.ResponseWriter, *http.Request) { cancel() })
	if err := a.Fetch(ctx, packages); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
