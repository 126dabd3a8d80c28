// Package layer unpacks Debian packages into one tar layer, as `dpkg --unpack`
// would have unpacked them into the tree beneath, dpkg's database included.
//
// It is the first half of an installation: every package ends up "install ok
// unpacked", and the configure step (llb/configure.sh), which runs in the
// image, does the second half: preinst scripts, `dpkg --configure -a`, marks,
// cleaning. No root, no chroot and no host file system stand in between; the
// same packages give the same bytes.
//
// What is written follows dpkg 1.21 to 1.23 (lib/dpkg and src/main of its
// source) and Debian policy, chapters 6, 7.6 and 10:
//
//   - Paths pass through the links of the merged /usr: an entry lib/x is written
//     at usr/lib/x, while the list in the database says what the package says. A
//     directory never replaces a link to a directory, and none is written again
//     with other owners or modes than those of the package that came first.
//   - Database: info/*, a stanza a package (the whole status for a first layer,
//     dpkg's own journal in updates/ for one above), interest in triggers, and in
//     Unincorp the activations that the new files cause.
//   - A package whose files collide with another's is not unpacked here. Its .deb
//     is put into the layer below var/lib/oarbuild, and the configure step hands
//     it to dpkg, which knows diversions, Replaces and what else may be meant.
//
// The order of the tar is that of the packages: base-files, then by name, but
// what replaces another package's files after that one.
package layer

import (
	"archive/tar"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// Deb is a package and where its .deb lies, complete and verified.
type Deb struct {
	Package debian.Package
	Path    string
}

// Spec says what a layer is made of.
type Spec struct {
	Below []Deb // what the layers beneath hold, in any order
	New   []Deb // what this layer unpacks, in any order
	// Filter tells which paths are left out, beneath as well as here.
	Filter Filter
	// Epoch is the newest time that the layer may mention; later times are set
	// to it. Whole seconds count.
	Epoch time.Time
	// Arch is the architecture of the image, such as "amd64".
	Arch string
	// Catalog remembers what is in packages from one call to the next; nil for
	// none. The layers of one build share one.
	Catalog *Catalog
}

// Write writes the layer as one uncompressed tar. It unpacks with as many
// processors as there are and holds about a hundred megabytes at most.
func Write(ctx context.Context, w io.Writer, s Spec) error {
	catalog := s.Catalog
	if catalog == nil {
		catalog = &Catalog{}
	}
	below, err := catalog.load(ctx, s.Below, true)
	if err != nil {
		return err
	}
	added, err := catalog.load(ctx, s.New, false)
	if err != nil {
		return err
	}
	added = inOrder(added)
	l := &layer{spec: s, tar: tar.NewWriter(w), tree: newTree(), epoch: s.Epoch.Truncate(time.Second)}
	below = inOrder(below)
	if err := l.tree.addMerged(below, s.Arch); err != nil {
		return err
	}
	for _, p := range below {
		l.tree.addBelow(p, s.Filter)
	}
	if err := l.unpackAll(ctx, added); err != nil {
		return err
	}
	catalog.keep(added)
	if err := l.writeDatabase(below, added); err != nil {
		return fmt.Errorf("writing dpkg's database: %w", err)
	}
	return l.tar.Close()
}

// inOrder sorts packages in the order in which they are unpacked: base-files,
// whose links everybody passes through, then by name, but what replaces files
// of another package after that one, as dpkg would have it. (bookworm's
// base-files replaces files that dpkg had a long time ago.)
func inOrder(packages []*contents) []*contents {
	sorted := slices.Clone(packages)
	slices.SortFunc(sorted, func(a, b *contents) int {
		if first := cmp.Compare(rank(a), rank(b)); first != 0 {
			return first
		}
		return cmp.Compare(a.infoName(), b.infoName())
	})
	names := map[string]*contents{}
	for _, p := range sorted {
		names[p.deb.Package.Name] = p
	}
	done := map[*contents]bool{}
	order := make([]*contents, 0, len(sorted))
	var visit func(p *contents)
	visit = func(p *contents) {
		if done[p] {
			return
		}
		done[p] = true
		for _, name := range relationNames(p.field("Replaces")) {
			if other := names[name]; other != nil && rank(p) != 0 {
				visit(other)
			}
		}
		order = append(order, p)
	}
	for _, p := range sorted {
		visit(p)
	}
	return order
}

// rank puts base-files before all others.
func rank(p *contents) int {
	if p.deb.Package.Name == "base-files" {
		return 0
	}
	return 1
}
