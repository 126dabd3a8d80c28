//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Shell lines of a computer's setup.
const (
	// What this machine has no controllers for stays without limits.
	cgroups2 = `umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
`
	// crun takes no mixture of both versions.
	cgroupsOfOneKind = `if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
`
	// One certificate is the authority, the Engine's and the user's.
	certificate = `mkdir "$0/certs"; cd "$0/certs"
openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem
cp cert.pem ca.pem
`
	// Without a way out there is no network for containers without root, nor is there
	// without a device that anybody may open. The user has the images in a registry of
	// their own.
	withoutRoot = cgroups2 + `ip link add eth0 type veth peer name eth1
ip addr add 192.0.2.2/24 dev eth0
ip link set eth0 up; ip link set eth1 up
ip route add default via 192.0.2.1
mount -t tmpfs tmpfs /dev/net
mknod -m 666 /dev/net/tun c 10 200
mkdir -p /run/user/1500 "$0/disk/share/oarcluster"
cp -r "$3" "$0/disk/share/oarcluster"
chown -R me /run/user/1500 "$0"
`
)

// TestOtherEngines: a cluster lives on every engine that Debian has.
func TestOtherEngines(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a computer with a system of its own needs root")
	}
	must(t, "oarbuild", "--push")
	system := t.TempDir()
	must(t, "oarbuild", "--recipe", "engines/engines.yaml", "--output", "type=tar,dest="+system+".tar")
	must(t, "tar", "-xf", system+".tar", "-C", system)
	must(t, "rm", system+".tar")
	me := []string{"HOME=/home/me", "XDG_RUNTIME_DIR=/run/user/1500", "DOCKER_HOST=unix:///run/user/1500/docker.sock"}
	for _, engine := range []struct {
		name, says string
		kind       kind
		load       bool
	}{
		{"Docker", "Docker Engine", kind{}, false},
		{"Docker with containerd's images, over TLS", "driver overlayfs", kind{
			setup: certificate, config: `{"features": {"containerd-snapshotter": true}}`,
			serve: dockerd + ` -H unix:///run/docker.sock -H tcp://127.0.0.1:2376 --tlsverify --tlscacert "$0/certs/ca.pem" --tlscert "$0/certs/cert.pem" --tlskey "$0/certs/key.pem"`,
			more:  []string{"DOCKER_HOST=tcp://127.0.0.1:2376", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=certs"},
		}, false},
		{"Docker on cgroups of version 2", "version 2", kind{setup: cgroups2}, false},
		{"Docker without root", "rootless", kind{
			setup: withoutRoot, user: "me", more: me,
			serve: `/usr/share/docker.io/contrib/dockerd-rootless.sh --config-file "$0/engine.json" --data-root "$0/disk/data"`,
		}, true},
		{"Podman", "Podman Engine", kind{
			setup: cgroupsOfOneKind,
			serve: `podman --root "$0/disk/data" --cgroup-manager cgroupfs system service --time 0 "$DOCKER_HOST"`,
		}, false},
		{"Podman without root", "rootless", kind{
			setup: withoutRoot, user: "me", more: me,
			serve: `podman --root "$0/disk/data" --cgroup-manager cgroupfs system service --time 0 "$DOCKER_HOST"`,
		}, false},
	} {
		t.Run(engine.name, func(t *testing.T) {
			if _, err := os.Stat("/dev/net/tun"); engine.kind.user != "" && err != nil {
				t.Skip("a network without root needs /dev/net/tun")
			}
			engine.kind.system = system
			c := newComputer(t, "6g", engine.kind)
			if c.user != "" {
				c.env = append(c.env, "XDG_DATA_HOME="+c.root+"/disk/share")
			}
			must(t, "rm", "-rf", "/tmp/oarcluster-"+alone) // a test that was killed leaves it
			t.Cleanup(func() { _ = os.RemoveAll("/tmp/oarcluster-" + alone) })
			c.on(t)
			if engine.load {
				c.withoutRegistry(t)
			}
			c.lives(t, engine.says)
		})
	}
	// What Podman makes for all its containers, and keeps.
	parents, _ := filepath.Glob("/sys/fs/cgroup/*/libpod_parent")
	for _, dir := range append(parents, "/sys/fs/cgroup/libpod_parent") {
		_ = os.Remove(dir)
	}
}

// withoutRegistry: an engine whose loopback is not this machine's says so, until it has
// the images.
func (c *computer) withoutRegistry(t *testing.T) {
	t.Helper()
	const remedy = "the loopback of an engine without root is its own: load the images"
	if r := c.run(t, "oardeploy", "doctor", "--name", alone); r.code != 1 || !strings.Contains(r.out, remedy) {
		t.Errorf("doctor: exit %d\n%s", r.code, r.out)
	}
	if r := c.run(t, "oardeploy", "-n", "2", "--name", alone); r.code != 1 || !strings.Contains(r.err, remedy) {
		t.Errorf("a deploy: exit %d\n%s", r.code, r.err)
	}
	must(t, "oarbuild", "--output", "type=docker,dest="+c.root+"/disk/{name}.tar")
	for _, image := range []string{"dnsmasq", "server", "frontend", "node"} {
		c.must(t, "docker", "load", "--quiet", "--input", "disk/"+image+".tar")
	}
}

// lives takes a cluster through its life, with a job in each part of it.
func (c *computer) lives(t *testing.T, says string) {
	t.Helper()
	got := c.must(t, "oardeploy", "doctor", "--name", alone)
	t.Log(got)
	if !strings.Contains(got, says) {
		t.Errorf("doctor says nothing of %q", says)
	}
	c.deploy(t)
	c.works(t)
	before := c.containers(t)
	if got := c.must(t, "oardeploy", "plan", "-n", "2", "--name", alone); got != "nothing to do" {
		t.Errorf("after a deploy there is to do:\n%s", got)
	}
	if got := c.must(t, "oardeploy", "exec", "--name", alone, "node2", "--", "hostname"); got != "node2" {
		t.Errorf("node2 is called %q", got)
	}
	c.must(t, "oardeploy", "scale", "3", "--name", alone)
	up := map[string]string{"dns": "running", "frontend": "running", "server": "running", "node1": "running Alive", "node2": "running Alive", "node3": "running Alive"}
	c.shows(t, up)
	c.must(t, "oardeploy", "stop", "--name", alone)
	c.shows(t, map[string]string{"frontend": "exited", "node1": "exited ?", "node3": "exited ?"})
	c.must(t, "oardeploy", "start", "--name", alone)
	c.shows(t, up)
	c.works(t)
	c.deploy(t)
	c.same(t, before)
	c.must(t, "oardeploy", "clean", alone)
	c.nothing(t)
}
