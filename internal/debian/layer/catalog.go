package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/debian/control"
	"github.com/oarcluster/oarcluster/internal/debian/deb"
)

// Catalog remembers the control members and the paths of packages, so that the
// layers of one build read each package once. Its zero value is ready to use,
// by several goroutines at once.
type Catalog struct {
	mutex sync.Mutex
	known map[string]*contents // by SHA-256 of the .deb
}

// contents is what a package consists of, without its files' bytes. What a
// Catalog keeps is never changed again: many layers read it at once.
type contents struct {
	deb       Deb
	stanza    control.Stanza
	control   map[string]deb.Member
	conffiles []conffile
	paths     []entry // in the order of the archive; nil until the data was read
}

// entry is a path of a package's data archive.
type entry struct {
	name   string // clean, relative to the root
	kind   byte   // tar.TypeDir, TypeReg, TypeLink, TypeSymlink
	target string // of a link
	attributes
}

// attributes are those of a directory that layers above have to keep.
type attributes struct {
	mode     int64
	uid, gid int
	mtime    int64 // Unix seconds
}

// infoName is how dpkg calls the package's files below info/ and the package in
// its trigger files: with the architecture when several may be installed.
func (c *contents) infoName() string {
	name := c.field("Package")
	if c.field("Multi-Arch") == "same" {
		name += ":" + c.field("Architecture")
	}
	return name
}

// field returns a field of the package's control member.
func (c *contents) field(name string) string { return c.stanza.Get(name) }

// lines returns the lines of a control member, without blank ones.
func (c *contents) lines(member string) []string {
	var lines []string
	for line := range strings.Lines(string(c.control[member].Data)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// load returns the contents of packages, in their order: with their paths, as
// all may read them; or without, for one caller alone, who fills the paths in.
func (c *Catalog) load(ctx context.Context, debs []Deb, paths bool) ([]*contents, error) {
	all := make([]*contents, len(debs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, d := range debs {
		group.Go(func() (err error) {
			if err = ctx.Err(); err == nil {
				all[i], err = c.one(d, paths)
			}
			return err
		})
	}
	return all, group.Wait()
}

// one returns the contents of a package as load says, from memory if it is
// known.
func (c *Catalog) one(d Deb, paths bool) (*contents, error) {
	c.mutex.Lock()
	known := c.known[d.Package.SHA256]
	c.mutex.Unlock()
	if known != nil && paths {
		return known, nil
	}
	if known != nil {
		own := *known
		own.paths = nil
		return &own, nil
	}
	read, err := readContents(d, paths)
	if err != nil {
		return nil, fmt.Errorf("package %s: %w", d.Package.Name, err)
	}
	if paths {
		c.keep([]*contents{read})
	}
	return read, nil
}

// keep remembers contents that have their paths, and from now on belong to all.
func (c *Catalog) keep(packages []*contents) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.known == nil {
		c.known = map[string]*contents{}
	}
	for _, p := range packages {
		if p.deb.Package.SHA256 != "" && p.paths != nil {
			c.known[p.deb.Package.SHA256] = p
		}
	}
}

// readContents reads a .deb: its control archive, and if wanted its paths.
func readContents(d Deb, paths bool) (*contents, error) {
	f, archive, err := open(d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &contents{deb: d, control: archive.Control}
	c.stanza, err = control.NewReader(bytes.NewReader(archive.Control["control"].Data)).Next()
	if err != nil {
		return nil, fmt.Errorf("reading its control member: %w", err)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.conffiles, err = parseConffiles(c.lines("conffiles")); err != nil {
		return nil, err
	}
	if !paths {
		return c, nil
	}
	data, err := archive.Data()
	if err != nil {
		return nil, err
	}
	defer data.Close()
	entries := deb.NewEntries(data)
	for {
		h, err := entries.Next()
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			return nil, err
		}
		c.addPath(h)
	}
}

// addPath appends what is to be remembered of an entry.
func (c *contents) addPath(h *tar.Header) {
	c.paths = append(c.paths, entry{h.Name, h.Typeflag, h.Linkname,
		attributes{h.Mode, h.Uid, h.Gid, h.ModTime.Unix()}})
}

// open opens the .deb of a package. The caller closes the file.
func open(d Deb) (*os.File, *deb.Archive, error) {
	f, err := os.Open(d.Path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var archive *deb.Archive
		if archive, err = deb.Open(f, info.Size()); err == nil {
			return f, archive, nil
		}
	}
	f.Close()
	return nil, nil, fmt.Errorf("reading %q: %w", d.Path, err)
}

// relationNames returns the package names of a relation field (policy 7.1).
func relationNames(field string) []string {
	var names []string
	for relation := range strings.FieldsFuncSeq(field, func(c rune) bool { return c == ',' || c == '|' }) {
		name, _, _ := strings.Cut(strings.TrimSpace(relation), " ")
		name, _, _ = strings.Cut(name, "(")
		name, _, _ = strings.Cut(name, ":")
		names = append(names, name)
	}
	return names
}
