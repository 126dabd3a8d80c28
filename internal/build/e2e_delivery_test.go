//go:build e2e

package build

import (
	"archive/tar"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/docker/cli/cli/config"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// TestWhereImagesGo builds one image and takes it to every place.
func TestWhereImagesGo(t *testing.T) {
	o, out, _ := real(t)
	o.Recipes = []string{bare(t)}
	authority := filepath.Join(t.TempDir(), "ca.pem")
	t.Setenv("SSL_CERT_FILE", authority) // the daemon is started with it
	server := withPassword(t, authority)

	pushed, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("an image layout has the digest that a push has", func(t *testing.T) { toLayout(t, o, pushed[0].Digest) })
	t.Run("a root file system", func(t *testing.T) { toRootfs(t, o) })
	t.Run("a registry with TLS and a password", func(t *testing.T) { toPassword(t, o, server) })
	t.Run("a registry that fails", func(t *testing.T) { toFaulty(t, o) })
}

func toLayout(t *testing.T, o Options, digest string) {
	dir := filepath.Join(t.TempDir(), "layout")
	o.To, o.Output, o.Compression = buildkit.Files, "type=oci,tar=false,dest="+dir, "uncompressed"
	images, err := Run(t.Context(), o)
	if err != nil || images[0].Digest != digest {
		t.Fatalf("got %v, %v, want %s", images, err, digest)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index, validate.Fast); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "{name}.tar")
	for _, kind := range []string{"gzip:1", "zstd:1", "estargz:1"} {
		o.Output, o.Compression = "type=oci,dest="+file, kind
		if images, err := Run(t.Context(), o); err != nil || images[0].Files[0] != strings.Replace(file, "{name}", "bare", 1) {
			t.Errorf("%s: got %v, %v", kind, images, err)
		}
	}
}

func toRootfs(t *testing.T, o Options) {
	dir := t.TempDir()
	o.To, o.Output = buildkit.Files, "type=tar,dest="+dir
	images, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(images[0].Files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found := false
	for r := tar.NewReader(file); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found = found || strings.TrimPrefix(header.Name, "./") == "machine"
	}
	if !found {
		t.Errorf("%s lacks what the recipe's step made", file.Name())
	}
	root := filepath.Join(dir, "root")
	o.Output = "type=local,dest=" + root
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got, err := exec.Command("chroot", root, "/bin/cat", "/machine").Output(); err != nil || len(got) == 0 {
		t.Errorf("in the root file system: %q, %v", got, err)
	}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("over it: %v", err)
	}
}

// withPassword serves the CNCF registry with TLS on this machine's own address,
// for user me with password secret. It writes its authority's certificate.
func withPassword(t *testing.T, authority string) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(registrytest.Guard(t))
	var err error
	if server.Listener, err = net.Listen("tcp", address(t)+":0"); err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, address(t))}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authority, own, 0o644); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(own)
	remote.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	return server
}

func toPassword(t *testing.T, o Options, server *httptest.Server) {
	o.Registry = server.Listener.Addr().String() + "/oar"
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	config.SetDir(dir) // the variable is read once in a process
	if images, err := Run(t.Context(), o); err == nil {
		t.Errorf("without a password: %v", images)
	}
	auth := `{"auths": {"` + server.Listener.Addr().String() + `": {"auth": "bWU6c2VjcmV0"}}}` // me:secret
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(auth), 0o600); err != nil {
		t.Fatal(err)
	}
	images, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	manifest := manifestOf(t, images[0])
	for _, layer := range manifest.Layers {
		if !strings.HasSuffix(string(layer.MediaType), "tar+gzip") {
			t.Errorf("a layer is %s", layer.MediaType)
		}
	}
}

// manifestOf reads the manifest of an image's one platform from its registry.
func manifestOf(t *testing.T, image Image) *v1.Manifest {
	t.Helper()
	repository, _, _ := strings.Cut(image.Reference, ":latest")
	ref, err := name.NewDigest(repository + "@" + image.Platforms["linux/amd64"].Digest)
	if err != nil {
		t.Fatal(err)
	}
	found, err := remote.Image(ref, keychain())
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := found.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	return manifest
}

// toFaulty pushes to a registry that asks for patience, and to one that dies in
// the middle of a layer.
func toFaulty(t *testing.T, o Options) {
	server := registrytest.New(t)
	var faults atomic.Int32
	var fault http.HandlerFunc
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
		upload := (r.Method == http.MethodPut || r.Method == http.MethodPatch) && strings.Contains(r.URL.Path, "/blobs/")
		if !upload || faults.Add(-1) < 0 {
			return false
		}
		fault(w, r)
		return true
	}
	for what, answer := range map[string]http.HandlerFunc{
		"429 with Retry-After": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"503": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"a cut in the middle of a layer": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				conn.Close()
			}
		},
	} {
		o.Tags = []string{"tag"}
		fault = answer
		faults.Store(1)
		o.Registry = server.Host + "/" + strings.ToLower(strings.ReplaceAll(what, " ", "-"))
		_, err := Run(t.Context(), o)
		t.Logf("%s: %v", what, err)
		tag, _ := name.ParseReference(o.Registry + "/bare:" + o.Tags[0])
		if _, there := remote.Head(tag); err != nil && there == nil {
			t.Errorf("%s: half an image was published", what)
		}
		if err != nil && len(err.Error()) < 20 {
			t.Errorf("%s: it is not told: %v", what, err)
		}
		if _, err := Run(t.Context(), o); err != nil {
			t.Errorf("%s: the next run: %v", what, err)
		}
	}
}
