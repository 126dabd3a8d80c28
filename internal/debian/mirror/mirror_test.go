package mirror

import (
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
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
	f.Requests()
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
	took := f.Requests()
	slices.Sort(took)
	if want := []string{"=/debian-security/dists/trixie-security/InRelease", "=/debian/dists/trixie-updates/InRelease", "=/debian/dists/trixie/InRelease"}; !slices.Equal(took, want) {
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
	for _, folder := range []string{"/debian/dists/trixie", "/debian/dists/trixie-updates", "/debian-security/dists/trixie-security"} {
		f.Fault(folder+"/InRelease", func(w http.ResponseWriter, r *http.Request) {
			statuses <- r.Header.Get("If-None-Match") + r.Header.Get("If-Modified-Since")
			w.WriteHeader(http.StatusNotModified)
		})
	}
	open(t, f.source(t))
	for range 3 {
		if got := <-statuses; !strings.HasPrefix(got, `"`) || !strings.HasSuffix(got, "GMT") {
			t.Errorf("validators %q", got)
		}
	}
}

func TestDateIsThatOfTheSuiteItself(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for path, suite := range map[string]string{"/debian/dists/trixie-updates": "trixie-updates", "/debian-security/dists/trixie-security": "trixie-security"} {
		f.Sign(t, path, "Suite: stable\nCodename: "+suite+"\nDate: Sun, 01 Mar 2026 11:00:00 UTC\nValid-Until: Sun, 08 Mar 2026 10:00:00 UTC\n"+
			"Architectures: all amd64\nSHA256:\n "+digest(nil)+" 0 main/binary-amd64/Packages\n")
	}
	if got, want := open(t, f.source(t)).Date(), today.Add(-2*time.Hour); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAtTakesAMirrorAsAptNamesIt(t *testing.T) {
	t.Parallel()
	want := Source{Debian: "http://m.example.org/x/debian", Security: "http://m.example.org/x/debian-security"}
	for _, mirror := range []string{"http://m.example.org/x", "http://m.example.org/x/", "http://m.example.org/x/debian", "http://m.example.org/x/debian/"} {
		if got := At(mirror); !reflect.DeepEqual(got, want) {
			t.Errorf("At(%q) is %+v", mirror, got)
		}
	}
}
