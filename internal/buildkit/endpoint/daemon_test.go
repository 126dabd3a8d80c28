package endpoint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/lockfile"
)

// fakeDaemon returns a daemon whose program is a shell script.
func fakeDaemon(t *testing.T, script string) *Daemon {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("starting a daemon needs root")
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "buildkitd")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "runc"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return &Daemon{Dir: filepath.Join(dir, "state"), Binary: binary}
}

func TestStartTellsWhyADaemonEnded(t *testing.T) {
	d := fakeDaemon(t, "echo starting; echo 'no overlay for you' >&2; exit 3")
	started, err := d.start(t.Context())
	if started || err == nil {
		t.Fatalf("started %v, error %v", started, err)
	}
	for _, want := range []string{"exit status 3", "no overlay for you"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if _, running := d.pid(); running {
		t.Error("the pid file stayed")
	}
	if state, running := d.status(t.Context()); running || !strings.Contains(state, "not running") {
		t.Errorf("status is %q, %v", state, running)
	}
}

func TestADaemonThatNeverServesIsStopped(t *testing.T) {
	d := fakeDaemon(t, "trap 'exit 0' TERM; while :; do sleep 0.1; done")
	if err := os.Mkdir(d.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	exited, pid, err := d.launch(d.Binary)
	if err != nil {
		t.Fatal(err)
	}
	// A process that executes a program has no command line for a moment.
	found, running := d.pid()
	for begin := time.Now(); !running && time.Since(begin) < time.Minute; found, running = d.pid() {
		time.Sleep(pollEvery)
	}
	if !running || found != pid {
		t.Errorf("found %d, %v, want %d", found, running, pid)
	}
	if state, running := d.status(t.Context()); running || !strings.Contains(state, "does not serve") {
		t.Errorf("status is %q, %v", state, running)
	}
	stopped, err := d.stop(t.Context())
	if err != nil || !stopped {
		t.Errorf("stopped %v, error %v", stopped, err)
	}
	<-exited
	if stopped, err := d.stop(t.Context()); err != nil || stopped {
		t.Errorf("the second time: stopped %v, error %v", stopped, err)
	}
}

func TestWaitingForAnotherStartEndsWithTheContext(t *testing.T) {
	d := fakeDaemon(t, "exit 0")
	if err := os.Mkdir(d.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := lockfile.Wait(t.Context(), filepath.Join(d.Dir, "start.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if started, err := d.start(ctx); started || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "start.lock") {
		t.Errorf("started %v, error %v", started, err)
	}
}

func TestThePidOfAnotherProgramIsNotOurs(t *testing.T) {
	t.Parallel()
	d := &Daemon{Dir: t.TempDir()}
	for _, content := range []string{"", "x", "-1", "0", "1\n"} {
		if err := os.WriteFile(d.pidFile(), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if pid, running := d.pid(); running {
			t.Errorf("%q is taken for the daemon's process %d", content, pid)
		}
	}
}

func TestStartSaysWhatItLacks(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := (&Daemon{Dir: t.TempDir()}).start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no buildkitd") {
		t.Errorf("without a buildkitd: %v", err)
	}
	_, err = (&Daemon{Dir: t.TempDir(), Binary: "/bin/true"}).start(t.Context())
	want := "runc"
	if os.Geteuid() != 0 {
		want = "root"
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("without %s: %v", want, err)
	}
}

func TestDefaultDaemon(t *testing.T) {
	t.Setenv("OARBUILD_DAEMON_DIR", "")
	if d := DefaultDaemon(); d.Dir != stateDir {
		t.Errorf("default folder is %q", d.Dir)
	}
	t.Setenv("OARBUILD_DAEMON_DIR", "/x")
	if d := DefaultDaemon(); d.Address() != "unix:///x/buildkitd.sock" {
		t.Errorf("address is %q", d.Address())
	}
}

// TestAFolderOfSomebodyElseIsRefused: who can write to the daemon's folder can
// be the daemon, or have root end another process.
func TestAFolderOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(dir string) error{
		"owned by user 65534":     func(dir string) error { return os.Chown(dir, 65534, 65534) },
		"others can write to it":  func(dir string) error { return os.Chmod(dir, 0o777) },
		"others can write to it ": func(dir string) error { return os.Chmod(dir, 0o775) },
	} {
		if os.Geteuid() != 0 && strings.HasPrefix(name, "owned") {
			continue
		}
		d := &Daemon{Dir: t.TempDir()}
		if err := prepare(d.Dir); err != nil {
			t.Fatal(err)
		}
		_, err := d.start(t.Context())
		_, stopping := d.stop(t.Context())
		status, running := d.status(t.Context())
		for _, text := range []string{fmt.Sprint(err), fmt.Sprint(stopping), status} {
			if !strings.Contains(text, strings.TrimSpace(name)) || running {
				t.Errorf("%s: got %q", name, text)
			}
		}
	}
}

// TestADaemonKeepsNoSecretOfItsStarter: it has the way out and the authorities
// to trust, and nothing else.
func TestADaemonKeepsNoSecretOfItsStarter(t *testing.T) {
	t.Setenv("REGISTRY_TOKEN", "secret")
	t.Setenv("https_proxy", "http://proxy:1")
	t.Setenv("SSL_CERT_FILE", "/ca.pem")
	d := fakeDaemon(t, "env; exit 3")
	_, err := d.start(t.Context())
	if err == nil {
		t.Fatal("it is said to serve")
	}
	log, err := os.ReadFile(d.logFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"HTTPS_PROXY=http://proxy:1\n", "https_proxy=http://proxy:1\n", "SSL_CERT_FILE=/ca.pem\n", "PATH=" + filepath.Dir(d.Binary)} {
		if !strings.Contains(string(log), want) {
			t.Errorf("no %q in %s", want, log)
		}
	}
	if strings.Contains(string(log), "REGISTRY_TOKEN") {
		t.Errorf("it has the token: %s", log)
	}
}
