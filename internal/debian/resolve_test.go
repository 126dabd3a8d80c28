package debian

import (
	"fmt"
	"strings"
	"testing"
)

// index makes an Index of amd64 out of stanzas in which what every package has
// is left out.
func index(t *testing.T, stanzas string) *Index {
	t.Helper()
	var text strings.Builder
	for i, s := range strings.Split(strings.TrimSpace(stanzas), "\n\n") {
		text.WriteString(s + "\n")
		for _, field := range []string{"Version: 1", "Architecture: amd64", "Priority: optional"} {
			if name, _, _ := strings.Cut(field, ":"); !strings.Contains(s, name+":") {
				text.WriteString(field + "\n")
			}
		}
		fmt.Fprintf(&text, "Filename: pool/%d.deb\nSize: 1\nSHA256: %064d\n\n", i, i)
	}
	list, err := ParseIndex(strings.NewReader(text.String()), "debian")
	if err != nil {
		t.Fatal(err)
	}
	return NewIndex("amd64", list)
}

// names are those of a result: packages by blanks, groups by "/".
func names(groups [][]Package) string {
	var all []string
	for _, group := range groups {
		var words []string
		for _, p := range group {
			words = append(words, p.Name)
		}
		all = append(all, strings.Join(words, " "))
	}
	return strings.Join(all, " / ")
}

const world = `
Package: libc
Depends: cycle
Multi-Arch: same

Package: cycle
Depends: libc

Package: essential
Essential: yes
Pre-Depends: libc

Package: required
Priority: required

Package: apt
Depends: libc (>= 1)

Package: interpreter
Multi-Arch: allowed
Provides: interpreter-api-5, versioned (= 3)

Package: script
Architecture: all
Depends: interpreter:any

Package: script-no-any
Depends: libc:any

Package: foreign
Architecture: arm64

Package: choice
Depends: nowhere | big-mta | small-mta

Package: big-mta
Depends: lost
Provides: mta
Conflicts: mta

Package: small-mta
Provides: mta
Conflicts: mta

Package: other-mta
Provides: mta
Conflicts: mta
Priority: extra

Package: mail
Depends: mta

Package: mail2
Depends: small-mta | mta

Package: old
Version: 1

Package: old
Version: 3~rc1

Package: old
Version: 2

Package: wants-versioned
Depends: versioned (>= 2)

Package: wants-too-new
Depends: versioned (>= 4)

Package: on-arm
Depends: nowhere [arm64], libc [amd64]

Package: breaker
Breaks: old (<< 4)

Package: chain
Depends: chain-2

Package: chain-2
Depends: chain-3 (>= 1)

Package: chain-3
Depends: libcc
`

func TestResolve(t *testing.T) {
	t.Parallel()
	ix := index(t, world)
	for _, tc := range []struct {
		name, want string
		request    Request
	}{
		{"nothing", "", Request{}},
		{"cycle", "cycle libc", Request{Groups: [][]string{{"libc"}}}},
		{"bare", "apt cycle essential libc required", Request{Groups: [][]string{{}}, Bare: true}},
		{"groups hold what is new", "cycle libc / apt / ", Request{Groups: [][]string{{"libc"}, {"apt", "libc"}, {"apt"}}}},
		{"asked for twice", "cycle libc", Request{Groups: [][]string{{"libc", "libc"}}}},
		{":any of what allows it", "interpreter script", Request{Groups: [][]string{{"script"}}}},
		{"first alternative that can be", "choice small-mta", Request{Groups: [][]string{{"choice"}}}},
		{"alternative asked for beside", "mail2 other-mta", Request{Groups: [][]string{{"mail2", "other-mta"}}}},
		{"alternative of a group before", "other-mta / mail2", Request{Groups: [][]string{{"other-mta"}, {"mail2"}}}},
		{"provider of the better priority", "mail small-mta", Request{Groups: [][]string{{"mail"}}}},
		{"provider with a version", "interpreter wants-versioned", Request{Groups: [][]string{{"wants-versioned"}}}},
		{"architecture lists", "cycle libc on-arm", Request{Groups: [][]string{{"on-arm"}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ix.Resolve(tc.request)
			if err != nil || names(got) != tc.want {
				t.Errorf("got %q, %v; want %q", names(got), err, tc.want)
			}
		})
	}
	if got, err := ix.Resolve(Request{Groups: [][]string{{"old"}}}); err != nil || got[0][0].Version != "3~rc1" {
		t.Errorf("of several versions: got %v, %v", got, err)
	}
}

func TestResolveTakesBackWhatFailed(t *testing.T) {
	t.Parallel()
	ix := index(t, `
Package: top
Depends: first | second, third

Package: first
Depends: helper, lost
Provides: thing

Package: helper
Conflicts: second

Package: second

Package: third
Conflicts: thing
`)
	got, err := ix.Resolve(Request{Groups: [][]string{{"top"}}})
	if err != nil || names(got) != "second third top" {
		t.Errorf("got %q, %v", names(got), err)
	}
}
