package engine

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/containerd/errdefs"
	"github.com/moby/go-archive"
	"github.com/moby/moby/client"
	"github.com/sirupsen/logrus"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// CopyOut copies a file or folder out of a container, as docker cp does: into the
// folder to, or under its name when there is none. The archive comes from a host on
// which others are root, so it is unpacked within a root (os.Root) that no link
// leads out of.
func (d *Docker) CopyOut(ctx context.Context, id, from, to string) error {
	from = inContainer(from)
	r, err := d.api.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: from})
	if err != nil {
		return missing(from, err)
	}
	defer r.Content.Close()
	if err := bring(r.Content, archive.CopyInfo{Path: from, Exists: true, IsDir: r.Stat.Mode.IsDir()}, to); err != nil {
		return fmt.Errorf("copying %q to %q: %w", from, to, err)
	}
	return nil
}

// bring unpacks what a container handed out at a place of this machine.
func bring(content io.Reader, source archive.CopyInfo, to string) error {
	at, err := archive.CopyInfoDestinationPath(to)
	if err != nil {
		return err
	}
	dir, prepared, err := archive.PrepareArchiveCopy(content, source, at)
	if err != nil {
		return err
	}
	defer prepared.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var special error
	for r := tar.NewReader(prepared); ; {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return special
		}
		if err == nil {
			err = place(root, entry, r)
		}
		if errors.Is(err, errSpecial) {
			special, err = cmp.Or(special, err), nil
		}
		if err != nil {
			return err
		}
	}
}

// errSpecial is what becomes of a pipe, a socket or a device.
var errSpecial = errors.New("it is neither a file, a folder nor a link; all else was copied")

// place makes an entry of an archive below root, whatever its name or a link before
// it says, with its mode whatever this process's umask. It belongs to who copies, and
// is no set-uid program.
func place(root *os.Root, entry *tar.Header, content io.Reader) error {
	name, mode := path.Clean(entry.Name), entry.FileInfo().Mode().Perm()
	if info, err := root.Lstat(name); err == nil && !info.IsDir() {
		if err := root.Remove(name); err != nil {
			return err
		}
	}
	switch entry.Typeflag {
	case tar.TypeDir:
		if err := root.Mkdir(name, 0o700); errors.Is(err, fs.ErrExist) {
			return nil
		} else if err != nil {
			return err
		}
		return root.Chmod(name, mode|0o700)
	case tar.TypeReg:
		file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, content)
		return errors.Join(err, file.Chmod(mode), file.Close(), root.Chtimes(name, entry.ModTime, entry.ModTime))
	case tar.TypeSymlink:
		return root.Symlink(entry.Linkname, name)
	case tar.TypeLink:
		return root.Link(path.Clean(entry.Linkname), name)
	}
	return fmt.Errorf("leaving out %q: %w", entry.Name, errSpecial)
}

// Archive writes a file or folder of a container as a tar archive.
func (d *Docker) Archive(ctx context.Context, id, from string, out io.Writer) error {
	r, err := d.api.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: inContainer(from)})
	if err != nil {
		return missing(from, err)
	}
	defer r.Content.Close()
	if _, err := io.Copy(out, r.Content); err != nil {
		return fmt.Errorf("copying %q: %w", from, err)
	}
	return nil
}

// CopyIn copies a file or folder of this machine into a container, as docker cp
// does: into the folder to, or under its name when there is none.
func (d *Docker) CopyIn(ctx context.Context, id, from, to string) error {
	source, err := archive.CopyInfoSourcePath(from, false)
	if err != nil {
		return fmt.Errorf("copying %q: %w", from, err)
	}
	// Whoever archives also logs, on standard error, what we tell in better words.
	logrus.SetLevel(logrus.PanicLevel)
	content, err := archive.TarResource(source)
	if err != nil {
		return fmt.Errorf("copying %q: %w", from, err)
	}
	defer content.Close()
	dir, prepared, err := archive.PrepareArchiveCopy(content, source, d.destination(ctx, id, to))
	if err != nil {
		return fmt.Errorf("copying %q to %q: %w", from, to, err)
	}
	defer prepared.Close()
	return d.unpack(ctx, id, dir, prepared)
}

// Unpack unpacks a tar archive into a folder of a container, which must be there.
func (d *Docker) Unpack(ctx context.Context, id, to string, content io.Reader) error {
	return d.unpack(ctx, id, inContainer(to), content)
}

func (d *Docker) unpack(ctx context.Context, id, dir string, content io.Reader) error {
	_, err := d.api.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: dir, Content: content})
	if err != nil {
		return missing(dir, err)
	}
	return nil
}

// destination tells what is at the place that something is copied to. Where nothing
// is, the engine complains of the folder around it, if need be.
func (d *Docker) destination(ctx context.Context, id, to string) archive.CopyInfo {
	to = inContainer(to)
	at := archive.CopyInfo{Path: to}
	r, err := d.api.ContainerStatPath(ctx, id, client.ContainerStatPathOptions{Path: to})
	if err == nil && r.Stat.LinkTarget != "" {
		target := r.Stat.LinkTarget // resolved within the container by newer engines
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(to), target)
		}
		to = target
		at.Path = to
		r, err = d.api.ContainerStatPath(ctx, id, client.ContainerStatPathOptions{Path: to})
	}
	if err == nil {
		at.Exists, at.IsDir = true, r.Stat.Mode.IsDir()
	}
	return at
}

// inContainer is an absolute path of a container. What ends with a slash or a dot
// means what is inside.
func inContainer(name string) string {
	return archive.PreserveTrailingDotOrSeparator(filepath.Join("/", name), name)
}

// missing adds what to do to the engine's error about a path that is not there.
func missing(name string, err error) error {
	err = fmt.Errorf("copying %q: %w", name, err)
	if errdefs.IsNotFound(err) {
		return ui.WithHint(err, "paths of a host are absolute: frontend:/home/docker")
	}
	return err
}
