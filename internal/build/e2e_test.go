//go:build e2e

package build

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/buildkit/endpoint"
)

// real prepares a build with the pinned buildkitd, from the machine's mirror,
// into a registry of this process, which counts what is written.
func real(t *testing.T) (Options, *bytes.Buffer, *atomic.Int32) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("buildkitd needs root")
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("BUILDKIT_HOST", "")
	freshDaemon(t)
	var writes atomic.Int32
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			writes.Add(1)
		}
		images.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	out := &bytes.Buffer{}
	return Options{
		Recipes: []string{"dnsmasq"}, Registry: strings.TrimPrefix(server.URL, "http://") + "/oar",
		To: buildkit.Registry, Mirror: os.Getenv("OARBUILD_MIRROR"), Progress: "plain", Err: out,
	}, out, &writes
}

// freshDaemon makes the builds that follow start a daemon that knows nothing.
func freshDaemon(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "oarbuild-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("OARBUILD_DAEMON_DIR", dir)
	t.Cleanup(func() {
		if _, err := (&endpoint.Daemon{Dir: dir}).Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
}

func TestBuildingAgain(t *testing.T) {
	o, out, writes := real(t)
	first, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ref, err := name.ParseReference(first[0].Reference)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	// Fast, for the full check believes that every layer is compressed.
	if err := validate.Index(index, validate.Fast); err != nil {
		t.Error(err)
	}

	before := writes.Load()
	again, err := Run(t.Context(), o)
	if err != nil || again[0].Digest != first[0].Digest || writes.Load() != before {
		t.Errorf("again: %v, %v, %d writes; first %v", again, err, writes.Load()-before, first)
	}

	freshDaemon(t)
	cold, err := Run(t.Context(), o)
	if err != nil || cold[0].Digest != first[0].Digest {
		t.Errorf("by another daemon: %v, %v; first %v", cold, err, first)
	}
}

func TestAFailingStepAndAnInterruption(t *testing.T) {
	o, out, writes := real(t)
	recipe := filepath.Join(t.TempDir(), "mine.yaml")
	o.Recipes = []string{recipe}
	write := func(script string) {
		if err := os.WriteFile(recipe, []byte("name: mine\nfrom: dnsmasq\nrun:\n  - {name: it, sh: \""+script+"\"}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("echo last words; exit 7")
	_, err := Run(t.Context(), o)
	if err == nil {
		t.Fatal("a step that fails failed nothing")
	}
	for _, want := range []string{"mine.yaml:4:", "exit status 7", "| last words"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}

	write("echo asleep; sleep 600")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Err = writerFunc(func(p []byte) (int, error) {
		if bytes.Contains(p, []byte("asleep")) {
			cancel()
		}
		return out.Write(p)
	})
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if writes.Load() != 0 {
		t.Errorf("%d writes for images that are not", writes.Load())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
