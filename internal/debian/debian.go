// Package debian knows what a set of Debian packages is: it reads Packages
// indexes, compares versions, parses relations, and resolves what must be
// installed for what was asked (Debian policy, chapters 3, 5 and 7).
//
// It is pure: no network, no files, no clock. Signatures are checked in
// package release, and what moves bytes is package mirror. Resolution answers
// what `apt-get --no-install-recommends install` would on an empty machine,
// and resolve.go names the cases in which it does not.
package debian

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/oarcluster/oarcluster/internal/debian/control"
)

// Package is one stanza of a Packages index, reduced to what resolution and
// download need.
type Package struct {
	Name, Version string
	Architecture  string // "amd64", …, or "all"
	Source        string // name of the source package
	Essential     bool
	Priority      string // "required", "important", "standard", "optional", "extra"
	MultiArch     string // "same", "foreign", "allowed" or ""

	// Relation fields (policy 7), as they stand in the index.
	PreDepends, Depends, Conflicts, Breaks, Provides string

	Archive  string // folder on the mirror that Filename is below: "debian" or "debian-security"
	Filename string // path of the .deb below that folder
	SHA256   string // of the .deb, 64 lower-case hexadecimal digits
	Size     int64  // of the .deb, in bytes
}

// ParseIndex reads a Packages index of the archive of that name. An index that
// lacks what a download needs is refused with the name of the package.
func ParseIndex(r io.Reader, archive string) ([]Package, error) {
	var packages []Package
	stanzas := control.NewReader(r)
	for {
		stanza, err := stanzas.Next()
		if err == io.EOF {
			return packages, nil
		}
		if err != nil {
			return nil, err
		}
		p, err := parsePackage(stanza, archive)
		if err != nil {
			return nil, fmt.Errorf("package %q: %w", stanza.Get("Package"), err)
		}
		packages = append(packages, p)
	}
}

// parsePackage takes out of a stanza what a Package holds.
func parsePackage(stanza control.Stanza, archive string) (Package, error) {
	p := Package{Archive: archive}
	var size string
	for _, f := range stanza {
		if target := p.field(f.Name); target != nil {
			// A copy, for the value is a part of the whole stanza's text, most of
			// which is descriptions.
			*target = strings.Clone(f.Value)
		} else if f.Name == "Essential" {
			p.Essential = f.Value == "yes"
		} else if f.Name == "Size" {
			size = f.Value
		}
	}
	if p.Source, _, _ = strings.Cut(p.Source, " "); p.Source == "" {
		p.Source = p.Name
	}
	var err error
	if p.Size, err = strconv.ParseInt(size, 10, 64); err != nil {
		return p, fmt.Errorf("field Size is %q, not a number of bytes", size)
	}
	return p, p.Check()
}

// field returns where the value of a field goes, nil for all that Package does
// not hold as text.
func (p *Package) field(name string) *string {
	switch name {
	case "Package":
		return &p.Name
	case "Version":
		return &p.Version
	case "Architecture":
		return &p.Architecture
	case "Source":
		return &p.Source
	case "Priority":
		return &p.Priority
	case "Multi-Arch":
		return &p.MultiArch
	case "Pre-Depends":
		return &p.PreDepends
	case "Depends":
		return &p.Depends
	case "Conflicts":
		return &p.Conflicts
	case "Breaks":
		return &p.Breaks
	case "Provides":
		return &p.Provides
	case "Filename":
		return &p.Filename
	case "SHA256":
		return &p.SHA256
	}
	return nil
}

// Check refuses what would make a download go wrong or out of its place: no
// size, a digest, name, version, architecture or path that is none. ParseIndex
// returns no package that it refuses.
func (p *Package) Check() error {
	if p.Size <= 0 {
		return fmt.Errorf("field Size is \"%d\", not a number of bytes", p.Size)
	}
	if err := p.CheckIdentity(); err != nil {
		return err
	}
	switch {
	case len(p.SHA256) != 64 || strings.Trim(p.SHA256, "0123456789abcdef") != "":
		return fmt.Errorf("field SHA256 is %q, not a SHA-256 digest", p.SHA256)
	case !validPath(p.Filename):
		return fmt.Errorf("field Filename is %q, not a path below the archive", p.Filename)
	}
	return nil
}

// CheckIdentity refuses a name, version or architecture that is none. All that
// pass it can be printed: they are of ASCII letters, digits and a few signs.
func (p *Package) CheckIdentity() error {
	switch {
	case !validPackageName(p.Name):
		return fmt.Errorf("field Package is %q, not a package name", p.Name)
	case p.Version == "" || !consists(p.Version, ".+-~:"):
		return fmt.Errorf("field Version is %q, not a version", p.Version)
	case p.Architecture == "" || !consists(p.Architecture, "-"):
		return fmt.Errorf("field Architecture is %q, not an architecture", p.Architecture)
	}
	return nil
}

// consists tells whether text is of ASCII letters, digits and those signs alone.
func consists(text, signs string) bool {
	for i := range len(text) {
		c := text[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(signs, c) >= 0) {
			return false
		}
	}
	return true
}

// validPackageName tells whether name is one by policy 5.6.1. Single letters
// pass, as they do for dpkg.
func validPackageName(name string) bool {
	for i := range len(name) {
		c := name[i]
		alnum := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !alnum && (i == 0 || c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return name != ""
}

// validPath tells whether path stays below the folder that it is relative to.
func validPath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "\\\n?#%") {
			return false
		}
	}
	return true
}
