package oci

import (
	"archive/tar"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
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
// the files of the others elsewhere.
func WriteTrees(w io.Writer, trees []Tree, epoch time.Time) error {
	entries := map[string]laid{}
	for i, t := range trees {
		if err := t.collect(entries, fmt.Sprintf("tree %d, which goes to %q", i+1, t.To)); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names)
	tw := tar.NewWriter(w)
	for _, name := range names {
		header := entries[name].Header
		header.ModTime, header.Format = epoch, tar.FormatPAX
		var data []byte
		if read := entries[name].read; read != nil {
			var err error
			if data, err = read(); err != nil {
				return err
			}
		}
		header.Size = int64(len(data))
		if err := tw.WriteHeader(&header); err != nil {
			return fmt.Errorf("writing %q: %w", name, err)
		}
		if _, err := tw.Write(data); err != nil {
			return fmt.Errorf("writing %q: %w", name, err)
		}
	}
	return tw.Close()
}

// laid is an entry, how to read it when it has content, and the tree it is from.
type laid struct {
	tar.Header
	read func() ([]byte, error)
	tree string
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
				entries[dir] = laid{directory(dir), nil, tree}
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
		header, read, err := t.entry(file, name, target, d)
		if err != nil {
			return err
		}
		used[name] = true
		old, known := entries[target]
		if known {
			if err := old.clashes(target, tree, d.IsDir()); err != nil {
				return err
			}
		}
		if mode, ok := t.Mode[name]; ok {
			header.Mode = int64(mode)
		} else if known && d.IsDir() {
			header = old.Header
		}
		t.own(&header, target)
		entries[target] = laid{header, read, tree}
		return nil
	})
	if err != nil {
		return err
	}
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
