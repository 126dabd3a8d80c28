package build

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheMirrorAskedForIsTaken(t *testing.T) {
	t.Parallel()
	s, _ := source(t.Context(), Options{Mirror: "http://mirror.example.org/"}, "/c", "trixie")
	if s.Debian != "http://mirror.example.org/debian" || s.Security != "http://mirror.example.org/debian-security" {
		t.Errorf("got %s and %s", s.Debian, s.Security)
	}
	if s.Suite != "trixie" || s.AllowStale || len(s.Keyring) == 0 {
		t.Errorf("got suite %s, stale %v, %d keys", s.Suite, s.AllowStale, len(s.Keyring))
	}
	if s, _ := source(t.Context(), Options{AllowStale: true, Offline: true}, "/c", "trixie"); !s.AllowStale || !s.Offline || s.Debian == "" || s.Cache != "/c/debian" {
		t.Errorf("by default %q, stale %v", s.Debian, s.AllowStale)
	}
}

// unsigned serves Release files that nobody signed, and counts requests.
func unsigned(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("Suite: stable\nCodename: trixie\n"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestRunAndGraphsStopAtWhatIsWrong(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	recipe := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(recipe, []byte("name: bad\nfrom: base\npakages: []\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, want string
		o          Options
	}{
		{"a recipe", "bad.yaml:3:1", Options{Recipes: []string{recipe}}},
		{"a platform", "no such architecture", Options{Platforms: []string{"linux/vax"}}},
		{"a mirror", "InRelease", Options{Recipes: []string{"dnsmasq"}, Platforms: []string{"linux/amd64"}, Mirror: unsigned(t)}},
	} {
		var out bytes.Buffer
		tc.o.Err = &out
		_, err := Run(t.Context(), tc.o)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Run says %v", tc.name, err)
		}
		if _, err := Graphs(t.Context(), tc.o); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Graphs says %v", tc.name, err)
		}
		if out.Len() != 0 {
			t.Errorf("%s: said %q", tc.name, out.String())
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := Options{Recipes: []string{"dnsmasq"}, Platforms: []string{"linux/amd64"}, Mirror: unsigned(t), Err: &bytes.Buffer{}}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
