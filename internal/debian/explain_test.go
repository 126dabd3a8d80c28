package debian

import (
	"bytes"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// hint returns the hint that a user would see with err.
func hint(err error) string {
	var out bytes.Buffer
	ui.Report(ui.Streams{Err: &out}, "p", err)
	_, text, _ := strings.Cut(out.String(), "p: hint: ")
	return strings.TrimSpace(text)
}

func TestResolveExplains(t *testing.T) {
	t.Parallel()
	ix := index(t, world)
	for _, tc := range []struct{ ask, want, hint string }{
		{"intrepreter", `asked for intrepreter: the index has no package "intrepreter"`, "did you mean interpreter?"},
		{"mta", `asked for mta: the index has no package "mta"`, "mta is virtual; name one of its providers: big-mta, other-mta, small-mta"},
		{"zzzzzzzzzz", `asked for zzzzzzzzzz: the index has no package "zzzzzzzzzz"`, "see whether the suite has it for amd64: https://packages.debian.org/zzzzzzzzzz"},
		{"foreign", `asked for foreign: the index has no package "foreign"`, "see whether the suite has it for amd64: https://packages.debian.org/foreign"},
		{"chain", `asked for chain, which needs chain-2, which needs chain-3 (>= 1), which needs libcc, but the index has no package "libcc"`, "did you mean libc?"},
		{"script-no-any", `asked for script-no-any, which needs libc:any, but libc 1 of the index does not satisfy it (Multi-Arch: "same")`, ""},
		{"wants-too-new", `asked for wants-too-new, which needs versioned (>= 4), but the index has no package "versioned"`, "versioned is virtual; name one of its providers: interpreter"},
		{"small-mta other-mta", `asked for small-mta: small-mta refuses to stand beside other-mta 1, by its Conflicts or Breaks "mta"`, "leave one of small-mta and other-mta out"},
		{"old breaker", `asked for old: breaker refuses to stand beside old 3~rc1, by its Conflicts or Breaks "old (<< 4)"`, "leave one of breaker and old out"},
	} {
		t.Run(tc.ask, func(t *testing.T) {
			_, err := ix.Resolve(Request{Groups: [][]string{strings.Fields(tc.ask)}})
			if want := "resolving packages for amd64: " + tc.want; err == nil || err.Error() != want {
				t.Fatalf("got  %v\nwant %s", err, want)
			}
			if got := hint(err); got != tc.hint {
				t.Errorf("got hint %q, want %q", got, tc.hint)
			}
		})
	}
}

func TestResolveNamesAllFailures(t *testing.T) {
	t.Parallel()
	ix := index(t, "Package: top\nDepends: a | b\n\nPackage: a\nDepends: lost-a\n\nPackage: b\nConflicts: top\n")
	_, err := ix.Resolve(Request{Groups: [][]string{{"top"}}})
	for _, want := range []string{"top, which needs a | b, none of which can be had", "a: which needs lost-a", "b: b refuses to stand beside top 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"oar-servr", "oar-server", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"short", "much longer", 4}} {
		if got := distance(tc.a, tc.b, 3); got != tc.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
