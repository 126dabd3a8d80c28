package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/oarcluster/oarcluster/internal/lockfile"
)

// folderName is what the names of tunnels' folders begin with.
const folderName = "oardeploy-ssh-"

// folder is a temporary folder of a tunnel, closed to others; it holds the socket by
// which ssh's processes find the connection. It is locked as long as its process lives:
// the folders of processes that were killed are removed by the next one.
type folder struct {
	dir  string
	lock *os.File
}

func newFolder() (f folder, err error) {
	sweep()
	for f.lock == nil {
		if f.dir, err = os.MkdirTemp("", folderName); err != nil {
			return f, err
		}
		// Another process may take it for one that was left, just before it is locked.
		if f.lock, err = lockfile.Try(filepath.Join(f.dir, "lock")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return f, errors.Join(err, os.RemoveAll(f.dir))
		}
	}
	return f, nil
}

func (f folder) remove() error {
	err := os.RemoveAll(f.dir)
	if errors.Is(err, syscall.ENOTEMPTY) {
		err = nil // another process found it without a lock for a moment, and removes it
	}
	return errors.Join(err, f.lock.Close())
}

// sweep removes this user's folders whose processes are gone. Those that cannot be
// removed do no harm.
func sweep() {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), folderName+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		// Anybody may make anything in /tmp: a link, for one.
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Getuid()) {
			continue
		}
		lock, err := lockfile.Try(filepath.Join(dir, "lock"))
		if err != nil || lock == nil {
			continue
		}
		// Under another name first: whoever made it just now finds it gone, not half gone.
		if gone := dir + "~"; os.Rename(dir, gone) == nil {
			os.RemoveAll(gone)
		}
		lock.Close()
	}
}
