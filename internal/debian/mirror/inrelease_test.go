package mirror

import (
	"bytes"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// hint returns the hint that a user would see with err.
func hint(err error) string {
	var out bytes.Buffer
	ui.Report(ui.Streams{Err: &out}, "p", err)
	_, text, _ := strings.Cut(out.String(), "p: hint: ")
	return strings.TrimSpace(text)
}

func TestMirrorInTheMiddleOfAnUpdate(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	f.Drop("dists/trixie/main/binary-amd64/by-hash")
	resolve(t, a) // by its name it is still there
	f = newFake(t)
	a = open(t, f.source(t))
	f.Drop("dists/trixie/main")
	_, err := a.Resolve(t.Context(), "amd64", debian.Request{Groups: [][]string{{"a"}}})
	if err == nil || !strings.Contains(err.Error(), "/debian/dists/trixie/main/binary-amd64/Packages.gz") || !strings.Contains(hint(err), "middle of an update") {
		t.Errorf("got %v, hint %q", err, hint(err))
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const path = "/debian/dists/trixie/InRelease"
	for _, tc := range []struct {
		name, want, hint string
		change           func(*fake, *Source)
	}{
		{"no such suite", `the mirror answers "404 Not Found"`, "may not carry this suite", func(f *fake, _ *Source) { f.Drop(path) }},
		{"tampered", "its text is not what key", "tampered", func(f *fake, _ *Source) {
			f.Put(path, bytes.Replace(f.File(path), []byte(" 12 "), []byte(" 13 "), 1))
			f.Put(path, bytes.Replace(f.File(path), []byte("amd64"), []byte("arm64"), 1))
		}},
		{"a portal's page", "it is not clear-signed", "portal", func(f *fake, _ *Source) { f.Put(path, []byte("<html>")) }},
		{"endless", "larger than 4194304 bytes", "", func(f *fake, _ *Source) { f.Put(path, make([]byte, maxInRelease+1)) }},
		{"another suite", "it is the Release of trixie-updates", "one suite in place of another", func(f *fake, _ *Source) { f.Put(path, f.File("/debian/dists/trixie-updates/InRelease")) }},
		{"stale", "it is valid until", "--allow-stale", func(_ *fake, s *Source) { s.Now = today.AddDate(0, 1, 0) }},
		{"unknown key", "it is signed by unknown key", "keys that this program trusts", func(_ *fake, s *Source) { s.Keyring = nil }},
		{"no address", `"debian" is not the address of a mirror`, "http://HOST", func(_ *fake, s *Source) { s.Debian = "debian" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			source := f.source(t)
			tc.change(f, &source)
			_, err := Open(t.Context(), source)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(hint(err), tc.hint) {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
		})
	}
}

func TestAllowStaleWarns(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	source := f.source(t)
	source.Now, source.AllowStale = today.AddDate(0, 1, 0), true
	if warnings := open(t, source).Warnings(); len(warnings) != 3 || !strings.Contains(warnings[0], "/trixie/InRelease: it is valid until") {
		t.Errorf("got %q", warnings)
	}
}

func TestUnknownArchitecture(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	_, err := open(t, f.source(t)).Resolve(t.Context(), "mips", debian.Request{})
	if err == nil || err.Error() != `suite trixie has no architecture "mips"` || hint(err) != "it has: [amd64]" {
		t.Errorf("got %v, hint %q", err, hint(err))
	}
}
