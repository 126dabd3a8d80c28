package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian/deb"
)

// layer is a layer in the making.
type layer struct {
	spec  Spec
	tar   *tar.Writer
	tree  *tree
	epoch time.Time
	// conffiles has the MD5 of each configuration file that was unpacked, by
	// package and path as the package has them (dpkg's Conffiles field).
	conffiles map[*contents]map[string]string
	real      []*contents // packages left to the real dpkg
	// masters has the files of base-passwd that become passwd and group.
	masters map[string]*bytes.Buffer
}

// unpackAll writes the files of the packages.
func (l *layer) unpackAll(ctx context.Context, packages []*contents) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.conffiles = map[*contents]map[string]string{}
	if len(l.spec.Below) == 0 {
		l.masters = map[string]*bytes.Buffer{passwdMaster: {}, groupMaster: {}}
		if err := l.mergeUsr(ctx, packages); err != nil {
			return err
		}
	}
	for i, s := range prefetch(ctx, packages) {
		err := l.unpack(packages[i], s)
		if err != nil {
			cancel()
		}
		s.done()
		if err != nil {
			return fmt.Errorf("package %s: %w", packages[i].deb.Package.Name, err)
		}
	}
	return nil
}

// sumsMember is the control member with the MD5 sums of a package's files.
const sumsMember = "md5sums"

// unpack writes the files of one package. On a collision it goes on reading,
// for the list of paths, and leaves the package to the real dpkg; what it had
// written until then is what dpkg will write over it.
func (l *layer) unpack(p *contents, s *stream) error {
	conffiles := map[string]string{}
	for _, f := range p.conffiles {
		if f.flag == "" {
			conffiles[f.name] = ""
		}
	}
	p.paths = make([]entry, 0, 16)
	entries := deb.NewEntries(s)
	isReal := false
	_, hasSums := p.control[sumsMember]
	var sums bytes.Buffer
	for {
		h, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		p.addPath(h)
		if err := l.protect(p.paths[len(p.paths)-1]); err != nil {
			return err
		}
		if isReal || h.Name == "." || l.spec.Filter.drops(h.Name, h.Typeflag) {
			continue
		}
		body := io.Reader(entries)
		var sum hash.Hash
		_, isConffile := conffiles["/"+h.Name]
		if h.Typeflag == tar.TypeReg && (isConffile || !hasSums) {
			sum = md5.New()
			body = io.TeeReader(body, sum)
		}
		if master := l.masters[h.Name]; master != nil {
			body = io.TeeReader(body, master)
		}
		err = l.write(h, body, p)
		if clash := (*collision)(nil); errors.As(err, &clash) {
			isReal = true
			continue
		}
		if err != nil {
			return fmt.Errorf("entry %q: %w", h.Name, err)
		}
		if isConffile && sum != nil {
			conffiles["/"+h.Name] = hex.EncodeToString(sum.Sum(nil))
		}
		if !hasSums && sum != nil {
			fmt.Fprintf(&sums, "%x  %s\n", sum.Sum(nil), h.Name)
		}
	}
	l.conffiles[p] = conffiles
	if isReal {
		l.real = append(l.real, p)
	} else if !hasSums {
		p.noteSums(sums.Bytes())
	}
	return nil
}

// noteSums gives the package the sums of its files. Policy does not ask packages
// to bring them: dpkg notes them at unpack then, and its audit misses them.
func (p *contents) noteSums(sums []byte) {
	p.control = maps.Clone(p.control) // it is the catalogue's
	p.control[sumsMember] = deb.Member{Mode: 0o644, Data: sums}
}

// write writes one entry of a package where the tree says, with the folders
// that this layer does not have yet.
func (l *layer) write(h *tar.Header, body io.Reader, p *contents) error {
	e := p.paths[len(p.paths)-1]
	n, at, err := l.tree.place(e, p.deb.Package.Name)
	if n == nil || err != nil {
		return err
	}
	if err := l.folder(path.Dir(at)); err != nil {
		return err
	}
	out := &tar.Header{Typeflag: h.Typeflag, Name: at, Linkname: h.Linkname, Size: h.Size,
		Mode: h.Mode & 0o7777, Uid: h.Uid, Gid: h.Gid, ModTime: h.ModTime, PAXRecords: attributesOf(h)}
	if h.Typeflag == tar.TypeLink {
		target, err := l.tree.resolve(h.Linkname)
		if err != nil {
			return err
		}
		if first := l.tree.nodes[target]; first == nil || !first.written {
			return &collision{h.Linkname, "left out, but linked to from " + at}
		}
		out.Linkname, out.Size = target, 0
	}
	n.written = true
	if err := l.header(out); err != nil || h.Typeflag != tar.TypeReg {
		return err
	}
	_, err = io.Copy(l.tar, body)
	return err
}

// folder makes sure that a directory stands in this layer before what is in it.
// A directory of the layers beneath comes again with the same owner and mode:
// to leave it out would let whoever unpacks the layer choose them.
func (l *layer) folder(at string) error {
	n := l.tree.imply(at)
	if n.kind != tar.TypeDir {
		return fmt.Errorf("%q of package %s is no directory", at, n.owner)
	}
	if n.written {
		return nil
	}
	if err := l.folder(path.Dir(at)); err != nil {
		return err
	}
	n.written = true
	return l.header(&tar.Header{Typeflag: tar.TypeDir, Name: at, Mode: n.mode & 0o7777,
		Uid: n.uid, Gid: n.gid, ModTime: time.Unix(n.mtime, 0)})
}

// file writes a file of our own, owned by root, where no package has one.
func (l *layer) file(name string, mode int64, data []byte) error {
	if n := l.tree.nodes[name]; n != nil {
		return fmt.Errorf("%q is in package %s, where it may not be", name, n.owner)
	}
	if err := l.folder(path.Dir(name)); err != nil {
		return err
	}
	err := l.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(data)), ModTime: l.epoch})
	if err != nil {
		return err
	}
	_, err = l.tar.Write(data)
	return err
}

// header writes a header in the form that all entries have: no names of owners,
// whole seconds, nothing later than the epoch, directories with a slash.
func (l *layer) header(h *tar.Header) error {
	if h.ModTime = h.ModTime.Truncate(time.Second); h.ModTime.After(l.epoch) {
		h.ModTime = l.epoch
	}
	if !fs.ValidPath(h.Name) {
		return fmt.Errorf("%q is no path below the root of the layer", h.Name)
	}
	if h.Typeflag == tar.TypeDir {
		h.Name += "/"
	}
	return l.tar.WriteHeader(h)
}

// attributesOf returns the extended attributes of an entry, the only records of
// the PAX format that are kept.
func attributesOf(h *tar.Header) map[string]string {
	var kept map[string]string
	for key, value := range h.PAXRecords {
		if strings.HasPrefix(key, "SCHILY.xattr.") {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[key] = value
		}
	}
	return kept
}
