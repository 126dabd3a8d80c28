//go:build e2e

package e2e

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	served "github.com/oarcluster/oarcluster/internal/registry"
)

// alone is the cluster on a computer of the tests' own.
const alone = "alone"

// computer is a machine with an Engine of its own, in name spaces of its own for
// processes, mounts and the network: what fails there harms nobody. Its images are on a
// disk of a given size, which outlives a crash.
type computer struct {
	call
	kind
	root   string    // its disk, its log, and where its commands run
	init   *exec.Cmd // its first process: all others end with it
	engine *exec.Cmd
}

// kind is what computers differ in.
type kind struct {
	system string   // folder of another system than this machine's; its files stay as they are
	setup  string   // shell lines at each start; $0 is the computer's root
	serve  string   // the shell line that runs the Engine; "" is dockerd
	config string   // dockerd's daemon.json
	more   []string // environment of all commands
	user   string   // who does all this; "" is root
}

// dockerd runs an Engine; what it is to do is in engine.json.
const dockerd = `dockerd --config-file "$0/engine.json" --data-root "$0/disk/data" --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${0##*/}"`

// boot is what the first process does: the Engine is to find nothing of this machine's
// in /run, and a shell that waits reaps orphans.
const boot = `set -e
mount --make-rprivate /
%s
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
ip link set lo up
%s
echo up
sleep infinity & wait`

// another makes the system $1 that of the computer: what is written there goes to the
// disk. Devices, cgroups, /tmp, the programs and their registry are this machine's.
const another = `mkdir -p "$0/disk/upper" "$0/disk/work"
mount -t overlay system -o "lowerdir=$1,upperdir=$0/disk/upper,workdir=$0/disk/work" /mnt
cp /etc/resolv.conf /etc/hosts /mnt/etc
for shared in /dev /sys /tmp "$2" "$3"; do mkdir -p "/mnt$shared"; mount --rbind "$shared" "/mnt$shared"; done
mount -t proc proc /mnt/proc
cd /mnt
pivot_root . mnt
umount -l /mnt`

// newComputer makes a computer that is off.
func newComputer(t *testing.T, size string, k kind) *computer {
	t.Helper()
	if _, err := exec.LookPath("dockerd"); os.Geteuid() != 0 || k.system == "" && err != nil {
		t.Skip("an Engine of its own needs root and dockerd")
	}
	k.serve = cmp.Or(k.serve, dockerd)
	// Not t.TempDir: the path of a socket is short.
	root, err := os.MkdirTemp("", "oar-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	c := &computer{call: call{env: append([]string{"DOCKER_HOST=unix:///run/docker.sock"}, k.more...)}, kind: k, root: root}
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
	for name, text := range map[string]string{"engine.json": cmp.Or(k.config, "{}"), "engine.log": ""} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "mkdir", root+"/disk")
	must(t, "mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", root+"/disk")
	return c
}

// on starts the computer and its Engine.
func (c *computer) on(t *testing.T) {
	t.Helper()
	system := ""
	if c.system != "" {
		system = another
	}
	folder, err := served.Root()
	if err != nil {
		t.Fatal(err)
	}
	c.init = exec.Command("sh", "-c", fmt.Sprintf(boot, system, c.setup), c.root, c.system, filepath.Dir(program(t, "oardeploy")), folder)
	c.init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	var complaint strings.Builder
	c.init.Stderr = &complaint
	says, err := c.init.StdoutPipe()
	if err == nil {
		err = c.init.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(says).ReadString('\n'); line != "up\n" {
		_ = c.init.Wait()
		t.Fatalf("starting a computer: got %q, %v: %s", line, err, complaint.String())
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
	name, args := c.inside("sh", "-c", "exec "+c.serve, c.root)
	c.engine = exec.Command(name, args...)
	c.engine.Env = append(os.Environ(), c.env...)
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

// inside is the command line that runs a command on the computer, as its user. OAR gives
// its jobs the usual priority, which who has none to give cannot below another one.
func (c *computer) inside(name string, args ...string) (string, []string) {
	in := []string{"--target", fmt.Sprint(c.init.Process.Pid), "--net", "--mount", "--pid", "--", "sh", "-c", `renice 0 $$ >/dev/null && cd "$0" && exec "$@"`, c.root}
	if c.user != "" {
		in = append(in, "runuser", "-u", c.user, "--")
	}
	return "nsenter", append(append(in, name), args...)
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
