package oci

import (
	"archive/tar"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Tree is a tree of files, or a single file, on its way into an image.
type Tree struct {
	FS   fs.FS
	Root string // the folder or file of FS to copy; "" is all of it
	To   string // where in the image it goes, absolute
	// Mode holds permissions as chmod(1) has them, by path in Root, of files or
	// directories; "." is Root itself.
	Mode map[string]uint32
	// Edit changes the content of files on their way, by path in Root.
	Edit map[string]func([]byte) ([]byte, error)
	// UID and GID own what is copied, but for the directories of the system.
	UID, GID int
	// Keep tells of each path, as it is in the image without a slash in front,
	// whether to copy it; nil copies all. A folder comes along with what is in it.
	Keep func(path string) bool
}

// directories are the directories of a Debian system that are not root:root
// 0755 (base-files, sudo, Debian policy 9.1): merged over the packages, an entry
// in a layer replaces what is beneath, and must not change these.
var directories = map[string]tar.Header{
	"root":          {Mode: 0o700},
	"tmp":           {Mode: 0o1777},
	"var/tmp":       {Mode: 0o1777},
	"run/lock":      {Mode: 0o1777},
	"var/mail":      {Mode: 0o2775, Gid: 8},  // mail
	"var/local":     {Mode: 0o2775, Gid: 50}, // staff
	"etc/sudoers.d": {Mode: 0o750},
}

// WriteTrees writes one uncompressed tar with the trees laid over each other, a
// later one over an earlier one: sorted, every time equal to epoch. What a tree
// has an owner for is owned by it, all else by root. Unless [Tree.Mode] says otherwise, directories and files that begin
// with #! are 0755 and other files 0644, whatever the modes in the file system:
// version control keeps none. Links are kept where the file system has them. What
// is a directory in one tree must be one in all: a link in its place would take
// the files of the others elsewhere. It returns the number of entries.
func WriteTrees(w io.Writer, trees []Tree, epoch time.Time) (int, error) {
	entries := map[string]laid{}
	for i, t := range trees {
		if err := t.collect(entries, fmt.Sprintf("tree %d, which goes to %q", i+1, t.To)); err != nil {
			return 0, err
		}
	}
	names := slices.Sorted(maps.Keys(wanted(entries)))
	tw := tar.NewWriter(w)
	for _, name := range names {
		if err := entries[name].write(tw, epoch); err != nil {
			return 0, fmt.Errorf("writing %q: %w", name, err)
		}
	}
	return len(names), tw.Close()
}

// laid is an entry, how to read it when it has content, the tree it is from, and
// whether that tree keeps it.
type laid struct {
	tar.Header
	read func() ([]byte, error)
	tree string
	kept bool
}

func (l laid) write(tw *tar.Writer, epoch time.Time) error {
	var data []byte
	if l.read != nil {
		var err error
		if data, err = l.read(); err != nil {
			return err
		}
	}
	l.ModTime, l.Format, l.Size = epoch, tar.FormatPAX, int64(len(data))
	if err := tw.WriteHeader(&l.Header); err != nil {
		return err
	}
	_, err := tw.Write(data)
	return err
}

// wanted returns the entries that are kept, and the folders above them.
func wanted(entries map[string]laid) map[string]laid {
	all := map[string]laid{}
	for name, e := range entries {
		for e.kept && name != "." {
			all[name] = entries[name]
			name = path.Dir(name)
		}
	}
	return all
}

// clashes says so when a directory and something else want to be at one path.
func (old laid) clashes(target, tree string, isDir bool) error {
	if wasDir := old.Typeflag == tar.TypeDir; wasDir == isDir {
		return nil
	}
	kinds := map[bool]string{true: "a directory", false: "no directory"}
	return fmt.Errorf("laying files over each other: %q is %s in %s, but %s in %s", "/"+target, kinds[!isDir], old.tree, kinds[isDir], tree)
}

// collect adds the tree's entries, by path in the image, and the directories
// above them. Errors call the tree by the name given.
func (t Tree) collect(entries map[string]laid, tree string) error {
	used := map[string]bool{}
	to := strings.Trim(path.Clean(t.To), "/")
	root := cmp.Or(t.Root, ".")
	err := fs.WalkDir(t.FS, root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading files: %w", err)
		}
		name := below(root, file)
		target := path.Join(to, name)
		for dir := path.Dir(target); dir != "."; dir = path.Dir(dir) {
			old, known := entries[dir]
			if !known {
				entries[dir] = laid{directory(dir), nil, tree, false}
			} else if err := old.clashes(dir, tree, true); err != nil {
				return err
			}
		}
		if target == "." {
			if !d.IsDir() {
				return fmt.Errorf("laying files over each other: file %q cannot take the place of /", file)
			}
			return nil
		}
		mode, hasMode := t.Mode[name]
		used[name] = true
		keep := t.Keep == nil || t.Keep(target)
		if !keep && !d.IsDir() {
			return nil
		}
		header, read, err := t.entry(file, name, target, d)
		if err != nil {
			return err
		}
		old, known := entries[target]
		if known {
			if err := old.clashes(target, tree, d.IsDir()); err != nil {
				return err
			}
		}
		switch {
		case hasMode:
			header.Mode = int64(mode)
		case known && d.IsDir():
			header = old.Header
		}
		t.own(&header, target)
		entries[target] = laid{header, read, tree, keep || known && old.kept}
		return nil
	})
	if err != nil {
		return err
	}
	return t.checkNames(used)
}

// checkNames refuses modes and edits of what is not in the tree.
func (t Tree) checkNames(used map[string]bool) error {
	for name := range t.Mode {
		if !used[name] {
			return fmt.Errorf("setting the mode of %q: no such file in the tree", name)
		}
	}
	for name := range t.Edit {
		if !used[name] {
			return fmt.Errorf("filling the template %q: no such file in the tree", name)
		}
	}
	return nil
}

// own gives an entry the tree's owner. Directories of the system stay whose they
// are, though files may go into them.
func (t Tree) own(header *tar.Header, target string) {
	if t.UID == 0 && t.GID == 0 || header.Typeflag == tar.TypeDir && isSystem(target) {
		return
	}
	header.Uid, header.Gid = t.UID, t.GID
}

// isSystem reports whether a directory is one of the Filesystem Hierarchy
// Standard's, which packages share.
func isSystem(dir string) bool {
	_, special := directories[dir]
	parent, name := path.Split(dir)
	switch parent {
	case "":
		return special || slices.Contains([]string{"bin", "boot", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "run", "sbin", "srv", "sys", "usr", "var"}, name)
	case "usr/", "usr/local/", "var/":
		return special || slices.Contains([]string{"bin", "cache", "etc", "games", "include", "lib", "libexec", "local", "lock", "log", "man", "opt", "run", "sbin", "share", "spool", "src"}, name)
	}
	return special
}

// below returns the path of a file in a root, "." for the root itself.
func below(root, file string) string {
	if root == file {
		return "."
	}
	return strings.TrimPrefix(file, root+"/")
}

// entry returns the header of one file, and how to read it when it has content.
func (t Tree) entry(file, name, target string, d fs.DirEntry) (tar.Header, func() ([]byte, error), error) {
	switch {
	case d.IsDir():
		return directory(target), nil, nil
	case d.Type() == fs.ModeSymlink:
		link, err := fs.ReadLink(t.FS, file)
		if err != nil {
			return tar.Header{}, nil, fmt.Errorf("reading files: %w", err)
		}
		return tar.Header{Typeflag: tar.TypeSymlink, Name: target, Linkname: link, Mode: 0o777}, nil, nil
	case !d.Type().IsRegular():
		return tar.Header{}, nil, fmt.Errorf("reading files: %q is neither file, directory nor link", file)
	}
	data, err := fs.ReadFile(t.FS, file)
	if err != nil {
		return tar.Header{}, nil, fmt.Errorf("reading files: %w", err)
	}
	if edit := t.Edit[name]; edit != nil {
		if data, err = edit(data); err != nil {
			return tar.Header{}, nil, err
		}
	}
	header := tar.Header{Typeflag: tar.TypeReg, Name: target, Mode: 0o644}
	if bytes.HasPrefix(data, []byte("#!")) {
		header.Mode = 0o755
	}
	return header, func() ([]byte, error) { return data, nil }, nil
}

func directory(name string) tar.Header {
	header := directories[name]
	header.Typeflag, header.Name = tar.TypeDir, name+"/"
	if header.Mode == 0 {
		header.Mode = 0o755
	}
	return header
}
