//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// computer is a machine with an Engine of its own, in name spaces of its own for
// processes, mounts and the network: what fails there harms nobody. Programs and files
// are this machine's; its images are on a disk of a given size, which outlives a crash.
type computer struct {
	call
	root   string    // its disk, its log, and where its commands run
	init   *exec.Cmd // its first process: all others end with it
	engine *exec.Cmd
}

// power is what the first process does: the Engine is to find nothing of this
// machine's in /run, and a shell that waits reaps orphans.
const power = `mount --make-rprivate / && mount -t proc proc /proc && mount -t tmpfs tmpfs /run && ip link set lo up && echo up; sleep infinity & wait`

func newComputer(t *testing.T, size string) *computer {
	t.Helper()
	if _, err := exec.LookPath("dockerd"); os.Geteuid() != 0 || err != nil {
		t.Skip("an Engine of its own needs root and dockerd")
	}
	// Not t.TempDir: the path of a socket is short.
	root, err := os.MkdirTemp("", "oar-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	c := &computer{call: call{env: []string{"DOCKER_HOST=unix:///run/docker.sock"}}, root: root}
	t.Cleanup(func() {
		if t.Failed() {
			log, err := os.ReadFile(c.root + "/engine.log")
			t.Logf("the end of the Engine's log: %v\n%s", err, log[max(0, len(log)-4000):])
		}
		c.off()
		for _, last := range [][]string{
			{"umount", c.root + "/disk"},
			{"sh", "-c", "find /sys/fs/cgroup -depth -type d -path '*/" + filepath.Base(root) + "*' -exec rmdir {} +"},
			{"rm", "-r", c.root},
		} {
			if out, err := exec.Command(last[0], last[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%v: %v: %s", last, err, out)
			}
		}
	})
	for name, text := range map[string]string{"engine.json": "{}", "engine.log": ""} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "mkdir", root+"/disk")
	must(t, "mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", root+"/disk")
	c.on(t)
	return c
}

// on starts the computer and its Engine.
func (c *computer) on(t *testing.T) {
	t.Helper()
	c.init = exec.Command("sh", "-c", power)
	c.init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	says, err := c.init.StdoutPipe()
	if err == nil {
		err = c.init.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(says).ReadString('\n'); line != "up\n" {
		t.Fatalf("starting a computer: got %q, %v", line, err)
	}
	c.startEngine(t)
}

// off ends everything at once, as a power cut does.
func (c *computer) off() {
	for _, cmd := range []*exec.Cmd{c.init, c.engine} {
		if cmd != nil && cmd.Process != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	c.init, c.engine = nil, nil
}

func (c *computer) startEngine(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(c.root+"/engine.log", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	name, args := c.inside("dockerd", "--config-file", c.root+"/engine.json", "--data-root", c.root+"/disk", "--exec-opt", "native.cgroupdriver=cgroupfs",
		"--cgroup-parent", "/"+filepath.Base(c.root))
	c.engine = exec.Command(name, args...)
	c.engine.Stdout, c.engine.Stderr = log, log
	if err := c.engine.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		if r := c.run(t, "docker", "version"); r.code != 0 {
			return r.err
		}
		return ""
	})
}

// endEngine sends the Engine a signal, and waits until it has ended.
func (c *computer) endEngine(t *testing.T, signal string) {
	t.Helper()
	c.must(t, "sh", "-c", "kill -"+signal+" $(cat /run/docker.pid)")
	_ = c.engine.Wait() // how it ends is its own affair
	c.engine = nil
}

// inside is the command line that runs a command on the computer.
func (c *computer) inside(name string, args ...string) (string, []string) {
	return "nsenter", append([]string{"--target", fmt.Sprint(c.init.Process.Pid), "--net", "--mount", "--pid", "--", "sh", "-c", `cd "$0" && exec "$@"`, c.root, name}, args...)
}

func (c *computer) run(t *testing.T, name string, args ...string) result {
	t.Helper()
	if strings.HasPrefix(name, "oar") {
		name = program(t, name)
	}
	name, args = c.inside(name, args...)
	return c.call.run(t, name, args...)
}

func (c *computer) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	r := c.run(t, name, args...)
	if r.code != 0 {
		t.Fatalf("%s %s: exit %d\nstdout: %s\nstderr: %s", name, strings.Join(args, " "), r.code, r.out, r.err)
	}
	return strings.TrimSpace(r.out)
}
