//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian/mirror/mirrortest"
)

// apart is a machine of its own: a cache, a registry and a builder that nobody
// else uses, and a folder with the recipe of a small image.
type apart struct {
	call
	root string
}

const smallRecipe = "name: small\nfrom: {debian: trixie}\nplatforms: [linux/amd64]\npackages: [libcap2-bin]\n"

func newApart(t *testing.T, recipe string) apart {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("buildkitd, name spaces and mounts need root")
	}
	// Not t.TempDir: what the daemon leaves there is removed after it has stopped.
	root, err := os.MkdirTemp("", "oarbuild-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	a := apart{root: root}
	a.dir = filepath.Join(root, "recipes")
	a.env = []string{"XDG_CACHE_HOME=" + root + "/cache", "XDG_DATA_HOME=" + root + "/data", "OARBUILD_DAEMON_DIR=" + root + "/daemon", "BUILDKIT_HOST="}
	t.Cleanup(func() {
		stop := exec.Command(program(t, "oarbuild"), "daemon", "stop")
		stop.Env = append(os.Environ(), a.env...)
		if out, err := stop.CombinedOutput(); err != nil {
			t.Errorf("stopping the daemon: %v\n%s", err, out)
		}
		_ = os.RemoveAll(root)
	})
	a.write(t, "small.yaml", recipe)
	return a
}

func (a apart) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(a.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// push builds the small image, and answers its reference.
func (a apart) push(t *testing.T, more ...string) string {
	t.Helper()
	return a.must(t, "oarbuild", append([]string{"--recipe", "small.yaml", "--push", "--registry", "localhost:5193/oar", "--progress", "plain"}, more...)...)
}

// forget makes the next build a cold one but for packages, indexes and locks.
func (a apart) forget(t *testing.T) {
	t.Helper()
	a.must(t, "oarbuild", "daemon", "stop")
	for _, folder := range []string{"daemon", "data", "cache/oarcluster/layers"} {
		if err := os.RemoveAll(filepath.Join(a.root, folder)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWithoutANetwork: in a name space without interfaces, builder and registry
// included, cold builds from a lock, and from the cached indexes, must give the
// digest that a build with a network gave.
func TestWithoutANetwork(t *testing.T) {
	a := newApart(t, smallRecipe)
	a.must(t, "oarbuild", "lock", "--recipe", "small.yaml")
	online := a.push(t)
	for _, how := range [][]string{{"--locked", "--offline"}, {"--offline"}} {
		a.forget(t)
		script := "ip link set lo up && ! ip route get 1.1.1.1 2>/dev/null && " + program(t, "oarbuild") +
			" --recipe small.yaml --push --registry localhost:5193/oar --progress plain " + strings.Join(how, " ")
		if offline := a.must(t, "unshare", "--net", "sh", "-ec", script); offline != online {
			t.Errorf("%v: got %s, want %s", how, offline, online)
		}
	}
	a.forget(t)
	if err := os.RemoveAll(filepath.Join(a.root, "cache/oarcluster/debian/pool")); err != nil {
		t.Fatal(err)
	}
	r := a.run(t, "unshare", "--net", program(t, "oarbuild"), "--recipe", "small.yaml", "--push", "--registry", "localhost:5193/oar", "--locked", "--offline")
	if r.code != 1 || !strings.Contains(r.err, "building from locks: fetching packages: offline, and the store does not have ") || !strings.Contains(r.err, "hint: run oarbuild lock") {
		t.Errorf("without a store: exit %d\n%s", r.code, r.err)
	}
}

// TestAPackageThatVanished: what the mirror has dropped is taken from the snapshot
// service, at the state of the lock, and the image is the same.
func TestAPackageThatVanished(t *testing.T) {
	a := newApart(t, smallRecipe)
	a.must(t, "oarbuild", "lock", "--recipe", "small.yaml")
	before := a.push(t, "--locked")
	a.forget(t)
	if err := os.RemoveAll(filepath.Join(a.root, "cache/oarcluster/debian/pool")); err != nil {
		t.Fatal(err)
	}
	empty := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(empty.Close)
	upstream, err := url.Parse(machineMirror(t))
	if err != nil {
		t.Fatal(err)
	}
	stamped := regexp.MustCompile(`^/archive/(debian|debian-security)/\d{8}T\d{6}Z/`)
	snapshot := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Path = stamped.ReplaceAllString(r.In.URL.Path, "/$1/")
		r.SetURL(upstream)
	}})
	t.Cleanup(snapshot.Close)
	a.env = append(a.env, "OARBUILD_SNAPSHOT="+snapshot.URL)
	if after := a.push(t, "--locked", "--mirror", empty.URL); after != before {
		t.Errorf("got %s, want %s", after, before)
	}
	a.forget(t)
	if err := os.RemoveAll(filepath.Join(a.root, "cache/oarcluster/debian/pool")); err != nil {
		t.Fatal(err)
	}
	a.env = append(a.env, "OARBUILD_SNAPSHOT=")
	r := a.run(t, "oarbuild", "--recipe", "small.yaml", "--push", "--registry", "localhost:5193/oar", "--locked", "--mirror", empty.URL)
	if r.code != 1 || !strings.Contains(r.err, "building from locks: fetching packages: the mirror does not have ") || !strings.Contains(r.err, "hint: ") {
		t.Errorf("without a service: exit %d\n%s", r.code, r.err)
	}
}

// TestTwoAtOnce: two processes with one cold cache, one registry and no builder
// yet must both succeed and agree.
func TestTwoAtOnce(t *testing.T) {
	a := newApart(t, smallRecipe)
	results := make([]result, 2)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() {
			results[i] = a.run(t, "oarbuild", "--recipe", "small.yaml", "--push", "--registry", "localhost:5193/oar", "--progress", "plain")
		})
	}
	group.Wait()
	for i, r := range results {
		if r.code != 0 || r.out != results[0].out {
			t.Errorf("%d: exit %d, printed %q, want %q\n%s", i, r.code, r.out, results[0].out, r.err)
		}
	}
}

// TestAFullDisk: when the cache's disk fills up, the program must say so, and the
// next run must succeed with what is there.
func TestAFullDisk(t *testing.T) {
	a := newApart(t, smallRecipe)
	disk := filepath.Join(a.root, "cache")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	must(t, "mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk)
	t.Cleanup(func() { _ = exec.Command("umount", disk).Run() })
	full := func(what string, args ...string) {
		r := a.run(t, "oarbuild", args...)
		if r.code != 1 || !strings.Contains(r.err, "no space left on device") || !strings.Contains(r.err, "hint: the disk is full") || r.out != "" {
			t.Errorf("%s: exit %d, printed %q\n%s", what, r.code, r.out, r.err)
		}
	}
	full("packages", "lock", "--recipe", "small.yaml")
	must(t, "mount", "-o", "remount,size=96m", disk)
	a.must(t, "oarbuild", "lock", "--recipe", "small.yaml")
	full("layers", "--recipe", "small.yaml", "--push", "--registry", "localhost:5193/oar")
	must(t, "mount", "-o", "remount,size=600m", disk)
	reference := a.push(t, "--locked")
	a.forget(t)
	if again := a.push(t, "--locked", "--offline"); again != reference {
		t.Errorf("got %s, want %s", again, reference)
	}
}

// TestAFurtherArchive: a recipe's own archive, signed by its own key, must be in
// the image with its package, and the image's apt must take it by that key.
func TestAFurtherArchive(t *testing.T) {
	m := mirrortest.New(t, 0)
	m.Publish(t, "apt", "stable", mirrortest.Deb{Name: "solver", Version: "1:2.0-1", Fields: "Depends: libc6\n", Files: map[string]string{"usr/bin/solver": "#!/bin/sh\necho solved\n"}})
	a := newApart(t, fmt.Sprintf(`name: small
from: {debian: trixie}
platforms: [linux/amd64]
packages: [solver]
sources: [{name: mine, url: "%s/apt", suite: stable, components: [main], keyring: mine.asc}]
run:
  - name: the package is there
    sh: test "$(dpkg-query -W solver)" = "$(printf 'solver\t1:2.0-1')" && test "$(sh /usr/bin/solver)" = solved
  - name: apt takes the archive
    network: host
    sh: |
      apt-get update -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::SourceList=/etc/apt/sources.list.d/mine.sources
      apt-cache policy solver | grep -F '%[1]s/apt stable/main'
      rm -rf /var/lib/apt/lists/*
`, m.URL))
	a.write(t, "mine.asc", string(m.Key))
	a.push(t)
	// Another's key is refused before anything is built.
	a.write(t, "mine.asc", string(mirrortest.New(t, 0).Key))
	r := a.run(t, "oarbuild", "--recipe", "small.yaml", "--push", "--registry", "localhost:5193/oar")
	if r.code != 1 || r.out != "" || !strings.Contains(r.err, "small.yaml: source mine: verifying "+m.URL+"/apt/dists/stable/InRelease: it is signed by unknown key") ||
		!strings.Contains(r.err, "hint: see whether the keyring of source mine") {
		t.Errorf("exit %d, printed %q\n%s", r.code, r.out, r.err)
	}
}
