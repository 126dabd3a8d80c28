package files

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// copyTree copies a file or a folder of a file system to a path in a folder, links
// as links, and never through one that leads out of it. Modes are not copied:
// images do not have them from the disk.
func copyTree(from fs.FS, name string, folder *os.Root, to string) error {
	return fs.WalkDir(from, name, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(file, name))
		switch {
		case d.IsDir():
			return folder.MkdirAll(target, 0o755)
		case d.Type() == fs.ModeSymlink && file != name:
			link, err := fs.ReadLink(from, file)
			if err != nil {
				return err
			}
			return addLink(folder, target, link)
		case !d.Type().IsRegular() && file != name:
			return fmt.Errorf("%s is neither file, directory nor link", file)
		}
		data, err := fs.ReadFile(from, file)
		if err != nil {
			return err
		}
		return addFile(folder, target, data)
	})
}

// addFile writes a file that is not there, or is there with the same content:
// entries may name a folder and a file in it.
func addFile(folder *os.Root, name string, data []byte) error {
	f, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		info, failed := folder.Lstat(name)
		if failed != nil || !info.Mode().IsRegular() {
			return err
		}
		if old, failed := folder.ReadFile(name); failed != nil || !bytes.Equal(old, data) {
			return err
		}
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// addLink makes a link that is not there, or is there already.
func addLink(folder *os.Root, name, link string) error {
	err := folder.Symlink(link, name)
	if old, failed := folder.Readlink(name); errors.Is(err, fs.ErrExist) && failed == nil && old == link {
		return nil
	}
	return err
}
