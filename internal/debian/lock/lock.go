// Package lock reads and writes lock files: the packages that a recipe resolved
// to, and which state of the archive gave them.
//
// A lock is JSON that people read in reviews: sorted, a package a line, the same
// text for the same content. Reading is strict. An unknown, missing or repeated
// field, a digest or a path that is none, a file that was cut off, changed by
// hand or written by a later program is an error at file:line, and no part of
// such a lock is used.
//
// The sum at the end of a lock shows accidents: a merge gone wrong, an edit, a
// disk. It is no signature. Who may change a lock may change the recipe beside
// it, which runs scripts; both are under the same version control.
//
// The package is pure: no files, network or clock.
package lock

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// Format is the version of the files that [Lock.Encode] writes. [Decode] reads
// no later one.
const Format = 1

// Lock is what a lock file holds.
type Lock struct {
	Recipe    string // name of the image
	Suite     string
	Sources   []Source
	Releases  []Release
	Platforms []Platform // sorted by name
}

// Source is an archive beyond Debian's own, as the recipe names it.
type Source struct {
	Name, URL, Suite string
	Components       []string
	KeySHA256        string // of the keyring's text
}

// Release is one Release file that the packages follow from.
type Release struct {
	Suite   string // "trixie-updates"
	Archive string // as debian.Package.Archive has it
	Date    time.Time
	SHA256  string // of the InRelease file
	Indexes []Index
}

// Index is a Packages file that a Release names.
type Index struct {
	Path   string // below dists/SUITE
	SHA256 string
	Size   int64
}

// Platform is the answer for one platform.
type Platform struct {
	Name   string // "linux/amd64"
	Levels []Level
	// Preload holds what helps while the maintainer scripts run: the package whose
	// library is preloaded, and programs of another architecture. They are in no
	// image.
	Preload []debian.Package
}

// Level is what one recipe of a chain asked for and got.
type Level struct {
	Name     string
	Asks     []string // sorted
	Packages []debian.Package
	// At is where the level is in its file, as file:line. It is not written.
	At string
}

// FileName returns the name of the lock of a recipe's file for a suite: beside
// the recipe, or in the current folder for a recipe of the program itself.
func FileName(recipe, suite string) string {
	if own, shipped := strings.CutPrefix(recipe, "shipped:"); shipped {
		recipe = own
	}
	return strings.TrimSuffix(recipe, path.Ext(recipe)) + "." + suite + ".lock.json"
}

// Platform returns the answer for the platform of that name, or nil.
func (l *Lock) Platform(name string) *Platform {
	for i := range l.Platforms {
		if l.Platforms[i].Name == name {
			return &l.Platforms[i]
		}
	}
	return nil
}

// Add takes in a platform, and the Release files that its packages follow from.
// Platforms that were resolved on different days follow from different states of
// one suite: there is a release for each of these then, one after the other.
func (l *Lock) Add(p Platform, releases []Release) {
	l.Platforms = append(l.Platforms, p)
	for _, r := range releases {
		to := l.release(r)
		for _, index := range r.Indexes {
			if !slices.Contains(to.Indexes, index) {
				to.Indexes = append(to.Indexes, index)
			}
		}
	}
}

// release returns the lock's entry of that state of a suite, behind those of the
// suite's other states when there was none.
func (l *Lock) release(r Release) *Release {
	at := len(l.Releases)
	for i, other := range l.Releases {
		if other.Suite != r.Suite || other.Archive != r.Archive {
			continue
		}
		if other.SHA256 == r.SHA256 {
			return &l.Releases[i]
		}
		at = i + 1
	}
	r.Indexes = nil
	l.Releases = slices.Insert(l.Releases, at, r)
	return &l.Releases[at]
}

// ReleasesFor returns the Release files that the packages of an architecture of
// Debian's follow from, each with the indexes of that architecture alone.
func (l *Lock) ReleasesFor(arch string) []Release {
	var releases []Release
	for _, r := range l.Releases {
		r.Indexes = slices.DeleteFunc(slices.Clone(r.Indexes), func(ix Index) bool { return !strings.Contains(ix.Path, "/binary-"+arch+"/") })
		if len(r.Indexes) > 0 {
			releases = append(releases, r)
		}
	}
	return releases
}

// Packages returns all packages of a platform, those that help included.
func (p *Platform) Packages() []debian.Package {
	var all []debian.Package
	for _, level := range p.Levels {
		all = append(all, level.Packages...)
	}
	return append(all, p.Preload...)
}
