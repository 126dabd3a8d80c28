//go:build e2e

package build

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBuildingAgain(t *testing.T) {
	o, out, server := real(t)
	first, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	checkPublished(t, first[0])
	before := server.Writes.Load()
	again, err := Run(t.Context(), o)
	if err != nil || again[0].Digest != first[0].Digest || server.Writes.Load() != before {
		t.Errorf("again: %v, %v, %d writes; first %v", again, err, server.Writes.Load()-before, first)
	}

	freshDaemon(t)
	cold, err := Run(t.Context(), o)
	if err != nil || cold[0].Digest != first[0].Digest {
		t.Errorf("by another daemon: %v, %v; first %v", cold, err, first)
	}
}

func TestAFailingStepAndAnInterruption(t *testing.T) {
	o, out, server := real(t)
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
	if server.Writes.Load() != 0 {
		t.Errorf("%d writes for images that are not", server.Writes.Load())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
