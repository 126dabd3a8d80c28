package debian

import (
	"fmt"
	"strings"
	"testing"
)

func ExampleIndex_Resolve() {
	const packages = `Package: oar-node
Version: 2.6.1-1
Architecture: all
Depends: perl | perl-base, oar-common (= 2.6.1-1)
Filename: pool/oar-node.deb
Size: 10
SHA256: 0000000000000000000000000000000000000000000000000000000000000000

Package: oar-common
Version: 2.6.1-1
Architecture: all
Filename: pool/oar-common.deb
Size: 10
SHA256: 1111111111111111111111111111111111111111111111111111111111111111
`
	list, err := ParseIndex(strings.NewReader(packages), "debian")
	if err != nil {
		fmt.Println(err)
	}
	_, err = NewIndex("amd64", list).Resolve(Request{Groups: [][]string{{"oar-node"}}})
	fmt.Println(err)
	// Output: resolving packages for amd64: asked for oar-node, which needs perl | perl-base, but the index has no package "perl"
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	ix := index(t, `
Package: real
Multi-Arch: allowed
Version: 2

Package: stands-in
Provides: real (= 3), bare, other:any (= 1)

Package: essential-one
Essential: yes
Provides: bare

Package: important-one
Priority: important
Provides: bare

Package: last-one
Provides: bare

Package: broken
Provides: bare (=), broken-offer (= 1
`)
	for relation, want := range map[string]string{
		"real":              "real stands-in",
		"real:any":          "real",
		"real:amd64":        "real",
		"real:native":       "real stands-in",
		"real:arm64":        "",
		"real (>= 3)":       "stands-in",
		"real (= 2)":        "real",
		"real (<< 2)":       "",
		"bare":              "essential-one important-one last-one stands-in",
		"bare (>= 1)":       "",
		"broken-offer":      "",
		"nowhere":           "",
		"essential-one:any": "",
	} {
		r, err := ParseRelations(relation)
		if err != nil {
			t.Fatal(err)
		}
		if got := names([][]Package{values(ix.candidates(r[0][0]))}); got != want {
			t.Errorf("%s: got %q, want %q", relation, got, want)
		}
	}
}

// values copies packages.
func values(pointers []*Package) []Package {
	var list []Package
	for _, p := range pointers {
		list = append(list, *p)
	}
	return list
}

func TestNewIndexTakesTheHighestVersionOfAllLists(t *testing.T) {
	t.Parallel()
	ix := NewIndex("amd64",
		[]Package{{Name: "a", Version: "1", Architecture: "amd64", Archive: "main"}, {Name: "b", Version: "1", Architecture: "all", Archive: "main"}, {Name: "c", Architecture: "i386"}},
		[]Package{{Name: "a", Version: "1+deb13u1", Architecture: "amd64", Archive: "security"}, {Name: "b", Version: "1", Architecture: "all", Archive: "security"}})
	if a, b := ix.byName["a"], ix.byName["b"]; a.Archive != "security" || b.Archive != "main" || ix.byName["c"] != nil {
		t.Errorf("got %+v, %+v, %+v", a, b, ix.byName["c"])
	}
}
