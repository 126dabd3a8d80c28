package endpoint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/moby/buildkit/client"

	"github.com/oarcluster/oarcluster/internal/lockfile"
	"github.com/oarcluster/oarcluster/internal/proxy"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// startTimeout bounds how long a daemon may take until it answers: it opens its
// cache's databases, which takes under a second unless the disk is busy.
const startTimeout = 60 * time.Second

// logTail is how many lines of a daemon's log go into the error about it.
const logTail = 8

// start makes the daemon run and returns once it answers, and whether it was
// this call that started it. Of several calls at once, in any processes, one
// starts it.
func (d *Daemon) start(ctx context.Context) (bool, error) {
	if err := d.trust(); err != nil {
		return false, err
	}
	if _, running := d.pid(); running && Serves(ctx, d.socket()) {
		return false, nil
	}
	binary, err := d.prerequisites()
	if err != nil {
		return false, err
	}
	if err := d.makeDir(); err != nil {
		return false, err
	}
	lock, err := lockfile.Wait(ctx, filepath.Join(d.Dir, "start.lock"))
	if err != nil {
		return false, fmt.Errorf("starting buildkitd: %w", err)
	}
	defer lock.Close()
	if _, running := d.pid(); running {
		return false, d.wait(ctx, make(chan error))
	}
	exited, pid, err := d.launch(binary)
	if err != nil {
		return false, fmt.Errorf("starting %s: %w", binary, err)
	}
	if err := d.wait(ctx, exited); err != nil {
		// It never served anybody: nothing is lost with it.
		_ = syscall.Kill(pid, syscall.SIGKILL)
		return false, errors.Join(err, removeFile(d.pidFile()), removeFile(d.socket()))
	}
	return true, nil
}

// prerequisites returns the buildkitd to start, or says what it lacks.
func (d *Daemon) prerequisites() (string, error) {
	lacks := func(what, hint string) error {
		return lacking(ui.WithHint(fmt.Errorf("starting buildkitd: %s", what), "%s, or name a running BuildKit with --builder ADDRESS", hint))
	}
	binary := d.find()
	if binary == "" {
		return "", lacks("there is no buildkitd beside the program, in ../bin, or on PATH",
			"run make build, which compiles the pinned one")
	}
	if os.Geteuid() != 0 {
		return "", lacks("it needs root", "run the command as root, for instance with sudo")
	}
	if _, err := exec.LookPath("runc"); err != nil {
		return "", lacks("runc is not on PATH", "install it (apt-get install runc)")
	}
	return binary, nil
}

// find returns the buildkitd to start, or "".
func (d *Daemon) find() string {
	if d.Binary != "" {
		return d.Binary
	}
	if program, err := os.Executable(); err == nil {
		dir := filepath.Dir(program)
		for _, candidate := range []string{filepath.Join(dir, "buildkitd"), filepath.Join(dir, "..", "bin", "buildkitd")} {
			if path, err := exec.LookPath(candidate); err == nil {
				return path
			}
		}
	}
	path, err := exec.LookPath("buildkitd")
	if err != nil {
		return ""
	}
	return path
}

// launch starts the daemon in a session of its own, so that it outlives this
// program and its terminal. The channel gets how it ended, if it does so early.
func (d *Daemon) launch(binary string) (<-chan error, int, error) {
	log, err := create(d.logFile())
	if err != nil {
		return nil, 0, err
	}
	defer log.Close()
	note, err := create(d.pidFile())
	if err != nil {
		return nil, 0, err
	}
	defer note.Close()
	cmd := exec.Command(binary, arguments(d.Address(), filepath.Join(d.Dir, "root"), d.Dir)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir, cmd.Env = "/", environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	pid := cmd.Process.Pid
	_, err = fmt.Fprintln(note, pid)
	return exited, pid, err
}

// environment is what a daemon gets of this process's environment. It outlives
// this program and serves others, so no token that was meant for this one stays
// with it.
func environment() []string {
	list := proxy.Variables()
	for _, name := range []string{"PATH", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value, ok := os.LookupEnv(name); ok {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// arguments are those of a buildkitd that listens at the address, keeps its cache
// in root and what lives as long as itself in dir.
func arguments(address, root, dir string) []string {
	return []string{
		"--addr", address, "--root", root,
		"--config", filepath.Join(dir, "buildkitd.toml"), // a file that is not there: the machine's /etc/buildkit is about another daemon
		"--otel-socket-path", filepath.Join(dir, "otel.sock"),
		"--cdi-disabled",
		"--containerd-worker=false", "--oci-worker=true", "--oci-worker-binary=runc",
		"--allow-insecure-entitlement", "network.host", // for steps with network: host; each build must still ask for it
		// The five images with their history take about 3 GB; by default
		// BuildKit keeps 2 GB, and a warm build would not be warm.
		"--oci-worker-gc-keepstorage=10000,2000,20000",
	}
}

// wait returns once the daemon answers with a worker, or why it does not.
func (d *Daemon) wait(ctx context.Context, exited <-chan error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer for %v", startTimeout))
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return d.withLog(context.Cause(ctx))
		case err := <-exited:
			return d.withLog(fmt.Errorf("it ended at once: %v", err))
		case <-tick.C:
			if Serves(ctx, d.socket()) && answers(ctx, d.Address()) {
				return nil
			}
		}
	}
}

// withLog adds the end of the daemon's log to an error about it.
func (d *Daemon) withLog(err error) error {
	data, _ := os.ReadFile(d.logFile())
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	lines = lines[max(0, len(lines)-logTail):]
	return ui.WithHint(fmt.Errorf("starting buildkitd: %w\n  %s", err, strings.Join(lines, "\n  ")),
		"its whole log is in %s", d.logFile())
}

// answers reports whether the daemon at address has a worker to build with.
func answers(ctx context.Context, address string) bool {
	c, err := client.New(ctx, address)
	if err != nil {
		return false
	}
	defer c.Close()
	workers, err := c.ListWorkers(ctx)
	return err == nil && len(workers) > 0
}
