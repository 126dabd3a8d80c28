//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// coldBuild is a BuildKit, a cache and a registry that know nothing.
type coldBuild struct {
	dir     string
	prefix  []string // what the program is started by
	args    []string
	env     []string
	builder *exec.Cmd
}

// here builds as a user of this machine does.
func here(t *testing.T) *coldBuild {
	b := newColdBuild(t)
	b.start(t, []string{"env"}, "runc")
	return b
}

// elsewhere builds as on another machine, on another day. The kernel has one
// clock, so the steps' own is set apart by libfaketime, see elsewhen_test.go.
func elsewhere(t *testing.T, suite string) *coldBuild {
	b := newColdBuild(t)
	host := []string{"unshare", "--uts", "sh", "-c", `hostname elsewhere; umask 077; exec "$@"`, "sh"}
	b.prefix = host
	b.env = []string{"TZ=Pacific/Kiritimati", "LC_ALL=tr_TR.UTF-8", "LANG=tr_TR.UTF-8", "GOMAXPROCS=1", "HOME=" + b.dir}
	b.args = []string{"--mirror", otherMirror(t), "--allow-stale"}
	if err := os.WriteFile(filepath.Join(b.dir, "buildkitd.toml"), []byte("[worker.oci]\nmax-parallelism = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.start(t, append(host, append([]string{"env"}, b.env...)...), elsewhen(t, b.dir, suite))
	return b
}

func newColdBuild(t *testing.T) *coldBuild {
	t.Helper()
	dir, err := os.MkdirTemp("", "oarcluster-cold-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return &coldBuild{dir: dir, prefix: []string{"env"}}
}

func (b *coldBuild) socket() string { return filepath.Join(b.dir, "buildkitd.sock") }

// start starts a BuildKit that runs steps by the OCI runtime given.
func (b *coldBuild) start(t *testing.T, prefix []string, runtime string) {
	t.Helper()
	args := append(prefix, program(t, "buildkitd"),
		"--addr", "unix://"+b.socket(), "--root", filepath.Join(b.dir, "root"), "--config", filepath.Join(b.dir, "buildkitd.toml"),
		"--otel-socket-path", filepath.Join(b.dir, "otel.sock"), "--cdi-disabled", "--containerd-worker=false", "--oci-worker-binary", runtime)
	b.builder = exec.Command(args[0], args[1:]...)
	log := &bytes.Buffer{}
	b.builder.Stdout, b.builder.Stderr, b.builder.Dir = log, log, "/"
	if err := b.builder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if b.builder != nil {
			t.Logf("the daemon's log:\n%s", log)
			b.end(t)
		}
	})
	eventually(t, func() string {
		conn, err := net.Dial("unix", b.socket())
		if err != nil {
			return err.Error()
		}
		conn.Close()
		return ""
	})
}

func (b *coldBuild) run(t *testing.T, suite, platforms string, images []string) {
	t.Helper()
	args := append(b.prefix, program(t, "oarbuild"), "--builder", "unix://"+b.socket(), "--registry", "localhost:5066/cold", "--push",
		"--platform", platforms, "--set", "suite="+suite, "--tag", strings.ReplaceAll(strings.ReplaceAll(platforms, "/", "-"), ",", "_"))
	for _, image := range images {
		args = append(args, "--recipe", image)
	}
	cmd := exec.CommandContext(t.Context(), args[0], append(args[1:], b.args...)...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), append([]string{"XDG_CACHE_HOME=" + b.dir + "/cache", "XDG_DATA_HOME=" + b.dir + "/data"}, b.env...)...)
	begun := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	t.Logf("%s %s %s: %.0f s", suite, platforms, strings.Join(images, ","), time.Since(begun).Seconds())
}

// end ends the BuildKit; what it built stays.
func (b *coldBuild) end(t *testing.T) {
	t.Helper()
	builder := b.builder
	b.builder = nil
	if err := builder.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	// It answers the signal with status 1.
	if err := builder.Wait(); !builder.ProcessState.Exited() {
		t.Errorf("ending the daemon: %v", err)
	}
}

// digests returns the digest of each image's manifest for each platform, and of
// its index, from the files of the registry (CNCF distribution's layout).
func (b *coldBuild) digests(t *testing.T) map[string]string {
	t.Helper()
	links, err := filepath.Glob(b.dir + "/data/oarcluster/registry/docker/registry/v2/repositories/cold/*/_manifests/tags/*/current/link")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, link := range links {
		parts := strings.Split(strings.TrimPrefix(link, b.dir), "/")
		image, tag := parts[len(parts)-6], parts[len(parts)-3]
		digest, err := os.ReadFile(link)
		if err != nil {
			t.Fatal(err)
		}
		found[image+" index of "+tag] = string(digest)
		var index v1.IndexManifest
		if err := json.Unmarshal(b.blob(t, string(digest)), &index); err != nil {
			t.Fatal(err)
		}
		for _, m := range index.Manifests {
			if m.Platform != nil && m.Platform.OS != "unknown" {
				found[image+" "+m.Platform.String()] = m.Digest.String()
			}
		}
	}
	return found
}

func (b *coldBuild) blobFile(digest string) string {
	hash := strings.TrimPrefix(digest, "sha256:")
	return filepath.Join(b.dir, "data/oarcluster/registry/docker/registry/v2/blobs/sha256", hash[:2], hash, "data")
}

func (b *coldBuild) blob(t *testing.T, digest string) []byte {
	t.Helper()
	data, err := os.ReadFile(b.blobFile(digest))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// otherMirror serves the machine's own mirror at another address and path.
func otherMirror(t *testing.T) string {
	t.Helper()
	upstream, err := url.Parse(machineMirror(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) }}
	server := httptest.NewServer(http.StripPrefix("/far/away", proxy))
	t.Cleanup(server.Close)
	return server.URL + "/far/away"
}
