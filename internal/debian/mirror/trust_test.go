package mirror

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// dated is the Release of a suite at another date, good for ever.
func dated(suite, date string) string {
	return "Suite: stable\nCodename: " + suite + "\nDate: " + date + "\nArchitectures: all amd64\nSHA256:\n " + strings.Repeat("0", 64) + " 1 x\n"
}

func TestAnOlderReleaseDoesNotComeBack(t *testing.T) {
	t.Parallel()
	const base = "/debian/dists/trixie"
	f := newFake(t)
	f.Sign(t, base+"-updates", dated("trixie-updates", "Sat, 28 Feb 2026 10:00:00 UTC"))
	f.Sign(t, "/debian-security/dists/trixie-security", dated("trixie-security", "Sat, 28 Feb 2026 10:00:00 UTC"))
	open(t, f.source(t))
	newer := f.File(base + "/InRelease")
	f.Sign(t, base, dated("trixie", "Sat, 28 Feb 2026 10:00:00 UTC"))
	older := f.File(base + "/InRelease")
	for _, stale := range []bool{false, true} {
		source := f.source(t)
		source.AllowStale = stale
		_, err := Open(t.Context(), source)
		if err == nil || !strings.Contains(err.Error(), "its Date is 2026-02-28T10:00:00Z, but the mirror has served one of 2026-03-01T10:00:00Z before") ||
			!strings.Contains(hint(err), "lags behind") || !strings.Contains(hint(err), f.cache) {
			t.Errorf("AllowStale %v: got %v, hint %q", stale, err, hint(err))
		}
	}
	// Also when what the cache has is out of date itself, and may be used no more.
	source := f.source(t)
	source.Now = today.AddDate(0, 1, 0)
	if _, err := Open(t.Context(), source); err == nil || !strings.Contains(err.Error(), "has served one of") {
		t.Errorf("a month later: got %v", err)
	}
	f.Put(base+"/InRelease", newer)
	open(t, f.source(t))
	f.Put(base+"/InRelease", older)
	fresh := f.source(t)
	fresh.Cache = t.TempDir()
	if got, want := open(t, fresh).Date(), today.AddDate(0, 0, -1).Add(-2*time.Hour); !got.Equal(want) {
		t.Errorf("a cache that knows nothing newer: got %v, want %v", got, want)
	}
}

func TestAnswersThatNoIndexGivesAreNotBelieved(t *testing.T) {
	t.Parallel()
	good := debian.Package{Name: "a", Version: "1", Architecture: "amd64", Filename: "pool/a.deb", SHA256: strings.Repeat("a", 64), Size: 1}
	path := filepath.Join(t.TempDir(), "answer")
	read := func(groups int, packages ...debian.Package) [][]debian.Package {
		if err := writeAnswer(path, [][]debian.Package{packages}); err != nil {
			t.Fatal(err)
		}
		return readAnswer(path, groups)
	}
	if got := read(1, good, good); len(got) != 1 || len(got[0]) != 2 {
		t.Errorf("a sound answer: got %v", got)
	}
	if got := read(2, good); got != nil {
		t.Errorf("an answer of fewer groups: got %v", got)
	}
	for field, change := range map[string]func(*debian.Package){
		"name":         func(p *debian.Package) { p.Name = "../a" },
		"version":      func(p *debian.Package) { p.Version = "1\nStatus: x" },
		"architecture": func(p *debian.Package) { p.Architecture = "a/b" },
		"path":         func(p *debian.Package) { p.Filename = "../../x" },
		"digest":       func(p *debian.Package) { p.SHA256 = "../../../../etc/passwd" + strings.Repeat("a", 42) },
		"size":         func(p *debian.Package) { p.Size = 0 },
	} {
		bad := good
		change(&bad)
		if got := read(1, good, bad); got != nil {
			t.Errorf("%s: got %v", field, got)
		}
	}
}

func TestTheStoreHasNoPlaceForWhatIsNoDigest(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	for _, sum := range []string{"", "a", "../../../../etc/passwd", strings.Repeat("A", 64), "../" + strings.Repeat("a", 61)} {
		p := debian.Package{Name: "a", Filename: "pool/a.deb", SHA256: sum, Size: 1}
		if err := a.Fetch(t.Context(), []debian.Package{p}); err == nil || !strings.Contains(err.Error(), "its SHA-256 is") {
			t.Errorf("%q: got %v", sum, err)
		}
		if path := a.Deb(p); !strings.HasPrefix(path, f.cache+"/pool/") || strings.Contains(path, "..") {
			t.Errorf("%q is at %q", sum, path)
		} else if _, err := os.Open(path); err == nil {
			t.Errorf("%q is there", sum)
		}
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	f := newFake(t)
	source := f.source(t)
	host := strings.TrimPrefix(f.URL, "http://")
	source.Debian, source.Security = "http://user:"+secret+"@"+host+"/debian", "http://user:"+secret+"@"+host+"/debian-security"
	source.Now, source.AllowStale = today.AddDate(0, 1, 0), true
	a := open(t, source)
	told := strings.Join(a.Warnings(), "\n")
	source.AllowStale = false
	_, stale := Open(t.Context(), source)
	source.Debian = "http://user:" + secret + "@host name"
	_, unsound := Open(t.Context(), source)
	list := &a.suites[0].release.Files
	for name, file := range *list {
		file.Size, file.SHA256 = 1, strings.Repeat("0", 64)
		(*list)[name] = file
	}
	_, index := a.Resolve(t.Context(), "amd64", debian.Request{Groups: [][]string{{"a"}}})
	shown, err := json.Marshal([]string{told, text(stale), text(unsound), text(index), text(wrap("reading", source.Debian, errors.New("x")))})
	if err != nil || strings.Contains(string(shown), secret) || strings.Count(string(shown), "user:xxxxx@") < 5 {
		t.Errorf("got %s, %v", shown, err)
	}
}

// text is the message of an error, and its hint.
func text(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error() + "\n" + hint(err)
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"http://host/debian":           "http://host/debian",
		"http://host:80/a@b":           "http://host:80/a@b",
		"http://user@host/x":           "http://user@host/x",
		"http://user:p@host:80/x":      "http://user:xxxxx@host:80/x",
		"http://user:p/w:d@x@host/x":   "http://user:xxxxx@host/x",
		"http://user:p w@host name/%x": "http://user:xxxxx@host name/%x",
		"libc6":                        "libc6",
	} {
		if got := redact(address); got != want {
			t.Errorf("redact(%q) = %q, want %q", address, got, want)
		}
	}
}
