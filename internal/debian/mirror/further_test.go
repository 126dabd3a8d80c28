package mirror

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror/mirrortest"
)

// newFurther makes an archive of its own key, with package "c", which depends on
// Debian's "b", and a later version of "a".
func newFurther(t *testing.T, lifetime time.Duration) (*fake, Further) {
	t.Helper()
	f := &fake{mirrortest.At(t, today.Add(-time.Hour), lifetime), t.TempDir()}
	index := f.stanza("further", "a", "_2", "Depends: b\n") + f.stanza("further", "c", "_2", "Depends: b\n")
	f.publish(t, "/further/dists/stable", "stable", index, "")
	further := Further{Name: "mine", URL: f.URL + "/further/", Suite: "stable", Components: []string{"main"}, Keyring: [][]byte{f.Key}}
	return f, further
}

func TestFurtherArchivesAreResolvedTogetherWithDebians(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	_, further := newFurther(t, 0)
	a := open(t, f.source(t))
	both, err := a.With(t.Context(), []Further{further})
	if err != nil {
		t.Fatal(err)
	}
	request := debian.Request{Groups: [][]string{{"a"}, {"c"}}}
	groups, err := both.Resolve(t.Context(), "amd64", request)
	if err != nil {
		t.Fatal(err)
	}
	if g := groups[0]; len(g) != 2 || g[0].Version != "2" || g[0].Archive != "mine" || g[1].Name != "b" || g[1].Archive != "debian" {
		t.Errorf("the highest version is to be taken: got %+v", g)
	}
	if g := groups[1]; len(g) != 1 || g[0].Name != "c" {
		t.Errorf("got %+v", g)
	}
	packages := append(groups[0], groups[1]...)
	if err := both.Fetch(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	if got := resolve(t, a); got[0].Version != "1" {
		t.Errorf("alone, Debian has another answer: %+v", got)
	}
	releases, err := both.Releases("amd64")
	if err != nil || len(releases) != 4 || releases[3].Archive != "mine" || releases[3].Indexes[0].Path != "main/binary-amd64/Packages" {
		t.Fatalf("got %+v, %v", releases, err)
	}
	source := f.source(t)
	source.Cache = t.TempDir()
	again, err := Reopen(source, []Further{further}, releases)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Fetch(t.Context(), packages); err != nil {
		t.Errorf("reopened: %v", err)
	}
	if !both.Date().Equal(a.Date()) {
		t.Error("the date is to be that of Debian's suite")
	}
}

// Another name for the same archive makes its packages those of that name.
func TestARenamedArchiveIsAnotherOne(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	_, further := newFurther(t, 0)
	a := open(t, f.source(t))
	for _, name := range []string{"mine", "ours"} {
		further.Name = name
		both, err := a.With(t.Context(), []Further{further})
		if err != nil {
			t.Fatal(err)
		}
		groups, err := both.Resolve(t.Context(), "amd64", debian.Request{Groups: [][]string{{"c"}}})
		if err != nil || !slices.ContainsFunc(groups[0], func(p debian.Package) bool { return p.Name == "c" && p.Archive == name }) {
			t.Errorf("%s: got %+v, %v", name, groups, err)
		}
	}
}

func TestFurtherArchivesAreRefused(t *testing.T) {
	t.Parallel()
	const inRelease = "/further/dists/stable/InRelease"
	for name, tc := range map[string]struct {
		change     func(*testing.T, *fake, *Further)
		want, hint string
	}{
		"another's key": {func(t *testing.T, _ *fake, f *Further) { f.Keyring = newFake(t).source(t).Keyring },
			"source mine: verifying URL: it is signed by unknown key ", "the keyring of source mine"},
		"Debian's key is not enough": {func(_ *testing.T, _ *fake, f *Further) { f.Keyring = nil },
			"source mine: verifying URL: it is signed by unknown key ", "the keyring of source mine"},
		"no keyring": {func(_ *testing.T, _ *fake, f *Further) { f.Keyring = [][]byte{[]byte("nonsense")} },
			"source mine: verifying URL: reading keyring: ", "the keyring of source mine"},
		"no InRelease": {func(_ *testing.T, a *fake, _ *Further) { a.Drop(inRelease) },
			`source mine: fetching URL: the mirror answers "404 Not Found"`, "has to have an InRelease file"},
		"unsigned": {func(_ *testing.T, a *fake, _ *Further) { a.Put(inRelease, []byte("Suite: stable\n")) },
			"source mine: verifying URL: it is not clear-signed", ""},
		"tampered": {func(_ *testing.T, a *fake, _ *Further) {
			a.Put(inRelease, bytes.Replace(a.File(inRelease), []byte("amd64"), []byte("arm64"), 1))
		}, "source mine: verifying URL: its text is not what key ", "tampered"},
		"another suite": {func(t *testing.T, a *fake, _ *Further) {
			a.Sign(t, "/further/dists/stable", strings.Replace(dated("other", "Sun, 01 Mar 2026 10:00:00 UTC"), "Suite: stable", "Suite: other", 1))
		},
			"source mine: verifying URL: it is the Release of other", ""},
		"out of date": {func(t *testing.T, a *fake, _ *Further) {
			a.Sign(t, "/further/dists/stable", "Valid-Until: Sat, 28 Feb 2026 10:00:00 UTC\n"+dated("stable", "Sat, 21 Feb 2026 10:00:00 UTC"))
		}, "source mine: verifying URL: it is valid until 2026-02-28T10:00:00Z only", "--allow-stale"},
		"no such component": {func(_ *testing.T, _ *fake, f *Further) { f.Components = []string{"extra"} },
			"suite stable at URL names no extra/binary-amd64/Packages", `may not have component "extra"`},
		"Debian's name": {func(_ *testing.T, _ *fake, f *Further) { f.Name = "debian" }, "source debian: another archive has this name", "another one"},
		"no address":    {func(_ *testing.T, _ *fake, f *Further) { f.URL = "/srv/apt" }, `source mine: "/srv/apt" is not the address`, "http://HOST"},
		"a flat one":    {func(_ *testing.T, _ *fake, f *Further) { f.Suite = "./" }, `source mine: suite "./" with components [main]`, "without dists/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			debians := open(t, newFake(t).source(t))
			f, further := newFurther(t, 0)
			tc.change(t, f, &further)
			a, err := debians.With(t.Context(), []Further{further})
			if err == nil {
				_, err = a.Resolve(t.Context(), "amd64", debian.Request{Groups: [][]string{{"c"}}})
			}
			want := strings.ReplaceAll(tc.want, "fetching URL", "fetching "+f.URL+inRelease)
			want = strings.ReplaceAll(want, "verifying URL", "verifying "+f.URL+inRelease)
			want = strings.ReplaceAll(want, "at URL", "at "+f.URL+"/further/dists/stable")
			if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(hint(err), tc.hint) {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
		})
	}
}

func TestAFurtherArchiveOfAnExpiredKey(t *testing.T) {
	t.Parallel()
	debians := open(t, newFake(t).source(t))
	_, further := newFurther(t, 24*time.Hour)
	_, err := debians.With(t.Context(), []Further{further})
	if err == nil || !strings.Contains(err.Error(), "which has expired: ") || !strings.Contains(hint(err), "the keyring of source mine") {
		t.Errorf("got %v, hint %q", err, hint(err))
	}
}

func TestNoFurtherArchivesCostNothing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	f.Requests()
	if same, err := a.With(t.Context(), nil); same != a || err != nil || len(f.Requests()) > 0 {
		t.Errorf("got another one, %v", err)
	}
}
