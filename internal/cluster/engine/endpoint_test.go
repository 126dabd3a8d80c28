package engine

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// store makes a folder of docker's configuration with the contexts given, by name,
// as docker context create writes them.
func store(t *testing.T, current string, contexts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.json", fmt.Sprintf(`{"currentContext": %q}`, current))
	for name, meta := range contexts {
		write(fmt.Sprintf("contexts/meta/%x/meta.json", sha256.Sum256([]byte(name))), meta)
	}
	return dir
}

func TestFindFollowsDockersOrder(t *testing.T) {
	t.Parallel()
	dir := store(t, "box", map[string]string{
		"box":    `{"Name": "box", "Metadata": {}, "Endpoints": {"docker": {"Host": "ssh://me@box", "SkipTLSVerify": false}}}`,
		"lab":    `{"Name": "lab", "Endpoints": {"docker": {"Host": "tcp://lab:2376", "SkipTLSVerify": true}}}`,
		"empty":  `{"Name": "empty", "Endpoints": {}}`,
		"broken": `{`,
	})
	for _, tc := range []struct {
		name string
		env  map[string]string
		dir  string
		host string
		tls  bool
		err  string
	}{
		{"nothing said", nil, t.TempDir(), "", false, ""},
		{"the configuration", nil, dir, "ssh://me@box", false, ""},
		{"DOCKER_CONTEXT before it", map[string]string{"DOCKER_CONTEXT": "lab"}, dir, "tcp://lab:2376", true, ""},
		{"the default context", map[string]string{"DOCKER_CONTEXT": "default"}, dir, "", false, ""},
		{"DOCKER_HOST before both", map[string]string{"DOCKER_HOST": "unix:///x", "DOCKER_CONTEXT": "lab"}, dir, "unix:///x", false, ""},
		{"no such context", map[string]string{"DOCKER_CONTEXT": "bx"}, dir, "", false, `context "bx" of DOCKER_CONTEXT`},
		{"a context of something else", map[string]string{"DOCKER_CONTEXT": "empty"}, dir, "", false, "names no engine"},
		{"a broken one", map[string]string{"DOCKER_CONTEXT": "broken"}, dir, "", false, "unexpected end of JSON"},
		{"TLS without its files", map[string]string{"DOCKER_HOST": "tcp://x:2376", "DOCKER_CERT_PATH": dir}, dir, "tcp://x:2376", true, ""},
		{"TLS, verified, from the usual folder", map[string]string{"DOCKER_HOST": "tcp://x:2376", "DOCKER_TLS_VERIFY": "1"}, dir, "tcp://x:2376", true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e, err := find(func(key string) string { return tc.env[key] }, tc.dir)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil || e.host != tc.host || (e.tls != nil) != tc.tls {
				t.Errorf("got %+v, %v", e, err)
			}
			if e.tls != nil && e.tls.InsecureSkipVerify == (tc.env["DOCKER_TLS_VERIFY"] != "") {
				t.Errorf("skips verification: %v", e.tls.InsecureSkipVerify)
			}
		})
	}
}

func TestBadCertificatesAreToldOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"DOCKER_HOST": "tcp://x:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": dir}
	if _, err := find(func(key string) string { return env[key] }, ""); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}

func TestMachine(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"": "", "unix:///run/docker.sock": "", "tcp://localhost:2375": "", "tcp://127.0.0.1:2375": "", "tcp://[::1]:2375": "", "tcp://:2375": "",
		"tcp://10.0.0.7:2376":      "tcp://10.0.0.7",
		"tcp://[2001:db8::1]:2376": "tcp://[2001:db8::1]",
		"tcp://docker:2375":        "tcp://docker",
		"ssh://box":                "ssh://box",
		"ssh://me@box:2222":        "ssh://me@box:2222",
		"ssh://me@[2001:db8::1]/run/user/1/docker.sock": "ssh://me@[2001:db8::1]",
	} {
		if got, err := (endpoint{host: host}).machine(); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", host, got, err, want)
		}
	}
	// Machines become words of ssh's command line, and of a shell's.
	for _, host := range []string{"ssh://-oProxyCommand=x", "ssh://-l@box", "ssh://a;b@box", "ssh://$(x)@box", "ssh://", "tcp://a b"} {
		if got, err := (endpoint{host: host}).machine(); err == nil {
			t.Errorf("%s: got %q", host, got)
		}
	}
}
