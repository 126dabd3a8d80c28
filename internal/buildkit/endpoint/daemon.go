package endpoint

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

	"github.com/oarcluster/oarcluster/internal/ui"
)

// stateDir holds all that the program's own daemon has: its cache, socket, pid
// and log. It is the machine's, not a user's: the daemon runs as root.
const stateDir = "/var/lib/oarcluster/buildkit"

// stopTimeout bounds how long a daemon may take to end its builds.
const stopTimeout = 30 * time.Second

// pollEvery is how often a daemon that starts or ends is looked at; it takes
// some hundred milliseconds to do either.
const pollEvery = 10 * time.Millisecond

// Daemon is the program's own buildkitd, running or not.
type Daemon struct {
	Dir    string // all that it keeps: cache, socket, pid file, log
	Binary string // the buildkitd to start; "" looks beside the program, in ../bin, and on PATH
}

// DefaultDaemon returns the daemon of this machine. OARBUILD_DAEMON_DIR puts it
// into another folder, and so makes it another daemon.
func DefaultDaemon() *Daemon {
	if dir := os.Getenv("OARBUILD_DAEMON_DIR"); dir != "" {
		return &Daemon{Dir: dir}
	}
	return &Daemon{Dir: stateDir}
}

// Address returns where it listens, as BUILDKIT_HOST has it.
func (d *Daemon) Address() string { return "unix://" + d.socket() }

func (d *Daemon) socket() string  { return filepath.Join(d.Dir, "buildkitd.sock") }
func (d *Daemon) pidFile() string { return filepath.Join(d.Dir, "buildkitd.pid") }
func (d *Daemon) logFile() string { return filepath.Join(d.Dir, "buildkitd.log") }

func (d *Daemon) status(ctx context.Context) (string, bool) {
	if err := d.trust(); err != nil {
		return err.Error(), false
	}
	pid, running := d.pid()
	switch {
	case running && Serves(ctx, d.socket()):
		return fmt.Sprintf("running, process %d, at %s, log %s", pid, d.Address(), d.logFile()), true
	case running:
		return fmt.Sprintf("process %d runs but does not serve %s, log %s", pid, d.Address(), d.logFile()), false
	}
	return "not running, cache in " + d.Dir, false
}

func (d *Daemon) stop(ctx context.Context) (bool, error) {
	if err := d.trust(); err != nil {
		return false, err
	}
	pid, running := d.pid()
	if !running {
		return false, nil
	}
	fail := func(err error, hint string, args ...any) (bool, error) {
		return false, ui.WithHint(fmt.Errorf("stopping buildkitd, process %d: %w", pid, err), hint, args...)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fail(err, "run the command as root")
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for tick := time.NewTicker(pollEvery); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return fail(ctx.Err(), "its log may tell why: %s", d.logFile())
		case <-tick.C:
			if _, running := d.pid(); !running {
				tick.Stop()
				return true, errors.Join(removeFile(d.pidFile()), removeFile(d.socket()))
			}
		}
	}
}

// pid returns the daemon's process and whether it runs: the pid file names it,
// and its command line names this daemon's socket, for pids are used again.
func (d *Daemon) pid() (int, bool) {
	data, err := os.ReadFile(d.pidFile())
	if err != nil {
		return 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid <= 0 {
		return 0, false
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return pid, err == nil && strings.Contains(string(command), d.Address()+"\x00")
}

func removeFile(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
