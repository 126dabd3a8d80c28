package layer

import (
	"archive/tar"
	"fmt"
	"path"
	"strings"
)

// tree is what the paths of the image mean, layer by layer: the tree in which
// symbolic links are followed, without a file system.
type tree struct {
	nodes map[string]*node // by path without a link in any of its folders
}

// node is a path in the tree.
type node struct {
	kind   byte // TypeDir, TypeSymlink, or TypeReg for everything else
	target string
	owner  string // name of the package that brought it, "" for none
	attributes
	written bool // it is in this layer
}

// maxLinks is how many links a path may pass through (Linux's ELOOP limit).
const maxLinks = 40

func newTree() *tree {
	return &tree{map[string]*node{".": {kind: tar.TypeDir, attributes: attributes{mode: 0o755}, written: true}}}
}

// resolve answers where a path leads when the links in its folders are
// followed. A relative path stays in the tree whatever its links say: ".." at
// the root is the root.
func (t *tree) resolve(name string) (string, error) {
	at, rest := ".", name
	for links := 0; ; {
		part, after, more := strings.Cut(rest, "/")
		switch part {
		case "", ".":
		case "..":
			at = path.Dir(at)
		default:
			at = path.Join(at, part)
		}
		if !more {
			return at, nil
		}
		rest = after
		n := t.nodes[at]
		switch {
		case n == nil || n.kind == tar.TypeDir:
		case n.kind == tar.TypeSymlink:
			if links++; links > maxLinks {
				return "", fmt.Errorf("too many links on the way to %q", name)
			}
			at, rest = path.Dir(at), n.target+"/"+rest
			if strings.HasPrefix(n.target, "/") {
				at = "."
			}
		default:
			return "", fmt.Errorf("%q of package %s is no directory", at, n.owner)
		}
	}
}

// leadsToDirectory tells whether the path is a directory or a link to one.
func (t *tree) leadsToDirectory(name string) bool {
	at, err := t.resolve(name + "/.")
	return err == nil && t.nodes[at] != nil && t.nodes[at].kind == tar.TypeDir
}

// collision says that a path cannot be what the package wants it to be.
type collision struct{ path, owner string }

func (c *collision) Error() string {
	return fmt.Sprintf("its path %q is package %s's", c.path, c.owner)
}

// place puts an entry of a package into the tree. It returns the node and its
// path, a nil node when nothing has to be written, and a collision when another
// package's file is in the way.
func (t *tree) place(e entry, owner string) (*node, string, error) {
	at, err := t.resolve(e.name)
	if err != nil {
		return nil, "", &collision{e.name, err.Error()}
	}
	old := t.nodes[at]
	switch {
	case old == nil:
	case old.kind == tar.TypeDir && (e.kind == tar.TypeDir || e.kind == tar.TypeSymlink):
		return nil, at, nil
	case old.kind == tar.TypeSymlink && e.kind == tar.TypeDir && t.leadsToDirectory(at):
		return nil, at, nil
	case old.kind == tar.TypeSymlink && e.kind == tar.TypeSymlink && old.owner == "" && old.target == e.target:
		return nil, at, nil
	default:
		return nil, at, &collision{at, old.owner}
	}
	n := &node{kind: e.kind, target: e.target, owner: owner, attributes: e.attributes}
	if e.kind == tar.TypeLink {
		n.kind = tar.TypeReg
	}
	t.nodes[at] = n
	return n, at, nil
}

// addBelow puts the paths of a package of the layers beneath into the tree. A
// collision there has been settled when that layer was made.
func (t *tree) addBelow(c *contents, filter Filter) {
	for _, e := range c.paths {
		if filter.drops(e.name, e.kind) {
			continue
		}
		if at, err := t.resolve(e.name); err == nil {
			t.imply(path.Dir(at))
			_, _, _ = t.place(e, c.deb.Package.Name)
		}
	}
}

// imply makes sure that a path without links in it is in the tree, as a plain
// directory if it is not.
func (t *tree) imply(at string) *node {
	n := t.nodes[at]
	if n == nil {
		t.imply(path.Dir(at))
		n = &node{kind: tar.TypeDir, attributes: attributes{mode: 0o755}}
		t.nodes[at] = n
	}
	return n
}
