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
	// Preload holds the package whose library is preloaded while the maintainer
	// scripts run. It is in no image.
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

// Packages returns all packages of a platform, those to preload included.
func (p *Platform) Packages() []debian.Package {
	var all []debian.Package
	for _, level := range p.Levels {
		all = append(all, level.Packages...)
	}
	return append(all, p.Preload...)
}
