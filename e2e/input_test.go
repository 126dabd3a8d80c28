//go:build e2e

package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadInputIsOneClearError: what, where and what to do, the right exit code,
// nothing on standard output, and nothing left behind.
func TestBadInputIsOneClearError(t *testing.T) {
	recipe := func(t *testing.T, text string) string {
		path := filepath.Join(t.TempDir(), "mine.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tc := range []struct {
		name string
		argv []string
		env  []string
		code int
		want []string
	}{
		{"unknown recipe key", []string{"oarbuild", "check", "--recipe", recipe(t, "name: mine\nfrom: base\npackges: [vim]\n")}, nil, 2,
			[]string{"mine.yaml:3:1", "packges", "packages"}},
		{"unknown package", []string{"oarbuild", "--recipe", recipe(t, "name: mine\nfrom: base\npackages: [vimm]\n")}, nil, 2,
			[]string{"vimm", "hint"}},
		{"no nodes", []string{"oardeploy", "-n", "0", "--name", cluster}, nil, 2, []string{"0", "nodes"}},
		{"nodes are a number", []string{"oardeploy", "-n", "x", "--name", cluster}, nil, 2, []string{`"x"`}},
		{"a volume that is not there", []string{"oardeploy", "-n", "1", "--name", cluster, "-v", "/no/such/folder:/data"}, nil, 2,
			[]string{"/no/such/folder", "hint"}},
		{"no Engine", []string{"oardeploy", "-n", "1", "--name", cluster}, []string{"DOCKER_HOST=unix:///nonexistent.sock"}, 1,
			[]string{"unix:///nonexistent.sock", "hint"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refused(t, call{dir: t.TempDir(), env: tc.env}, tc.argv, tc.code, tc.want)
		})
	}
}

// refused runs a command that must fail as said, and looks for traces.
func refused(t *testing.T, c call, argv []string, code int, want []string) {
	t.Helper()
	r := c.run(t, argv[0], argv[1:]...)
	if r.code != code || r.out != "" {
		t.Errorf("exit %d, want %d; stdout %q", r.code, code, r.out)
	}
	if n := strings.Count(r.err, ": error: "); n != 1 {
		t.Errorf("%d errors, want one:\n%s", n, r.err)
	}
	for _, text := range want {
		if !strings.Contains(r.err, text) {
			t.Errorf("the error does not tell %q:\n%s", text, r.err)
		}
	}
	if left := traces(t, cluster); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

// TestATakenPortIsNamed: a port of the cluster that is taken must be named,
// before anything is made.
func TestATakenPortIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	refused(t, call{dir: t.TempDir()}, []string{"oardeploy", "-n", "1", "--name", cluster, "--http-port", port}, 1, []string{port, "hint"})
}

// TestATamperedMirrorIsRefused: one byte of the signed file changed on the way
// must end the build, with the file named.
func TestATamperedMirrorIsRefused(t *testing.T) {
	mirror := tamper(t, func(path string, body []byte) {
		if strings.HasSuffix(path, "/InRelease") {
			body[len(body)/3] ^= 1
		}
	})
	refused(t, call{env: []string{"XDG_CACHE_HOME=" + t.TempDir()}}, []string{"oarbuild", "--recipe", "../recipes/dnsmasq.yaml", "--mirror", mirror}, 1,
		[]string{"InRelease", "hint"})
}

// TestATamperedPackageIsRefused: a .deb with one byte changed must not get in.
func TestATamperedPackageIsRefused(t *testing.T) {
	mirror := tamper(t, func(path string, body []byte) {
		if strings.Contains(path, "/hostname_") {
			body[len(body)-1] ^= 1
		}
	})
	refused(t, call{env: []string{"XDG_CACHE_HOME=" + t.TempDir()}}, []string{"oarbuild", "--recipe", "../recipes/dnsmasq.yaml", "--mirror", mirror}, 1,
		[]string{"hostname_", "SHA-256"})
}

// tamper serves the machine's own mirror, changing bodies on their way.
func tamper(t *testing.T, change func(path string, body []byte)) string {
	t.Helper()
	upstream, err := url.Parse(machineMirror(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		ModifyResponse: func(answer *http.Response) error {
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				return err
			}
			if answer.StatusCode == http.StatusOK {
				change(answer.Request.URL.Path, body)
			}
			answer.Body = io.NopCloser(strings.NewReader(string(body)))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// machineMirror is the mirror that apt uses here, without its /debian, else the public one.
func machineMirror(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").Output()
	if err == nil {
		for line := range strings.Lines(string(out)) {
			if base, ok := strings.CutSuffix(strings.TrimRight(strings.TrimSpace(line), "/"), "/debian"); ok {
				return base
			}
		}
	}
	return "http://cloudfront.debian.net"
}
