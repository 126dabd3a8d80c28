//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhoMayUseDockerBuildsWithoutRoot: a user in the group of the Engine's
// socket builds an image, in a container that is made without pulling anything.
func TestWhoMayUseDockerBuildsWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("becoming another user needs root")
	}
	dir, err := os.MkdirTemp("", "oarbuild-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	home := filepath.Join(dir, "home")
	for _, name := range []string{"oarbuild", "buildkitd"} { // the user may not see where they are
		copyProgram(t, program(t, name), filepath.Join(dir, name))
	}
	must(t, "chmod", "-R", "a+rX", dir)
	must(t, "install", "-d", "-o", "nobody", home)
	group := must(t, "stat", "-c", "%G", "/var/run/docker.sock")
	as := func(args ...string) result {
		return call{dir: "/"}.run(t, "runuser", append([]string{"-u", "nobody", "-g", group, "--", "env", "HOME=" + home, "XDG_CACHE_HOME=", "XDG_DATA_HOME=",
			"OARBUILD_DAEMON_DIR=" + home + "/daemon", "BUILDKIT_HOST=", filepath.Join(dir, "oarbuild")}, args...)...)
	}
	defer func() { // a clean-up of the test's would be without its context
		if r := as("daemon", "stop"); r.code != 0 {
			t.Errorf("stopping: %s", r.err)
		}
		must(t, "docker", "volume", "rm", "--force", volumeOf(home+"/daemon"))
	}()

	built := as("--recipe", "dnsmasq", "--output", "type=oci,dest="+home+"/dnsmasq.tar")
	if built.code != 0 || !regexp.MustCompile(`/dnsmasq:\S+@sha256:[0-9a-f]{64}\n$`).MatchString(built.out) {
		t.Fatalf("exit %d\n%s%s", built.code, built.out, built.err)
	}
	if !strings.Contains(built.err, "in the container "+volumeOf(home+"/daemon")) {
		t.Errorf("it is not told which builder was taken:\n%s", built.err)
	}
	if status := as("daemon", "status"); status.code != 0 || !strings.Contains(status.out, "running, container "+volumeOf(home+"/daemon")) {
		t.Errorf("status: exit %d, %s", status.code, status.out)
	}
	if _, err := os.Stat(home + "/dnsmasq.tar"); err != nil {
		t.Error(err)
	}
}

// volumeOf returns the volume of the container that goes with a daemon's folder.
func volumeOf(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return "oarcluster-buildkit-" + hex.EncodeToString(sum[:4])
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
