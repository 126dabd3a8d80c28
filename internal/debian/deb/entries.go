package deb

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// maxID is the largest owner accepted; the one above it means "unchanged" to
// chown(2).
const maxID = 1<<32 - 2

// maxPath and maxPart are the longest path, a link's target too, and the longest
// part of one that Linux can have (PATH_MAX, NAME_MAX).
const (
	maxPath = 4096
	maxPart = 255
)

// implied is the type of a directory that has had no entry of its own yet.
const implied = 0

// Entries reads a tar stream entry by entry, and refuses what could mislead
// who unpacks it.
type Entries struct {
	stream io.Reader
	tar    *tar.Reader
	seen   map[string]byte // type of every entry so far
}

// NewEntries returns the entries of an unpacked tar stream.
func NewEntries(r io.Reader) *Entries {
	return &Entries{r, tar.NewReader(r), map[string]byte{}}
}

// Next returns the next entry, or io.EOF when the stream ended well. Its Name,
// and the Linkname of a hard link, are clean paths relative to the root of the
// tree: "usr/bin/x", and "." for the root itself. Its type is one of TypeDir,
// TypeReg, TypeLink and TypeSymlink. A symbolic link's target is as it stands
// in the archive; it may be absolute, which means within the tree.
func (e *Entries) Next() (*tar.Header, error) {
	h, err := e.tar.Next()
	if err == io.EOF {
		return nil, e.drain()
	}
	if err != nil {
		return nil, truncated(err)
	}
	raw := h.Name
	if err := e.check(h); err != nil {
		return nil, fmt.Errorf("entry %q: %w", raw[:min(len(raw), maxPart)], err)
	}
	return h, nil
}

// Read reads the current entry's bytes.
func (e *Entries) Read(p []byte) (int, error) {
	n, err := e.tar.Read(p)
	if err != nil && err != io.EOF {
		err = truncated(err)
	}
	return n, err
}

// drain reads what stands after the tar's end, so that the checksum at the end
// of the packed stream is compared too. It answers io.EOF when all is well.
func (e *Entries) drain() error {
	if _, err := io.Copy(io.Discard, e.stream); err != nil {
		return truncated(err)
	}
	return io.EOF
}

// truncated says in plain words what an unexpected end means.
func truncated(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		return fmt.Errorf("truncated: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// check refuses an entry that is not a plain part of the tree, and brings its
// names into one form.
func (e *Entries) check(h *tar.Header) (err error) {
	if h.Name, err = clean(h.Name); err != nil {
		return err
	}
	if len(e.seen) >= MaxEntries {
		return fmt.Errorf("more than %d entries", MaxEntries)
	}
	if kind, known := e.seen[h.Name]; known && (kind != implied || h.Typeflag != tar.TypeDir) {
		return fmt.Errorf("it stands twice in the archive")
	}
	for dir := path.Dir(h.Name); dir != "."; dir = path.Dir(dir) {
		kind, known := e.seen[dir]
		if known && kind != tar.TypeDir && kind != implied {
			return fmt.Errorf("its folder %q is not a directory in this archive", dir)
		}
		if known {
			break // and so are those above it
		}
		e.seen[dir] = implied
	}
	if h.Uid < 0 || h.Gid < 0 || int64(h.Uid) > maxID || int64(h.Gid) > maxID {
		return fmt.Errorf("its owner %d:%d is none", h.Uid, h.Gid)
	}
	if err := e.checkType(h); err != nil {
		return err
	}
	e.seen[h.Name] = h.Typeflag
	return nil
}

// checkType refuses what is neither directory, file nor link, and links that
// lead out of the tree.
func (e *Entries) checkType(h *tar.Header) (err error) {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return fmt.Errorf("it is sparse: its size says nothing")
		}
	}
	switch h.Typeflag {
	case tar.TypeDir:
	case tar.TypeReg:
		if h.Name == "." {
			return fmt.Errorf("the root is not a directory")
		}
	case tar.TypeSymlink:
		return checkTarget(h.Name, h.Linkname)
	case tar.TypeLink:
		if h.Linkname, err = clean(h.Linkname); err != nil {
			return fmt.Errorf("hard link to %q: %w", h.Linkname, err)
		}
		if kind := e.seen[h.Linkname]; kind != tar.TypeReg {
			return fmt.Errorf("hard link to %q, which is no file before it in this archive", h.Linkname)
		}
	case tar.TypeChar, tar.TypeBlock:
		return fmt.Errorf("a device node")
	case tar.TypeGNUSparse:
		return fmt.Errorf("it is sparse: its size says nothing")
	default:
		return fmt.Errorf("type %q is neither directory, file nor link", h.Typeflag)
	}
	return nil
}

// checkTarget refuses a symbolic link that climbs above the root of the tree.
// An absolute target counts from the root, as it does for who lives in it.
func checkTarget(name, target string) error {
	if len(target) > maxPath {
		return fmt.Errorf("symbolic link to a path of more than %d bytes", maxPath)
	}
	if target == "" || strings.ContainsAny(target, "\x00\n") {
		return fmt.Errorf("symbolic link to %q", target)
	}
	depth := strings.Count(name, "/")
	if name == "." || strings.HasPrefix(target, "/") {
		depth = 0
	}
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return fmt.Errorf("symbolic link to %q, which is out of the tree", target)
			}
		default:
			depth++
		}
	}
	return nil
}

// clean returns a name without its leading "./" and trailing "/", and refuses
// one that is not plainly below the root.
func clean(name string) (string, error) {
	if len(name) > maxPath {
		return name[:maxPart], fmt.Errorf("a path of more than %d bytes", maxPath)
	}
	if strings.ContainsAny(name, "\x00\n") {
		return name, fmt.Errorf("a name with a line break")
	}
	if strings.HasPrefix(name, "/") {
		return name, fmt.Errorf("an absolute path")
	}
	short := strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/")
	if short == "" && name != "" {
		short = "."
	}
	if short == ".." || strings.HasPrefix(short, "../") || strings.HasSuffix(short, "/..") || strings.Contains(short, "/../") {
		return name, fmt.Errorf("a path out of the tree")
	}
	if path.Clean(short) != short || name == "" {
		return name, fmt.Errorf("not a clean path")
	}
	for part := range strings.SplitSeq(short, "/") {
		if len(part) > maxPart {
			return name, fmt.Errorf("a part of its path has more than %d bytes", maxPart)
		}
	}
	return short, nil
}
