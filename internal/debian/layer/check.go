package layer

import (
	"archive/tar"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// What a package says of itself becomes names of files, and lines, of dpkg's
// database: these are the forms that it may have (policy 5.6.1, 5.6.8, 5.6.12;
// deb-control(5) for Multi-Arch).
var (
	packageName  = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]*$`)
	version      = regexp.MustCompile(`^[0-9A-Za-z.+~:-]+$`)
	architecture = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	multiArch    = regexp.MustCompile(`^(|no|same|foreign|allowed)$`)
)

// stateFields are those that dpkg keeps its own state in (lib/dpkg/parse.c). A
// package that brought one would tell dpkg what has been done with it.
var stateFields = []string{"Status", "Config-Version", "Conffiles", "Conffiles-Old", "Triggers-Pending", "Triggers-Awaited"}

// databaseParts are the places below adminDir that this package writes to, and
// realDir, where only directories of packages may be.
var databaseParts = []string{adminDir + "/info", adminDir + "/updates", adminDir + "/triggers", adminDir + "/status", preinstFile, realDir}

// check refuses a package that is not the one of the index, or says of itself
// what would end in another place of dpkg's database than its own.
func (c *contents) check() error {
	p := c.deb.Package
	for _, f := range []struct {
		name, want string
		form       *regexp.Regexp
	}{
		{"Package", p.Name, packageName},
		{"Version", p.Version, version},
		{"Architecture", p.Architecture, architecture},
		{"Multi-Arch", p.MultiArch, multiArch},
	} {
		got := c.field(f.name)
		if !f.form.MatchString(got) {
			return fmt.Errorf("its .deb has %q as %s, which may not be", got, f.name)
		}
		if got != f.want {
			return fmt.Errorf("its .deb has %q as %s, not %q as the index has", got, f.name, f.want)
		}
	}
	for _, f := range c.stanza {
		if slices.ContainsFunc(stateFields, func(name string) bool { return strings.EqualFold(name, f.Name) }) {
			return fmt.Errorf("its .deb has the field %s, which is dpkg's own", f.Name)
		}
	}
	return nil
}

// conffile is a line of the member conffiles (deb-conffiles(5)).
type conffile struct {
	name string // absolute, blanks in it included
	flag string // "remove-on-upgrade", or "" for a file of the package
}

// parseConffiles reads the lines of the member conffiles.
func parseConffiles(lines []string) ([]conffile, error) {
	var all []conffile
	for _, line := range lines {
		if strings.HasPrefix(line, "/") {
			all = append(all, conffile{name: line})
			continue
		}
		flag, name, _ := strings.Cut(line, " ")
		if name = strings.TrimSpace(name); flag != "remove-on-upgrade" || !strings.HasPrefix(name, "/") {
			return nil, fmt.Errorf("reading its member conffiles: %q is neither an absolute path nor remove-on-upgrade and one", line)
		}
		all = append(all, conffile{name, flag})
	}
	return all, nil
}

// protect refuses an entry of a package that would come into dpkg's database, or
// between it and what this package writes. Directories there are dpkg's own.
func (l *layer) protect(e entry) error {
	at, err := l.tree.resolve(e.name)
	if err != nil || e.kind == tar.TypeDir {
		return nil // place tells what is wrong with the path, if anything is
	}
	for dir := at; dir != "."; dir = path.Dir(dir) {
		if at == adminDir || slices.Contains(databaseParts, dir) {
			return fmt.Errorf("entry %q: it stands in dpkg's database, at %q", e.name, at)
		}
	}
	return nil
}
