package endpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// makeDir makes the daemon's folder, or finds it made by somebody to trust: it
// may have come to be since it was looked for. Others may pass through it, to the
// socket and the pid, but not list it.
func (d *Daemon) makeDir() error {
	err := os.MkdirAll(filepath.Dir(d.Dir), 0o755)
	if err == nil {
		err = os.Mkdir(d.Dir, 0o711)
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("starting buildkitd: %w", err)
	}
	return d.trust()
}

// create opens a file of the daemon's to write it anew. It follows no link.
func create(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o644)
}

// trust returns an error unless the daemon's folder is this user's or root's
// and nobody else can write to it. Who can write to it can put a socket of his
// own there, and would get what is built and the registry's credentials; or a
// pid, which root would then end. A folder that is not there is nobody's yet.
func (d *Daemon) trust() error {
	info, err := os.Lstat(d.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	refuse := func(why string, args ...any) error {
		return ui.WithHint(fmt.Errorf("using the folder %s of buildkitd: %s", d.Dir, fmt.Sprintf(why, args...)),
			"name a folder of your own in OARBUILD_DAEMON_DIR, or leave the variable out")
	}
	if err != nil {
		return refuse("%v", err)
	}
	// A link leads where its owner wants; what it leads to has an owner as well.
	for range 2 {
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 && owner != uint32(os.Geteuid()) {
			return refuse("it is owned by user %d", owner)
		}
		if info, err = os.Stat(d.Dir); err != nil {
			return refuse("%v", err)
		}
	}
	if mode := info.Mode(); !mode.IsDir() || mode.Perm()&0o022 != 0 {
		return refuse("others can write to it (%v)", mode)
	}
	return nil
}
