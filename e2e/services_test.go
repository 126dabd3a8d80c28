//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// box is a container of the base image with its services.
type box struct{ name string }

// open starts it and waits until its services were started.
func (b box) open(t *testing.T, options ...string) {
	t.Helper()
	b.remove()
	args := append([]string{"run", "-d", "--name", b.name, "--network", "none"}, options...)
	must(t, "docker", append(args, registry+"base:2.6.1")...)
	eventually(t, func() string {
		if !strings.Contains(must(t, "docker", "logs", b.name), "spawned: 'sshd'") {
			return "sshd in the log"
		}
		return ""
	})
}

// remove removes it; gone is well too.
func (b box) remove() { _ = exec.Command("docker", "rm", "-fv", b.name).Run() }

func (b box) must(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, "docker", append([]string{"exec", b.name}, args...)...)
}

// service waits until supervisord says that a service runs, and returns its process.
func (b box) service(t *testing.T, name string) string {
	t.Helper()
	running := regexp.MustCompile(`(?m)^` + name + ` +RUNNING +pid (\d+),`)
	pid := ""
	eventually(t, func() string {
		out := b.must(t, "sh", "-c", "supervisorctl status; true")
		if m := running.FindStringSubmatch(out); m != nil {
			pid = m[1]
			return ""
		}
		return name + " running in\n" + out
	})
	return pid
}

// baseBox is a box of the tree's own base image.
func baseBox(t *testing.T) box {
	t.Helper()
	must(t, "oarbuild", "--recipe", "base", "--push")
	serveRegistry(t)
	must(t, "docker", "pull", "-q", registry+"base:2.6.1")
	b := box{"e2e-services"}
	t.Cleanup(b.remove)
	return b
}

// TestServicesAreSupervised: a container must start its services without
// supervisord, and supervisord must take them over as they are when it is asked for
// and when a service ends.
func TestServicesAreSupervised(t *testing.T) {
	b := baseBox(t)

	b.open(t)
	if ps := b.must(t, "ps", "ax"); strings.Contains(ps, "supervisord") {
		t.Errorf("supervisord runs already:\n%s", ps)
	}
	sshd, rsyslogd := b.service(t, "sshd"), b.service(t, "rsyslogd")
	if listener := strings.Fields(b.must(t, "pgrep", "-o", "sshd"))[0]; listener != sshd {
		t.Errorf("supervisord says that sshd is process %s, it is %s", sshd, listener)
	}
	b.must(t, "kill", "-KILL", rsyslogd)
	eventually(t, func() string {
		if b.service(t, "rsyslogd") == rsyslogd {
			return "another rsyslogd"
		}
		return ""
	})
	if now := b.service(t, "sshd"); now != sshd {
		t.Errorf("sshd was process %s and is %s", sshd, now)
	}
}

// TestAServiceThatEndsIsStartedAgain: nobody has to ask for supervisord, and the
// container must stop cleanly before and after.
func TestAServiceThatEndsIsStartedAgain(t *testing.T) {
	b := baseBox(t)
	for _, killed := range []bool{false, true} {
		b.open(t)
		if killed {
			b.must(t, "pkill", "-KILL", "rsyslogd")
			eventually(t, func() string {
				if !strings.Contains(b.must(t, "ps", "ax"), "/usr/sbin/rsyslogd") {
					return "rsyslogd"
				}
				return ""
			})
		}
		stopped(t, b.name)
		if code := must(t, "docker", "inspect", "--format", "{{.State.ExitCode}}", b.name); code != "0" {
			t.Errorf("stopped with exit code %s, a service killed: %t", code, killed)
		}
	}

	more := t.TempDir() + "/more.conf"
	if err := os.WriteFile(more, []byte("[program:more]\ncommand=sleep infinity\nenvironment=A=\"b\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open(t, "-v", more+":/etc/supervisor/conf.d/more.conf:ro")
	b.service(t, "more")
	b.service(t, "sshd")
}

// TestAStopWhileSupervisordStarts: whoever is asked to end on the way from my_init to
// supervisord must end the services all the same.
func TestAStopWhileSupervisordStarts(t *testing.T) {
	b := baseBox(t)
	for wait := time.Duration(0); wait <= 500*time.Millisecond; wait += 50 * time.Millisecond {
		b.open(t)
		b.must(t, "sh", "-c", "supervisorctl status >/dev/null 2>&1 &")
		time.Sleep(wait)
		stopped(t, b.name)
		log := must(t, "docker", "logs", b.name)
		if code := must(t, "docker", "inspect", "--format", "{{.State.ExitCode}}", b.name); code != "0" || !strings.Contains(log, "stopped: sshd") {
			t.Errorf("stopped after %v with exit code %s:\n%s", wait, code, log)
		}
	}
}

// TestAFolderForHomes: a folder of the user's that has a home of docker's already, bare
// as it is, must be good for a frontend.
func TestAFolderForHomes(t *testing.T) {
	must(t, "oarbuild", "--recipe", "frontend", "--push")
	serveRegistry(t)
	homes, tree := t.TempDir(), t.TempDir()
	for _, dir := range []string{homes + "/docker", tree + "/ssh"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"id_ed25519", "id_ed25519.pub"} {
		if err := os.WriteFile(tree+"/ssh/"+name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "docker", "run", "--rm", "--network", "none", "--pull", "always", "-v", homes+":/home", "-v", tree+":/etc/oarcluster:ro",
		"--entrypoint", "/etc/my_init.d/20-homes", registry+"frontend:2.6.1")
	if got := must(t, "stat", "-c", "%u %a", homes+"/docker/.ssh", homes+"/docker/.ssh/id_ed25519"); got != "1000 700\n1000 600" {
		t.Errorf("the folder and the key: %q", got)
	}
}
