// Package access is how the user of this machine gets into a cluster: the folder
// with ssh_config, key and known_hosts, and the links.
//
// # Policy
//
// The folder is /tmp/oarcluster, or /tmp/oarcluster-NAME, of mode 0700. /tmp is
// everybody's: a folder that is a link, another user's, or open to others is
// refused, since a key would be written into it. Host keys are checked strictly.
// The folder is a copy of what the cluster's own containers hold; only its lock
// means something. It says on which machine they are: a cluster of the same name on
// another one is another cluster, whose keys must not take the place of these. The lock
// guards the folder alone: package lock's guards the cluster.
//
// # Boundaries
//
// Knows files of this machine and nothing of engines.
package access

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Folder is a cluster's folder on this machine, locked by this process.
type Folder struct {
	Path string
	New  bool // Open made it

	machine string // where its cluster is; see cluster.Observed
	lock    *os.File
}

const lockName = "lock"

// Path is where the folder of a cluster is, below base ("/tmp").
func Path(base, name string) string {
	if name == cluster.DefaultName {
		return filepath.Join(base, name)
	}
	return filepath.Join(base, cluster.DefaultName+"-"+name)
}

// Config is the ssh_config of a cluster on the machine given. A cluster without a
// folder is [os.ErrNotExist]; one whose folder is not safely ours is refused, since ssh
// runs commands that its configuration names.
func Config(base, name, machine string) (string, error) {
	if err := (cluster.Spec{Name: name}).ValidateName(); err != nil {
		return "", err
	}
	folder := Path(base, name)
	if err := check(folder); err != nil {
		return "", err
	}
	if err := checkMachine(folder, machine); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "ssh_config")
	if _, err := os.Lstat(path); err != nil {
		return "", fmt.Errorf("looking for ssh's configuration: %w", err)
	}
	return path, nil
}

// Open makes the folder if there is none, refuses one that is not safely ours, and
// waits for its lock: one program at a time changes a cluster. The kernel frees
// the lock when the process ends, however it does. A folder of a cluster on another
// machine than the one given is refused, too.
func Open(ctx context.Context, base, name, machine string) (*Folder, error) {
	// A path of something else than a cluster would be made, or removed.
	if err := (cluster.Spec{Name: name}).ValidateName(); err != nil {
		return nil, err
	}
	f := &Folder{Path: Path(base, name), machine: machine}
	for {
		err := os.Mkdir(f.Path, 0o700)
		if err == nil {
			f.New = true
		} else if !errors.Is(err, os.ErrExist) {
			return nil, f.failed("making folder", f.Path, err)
		}
		if err = check(f.Path); errors.Is(err, os.ErrNotExist) {
			continue // its holder has just removed it
		} else if err != nil {
			return nil, err
		}
		locked, err := f.tryLock()
		if err != nil {
			return nil, err
		}
		if locked {
			if err := checkMachine(f.Path, machine); err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return f, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// check refuses a folder in which a key would not be safe.
func check(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("checking folder %q: %w", path, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	reason := ""
	switch {
	case info.Mode()&os.ModeSymlink != 0:
		reason = "it is a symbolic link"
	case !info.IsDir():
		reason = "it is no folder"
	case !ok || int(stat.Uid) != os.Geteuid():
		reason = "it belongs to another user"
	case info.Mode().Perm()&0o077 != 0:
		reason = fmt.Sprintf("its mode %#o lets others in", info.Mode().Perm())
	}
	if reason == "" {
		return nil
	}
	return ui.WithHint(fmt.Errorf("checking folder %q: %s", path, reason), "remove it, or deploy under another --name")
}

// checkMachine refuses the folder of a cluster that is not on the machine given. One
// that does not say where its cluster is may be anybody's.
func checkMachine(path, machine string) error {
	text, err := os.ReadFile(filepath.Join(path, "machine"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("checking folder %q: %w", path, err)
	}
	has := strings.TrimSuffix(string(text), "\n")
	if has == machine {
		return nil
	}
	return ui.WithHint(fmt.Errorf("checking folder %q: its cluster is on %s, the engine on %s", path, named(has), named(machine)),
		"name that engine with DOCKER_HOST or DOCKER_CONTEXT, or another cluster with --name")
}

func named(machine string) string {
	if machine == "" {
		return "this machine"
	}
	return strconv.Quote(machine)
}

// tryLock takes the lock if nobody has it. A lock in a folder that its holder has
// just removed is none.
func (f *Folder) tryLock() (bool, error) {
	file, err := os.OpenFile(filepath.Join(f.Path, lockName), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, f.failed("locking folder", f.Path, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		here, err1 := file.Stat()
		there, err2 := os.Lstat(file.Name())
		if err1 == nil && err2 == nil && os.SameFile(here, there) {
			f.lock = file
			return true, nil
		}
	}
	file.Close()
	if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) {
		return false, f.failed("locking folder", f.Path, err)
	}
	return false, nil
}

// failed is the error of a file system that does not let us.
func (f *Folder) failed(what, path string, err error) error {
	return ui.WithHint(fmt.Errorf("%s %q: %w", what, path, err), "see what is in the way there, and that there is room: df -h %s", filepath.Dir(f.Path))
}

// Close gives the lock back and leaves the folder.
func (f *Folder) Close() error { return f.lock.Close() }

// Remove deletes the folder and gives the lock back. Whoever waited for the lock and
// makes it anew in between has the folder from then on.
func (f *Folder) Remove() error {
	defer f.lock.Close()
	entries, err := os.ReadDir(f.Path)
	for _, e := range entries {
		if e.Name() != lockName && err == nil {
			err = os.RemoveAll(filepath.Join(f.Path, e.Name()))
		}
	}
	for _, path := range []string{filepath.Join(f.Path, lockName), f.Path} {
		if err == nil {
			err = os.Remove(path)
		}
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return f.failed("removing folder", f.Path, err)
	}
	return nil
}

// Write puts the cluster's ssh_config, key and known_hosts into the folder, and where
// the cluster is.
func (f *Folder) Write(t cluster.Topology, k secrets.Keys) error {
	for _, file := range []struct{ name, text string }{
		{"id_ed25519", string(k.User.Private)},
		{"id_ed25519.pub", k.User.Public},
		{"known_hosts", k.KnownHosts(t.Subnet)},
		{"machine", f.machine + "\n"},
		{"ssh_config", sshConfig(f.Path, t)},
	} {
		path := filepath.Join(f.Path, file.name)
		// A new file takes the place of the old one whole: an ssh that reads it
		// meanwhile sees one of the two.
		if err := os.WriteFile(path+".new", []byte(file.text), 0o600); err != nil {
			return f.failed("writing", path, err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			return f.failed("writing", path, err)
		}
	}
	return nil
}
