package registry

import (
	"encoding/base64"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/crypto/bcrypt"
)

// TestPublishingWithAPassword takes it from Docker's configuration, and says so
// when it is not good.
func TestPublishingWithAPassword(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	passwords := filepath.Join(dir, "htpasswd")
	if err := os.WriteFile(passwords, []byte("me:"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := &configuration.Configuration{
		Storage: configuration.Storage{"inmemory": {}},
		Auth:    configuration.Auth{"htpasswd": {"realm": "test", "path": passwords}},
	}
	config.Log.AccessLog.Disabled = true
	server := httptest.NewServer(handlers.NewApp(t.Context(), config))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	image, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewDigest(host + "/oar/x@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image, remote.WithAuth(&authn.Basic{Username: "me", Password: "secret"})); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
	for password, good := range map[string]bool{"wrong": false, "secret": true} {
		login := base64.StdEncoding.EncodeToString([]byte("me:" + password))
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths": {"`+host+`": {"auth": "`+login+`"}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		manifests := []Manifest{{Digest: digest.String(), OS: "linux", Architecture: "amd64", Statements: []Statement{statement}}}
		_, err := Publish(t.Context(), host+"/oar/x", []string{"t"}, manifests, nil)
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "UNAUTHORIZED") && !strings.Contains(err.Error(), "401") {
			t.Errorf("with password %s: %v", password, err)
		}
	}
}
