package endpoint

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// trust returns an error unless the daemon's folder is this user's or root's
// and nobody else can write to it. Who can write to it can put a socket of his
// own there, and would get what is built and the registry's credentials; or a
// pid, which root would then end. A folder that is not there is nobody's yet.
func (d *Daemon) trust() error {
	info, err := os.Stat(d.Dir)
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
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 && owner != uint32(os.Geteuid()) {
		return refuse("it is owned by user %d", owner)
	}
	if mode := info.Mode(); !mode.IsDir() || mode.Perm()&0o022 != 0 {
		return refuse("others can write to it (%v)", mode)
	}
	return nil
}
