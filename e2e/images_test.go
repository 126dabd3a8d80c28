//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const registry = "localhost:5000/oarcluster/"

// TestTheBaseImageIsAWellBehavedContainer: the base image must run a command
// instead of its services and beside them, and pass on what the command says.
func TestTheBaseImageIsAWellBehavedContainer(t *testing.T) {
	must(t, "oarbuild", "--recipe", "base", "--push")
	serveRegistry(t)
	must(t, "docker", "pull", "-q", registry+"base:2.6.1")
	for _, tc := range []struct {
		name, want string
		code       int
		argv       []string
	}{
		{"a command instead of the services", "Hello\n", 0, []string{"echo", "Hello"}},
		{"a command beside the services", "Hello\n", 0, []string{"my_init", "--", "echo", "Hello"}},
		{"its exit code", "", 7, []string{"my_init", "--", "sh", "-c", "exit 7"}},
		{"setuser", "docker\n", 0, []string{"setuser", "docker", "id", "-un"}},
		{"sudo without a question", "root\n", 0, []string{"setuser", "docker", "sudo", "-n", "id", "-un"}},
		{"ssh takes keys only", "passwordauthentication no\n", 0, []string{"my_init", "--", "sh", "-c", "/usr/sbin/sshd -T | grep ^passwordauth"}},
		{"apt agrees with the packages", "", 0, []string{"sh", "-c", "dpkg --audit && apt-get check -qq"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := call{}.run(t, "docker", append([]string{"run", "--rm", "--network", "none", registry + "base:2.6.1"}, tc.argv...)...)
			if r.out != tc.want || r.code != tc.code {
				t.Errorf("printed %q with exit code %d, want %q with %d; stderr: %s", r.out, r.code, tc.want, tc.code, r.err)
			}
		})
	}
}

// keyFile matches the names of private keys that Debian's packages make.
var keyFile = regexp.MustCompile(`(/ssh_host_\w+_key|/oar_ssh_host_\w+_key|/id_[a-z0-9]+|snakeoil\.key)$`)

// TestNoLayerHoldsAPrivateKey: a key that a later layer removes is still there
// for whoever reads the layers, so every layer must be without one.
func TestNoLayerHoldsAPrivateKey(t *testing.T) {
	must(t, "oarbuild", "--push")
	serveRegistry(t)
	seen := map[v1.Hash]bool{}
	for _, image := range images {
		ref, err := name.ParseReference(registry + image + ":2.6.1")
		if err != nil {
			t.Fatal(err)
		}
		img, err := remote.Image(ref)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := img.Layers()
		if err != nil {
			t.Fatal(err)
		}
		for _, layer := range layers {
			digest, err := layer.Digest()
			if err != nil {
				t.Fatal(err)
			}
			if !seen[digest] {
				seen[digest] = true
				checkNoKeys(t, image, layer)
			}
		}
	}
}

// checkNoKeys reads a layer for names and beginnings of private keys (RFC 7468).
func checkNoKeys(t *testing.T, image string, layer v1.Layer) {
	t.Helper()
	content, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	for entries := tar.NewReader(content); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		head, err := io.ReadAll(io.LimitReader(entries, 64))
		if err != nil {
			t.Fatal(err)
		}
		isKey := bytes.HasPrefix(head, []byte("-----BEGIN ")) && bytes.Contains(head, []byte("PRIVATE KEY-----"))
		if isKey || h.Typeflag == tar.TypeReg && keyFile.MatchString("/"+strings.TrimPrefix(h.Name, "./")) {
			t.Errorf("image %s has a private key: %s", image, h.Name)
		}
	}
}

// TestTheOtherVerbsOfTheBuild: what needs no registry must work without one.
func TestTheOtherVerbsOfTheBuild(t *testing.T) {
	must(t, "oarbuild", "--recipe", "dnsmasq", "--tag", "e2e-load", "--load")
	if got := must(t, "docker", "run", "--rm", "--network", "none", registry+"dnsmasq:e2e-load", "dnsmasq", "--version"); !strings.Contains(got, "Dnsmasq version") {
		t.Errorf("the loaded image's dnsmasq says %q", got)
	}
	if got := must(t, "oarbuild", "graph", "--recipe", "node"); strings.Count(got, "configure.sh") != 3 {
		t.Errorf("the graph of node has not three configure steps:\n%s", got)
	}
	if got := must(t, "oarbuild", "daemon", "status"); !strings.Contains(got, "unix://") {
		t.Errorf("the daemon's status is %q", got)
	}
}
