package registrytest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd" // the guard
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory" // what it guards
	"golang.org/x/crypto/bcrypt"
)

// Guarded serves the registry of [Guard] until the test ends. Docker's configuration is
// an empty folder meanwhile, for [Configure] to write to.
func Guarded(t *testing.T) *Registry {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	return Over(t, Guard(t))
}

// Guard is the CNCF registry, in memory, that lets user me with password secret in, and
// nobody else.
func Guard(t testing.TB) http.Handler {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	passwords := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(passwords, []byte("me:"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := &configuration.Configuration{
		Storage: configuration.Storage{"inmemory": {}},
		Auth:    configuration.Auth{"htpasswd": {"realm": "test", "path": passwords}},
	}
	config.Log.AccessLog.Disabled = true
	config.Log.Level = "panic"
	config.HTTP.Secret = "of the uploads"
	return handlers.NewApp(t.Context(), config)
}

// Login is Docker's configuration after `docker login` as me with a password.
func (r *Registry) Login(password string) string {
	return fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, r.Host, base64.StdEncoding.EncodeToString([]byte("me:"+password)))
}

// Configure makes a text Docker's configuration.
func Configure(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
