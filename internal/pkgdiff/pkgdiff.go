// Package pkgdiff says how sets of Debian packages differ: what was added,
// removed, upgraded, downgraded, or made anew under the same version.
//
// It is pure, and knows nothing about where the sets come from: a lock file, or
// the bill of materials of a published image.
package pkgdiff

import (
	"cmp"
	"slices"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// Package is one package of a set.
type Package struct {
	Name, Version, Architecture string
	// SHA256 is the digest of the .deb, "" when it is not known.
	SHA256 string
}

// Set is all packages of one image for one platform. No two have the same name.
type Set struct {
	Title    string // what the set is of, such as "linux/amd64"
	Packages []Package
}

// Kind says what became of a package.
type Kind string

// What can become of a package. A rebuilt one has the same version and another
// content.
const (
	Added      Kind = "added"
	Removed    Kind = "removed"
	Upgraded   Kind = "upgraded"
	Downgraded Kind = "downgraded"
	Rebuilt    Kind = "rebuilt"
)

// Change is what became of one package.
type Change struct {
	Kind         Kind   `json:"kind"`
	Name         string `json:"name"`
	Architecture string `json:"architecture"`
	From         string `json:"from,omitempty"` // version before, "" of an added one
	To           string `json:"to,omitempty"`   // version after, "" of a removed one
}

// Section is what changed in the set of one title.
type Section struct {
	Title   string   `json:"title"`
	Changes []Change `json:"changes"`
}

// Compare returns what changed from one list of sets to another: a section for
// each title that is in any of them, sorted, also for one without changes. A set
// that is in one list alone has all its packages added or removed.
func Compare(before, after []Set) Report {
	titles := map[string]bool{}
	for _, set := range slices.Concat(before, after) {
		titles[set.Title] = true
	}
	report := Report{}
	for title := range titles {
		report = append(report, Section{title, changes(titled(before, title), titled(after, title))})
	}
	slices.SortFunc(report, func(a, b Section) int { return cmp.Compare(a.Title, b.Title) })
	return report
}

// titled returns the packages of the sets of that title by name. A package of
// architecture "all" has the same place as one of the machine's: it may become the
// other.
func titled(sets []Set, title string) map[string]Package {
	found := map[string]Package{}
	for _, set := range sets {
		if set.Title != title {
			continue
		}
		for _, p := range set.Packages {
			found[p.Name] = p
		}
	}
	return found
}

// changes compares two sets, sorted by name.
func changes(before, after map[string]Package) []Change {
	list := []Change{}
	for name, old := range before {
		p, stays := after[name]
		if !stays {
			list = append(list, Change{Removed, name, old.Architecture, old.Version, ""})
		} else if kind := compare(old, p); kind != "" {
			list = append(list, Change{kind, name, p.Architecture, old.Version, p.Version})
		}
	}
	for name, p := range after {
		if _, known := before[name]; !known {
			list = append(list, Change{Added, name, p.Architecture, "", p.Version})
		}
	}
	slices.SortFunc(list, func(a, b Change) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// compare returns what became of a package that is in both sets, "" for nothing.
func compare(before, after Package) Kind {
	switch order := debian.CompareVersions(after.Version, before.Version); {
	case order > 0:
		return Upgraded
	case order < 0:
		return Downgraded
	case before.Version != after.Version, before.Architecture != after.Architecture,
		before.SHA256 != "" && after.SHA256 != "" && before.SHA256 != after.SHA256:
		return Rebuilt
	}
	return ""
}
