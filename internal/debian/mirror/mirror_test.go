package mirror

import (
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
)

func TestOpenResolveFetch(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var last Progress
	source := f.source(t)
	source.Progress = func(p Progress) { last = p }
	a := open(t, source)
	if !a.Date().Equal(today.Add(-2*time.Hour)) || a.Warnings() != nil {
		t.Errorf("date %v, warnings %v", a.Date(), a.Warnings())
	}
	packages := resolve(t, a)
	if len(packages) != 2 || packages[0].Name != "a" || packages[1].Archive != "debian" {
		t.Fatalf("got %+v", packages)
	}
	if err := a.Fetch(t.Context(), append(packages, packages...)); err != nil {
		t.Fatal(err)
	}
	if want := (Progress{"packages", 2, 2, 200_000, 200_000, 200_000}); last != want {
		t.Errorf("got %+v, want %+v", last, want)
	}
	if data, err := os.ReadFile(a.Deb(packages[1])); err != nil || string(data) != strings.Repeat("b", 100_000) {
		t.Errorf("the .deb in the store: %d bytes, %v", len(data), err)
	}
}

func TestWarmRunFetchesAndParsesNothing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	if err := a.Fetch(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	f.took()
	var last Progress
	source := f.source(t)
	source.Progress = func(p Progress) { last = p }
	warm := open(t, source)
	if again := resolve(t, warm); !reflect.DeepEqual(again, packages) {
		t.Errorf("got %+v", again)
	}
	if err := warm.Fetch(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	took := f.took()
	slices.Sort(took)
	if want := []string{"/debian-security/dists/trixie-security/InRelease", "/debian/dists/trixie-updates/InRelease", "/debian/dists/trixie/InRelease"}; !slices.Equal(took, want) {
		t.Errorf("a warm run asked for %v", took)
	}
	if last.Fetched != 0 || last.Bytes != 200_000 {
		t.Errorf("got %+v", last)
	}
	if len(warm.indexes) != 0 {
		t.Error("a warm run parsed an index")
	}
}

func TestUnchangedReleaseIsNotSentAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	open(t, f.source(t))
	statuses := make(chan string, 3)
	for path := range f.files {
		if strings.HasSuffix(path, "InRelease") {
			f.fault(path, func(w http.ResponseWriter, r *http.Request) {
				statuses <- r.Header.Get("If-None-Match") + r.Header.Get("If-Modified-Since")
				w.WriteHeader(http.StatusNotModified)
			})
		}
	}
	open(t, f.source(t))
	for range 3 {
		if got := <-statuses; !strings.HasPrefix(got, `"`) || !strings.HasSuffix(got, "GMT") {
			t.Errorf("validators %q", got)
		}
	}
}

func TestOfflineServesTheCacheOnly(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	source := f.source(t)
	source.Offline = true
	if _, err := Open(t.Context(), source); err == nil || !strings.Contains(err.Error(), "InRelease: not fetched yet") {
		t.Errorf("empty cache: got %v", err)
	}
	online := open(t, f.source(t))
	offline := open(t, source)
	request := debian.Request{Groups: [][]string{{"a"}}}
	if _, err := offline.Resolve(t.Context(), "amd64", request); err == nil || !strings.Contains(err.Error(), "not fetched yet") {
		t.Errorf("no index: got %v", err)
	}
	packages := resolve(t, online)
	if err := offline.Fetch(t.Context(), packages); err == nil || !strings.Contains(err.Error(), "1 is not in the store") {
		t.Errorf("no .deb: got %v", err)
	}
	if err := online.Fetch(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	f.Close()
	offline = open(t, source)
	if got := resolve(t, offline); !reflect.DeepEqual(got, packages) {
		t.Errorf("got %+v", got)
	}
	if err := offline.Fetch(t.Context(), packages); err != nil {
		t.Error(err)
	}
}
