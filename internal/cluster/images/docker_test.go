//go:build e2e

package images_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/registry"
)

// push makes a small image and publishes it under ref.
func push(t *testing.T, ref string) v1.Image {
	t.Helper()
	img, err := random.Image(256, 1)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(parsed, img); err != nil {
		t.Fatal(err)
	}
	return img
}

// The real engine and the embedded registry: missing, current, moved, unreachable.
func TestDockerFollowsTheRegistry(t *testing.T) {
	d, err := engine.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, stop := context.WithCancel(t.Context())
	at, served := make(chan net.Addr, 1), make(chan error, 1)
	go func() { served <- registry.Serve(ctx, "127.0.0.1:0", t.TempDir(), func(a net.Addr) { at <- a }) }()
	ref := fmt.Sprintf("localhost:%d/oarcluster-test/image:1", (<-at).(*net.TCPAddr).Port)
	t.Cleanup(func() { exec.Command("docker", "rmi", ref).Run() })
	ensure := func(wantNote string) string {
		t.Helper()
		var notes []string
		ids, err := images.Ensure(t.Context(), d, []string{ref}, func(s string) { notes = append(notes, s) })
		if got := strings.Join(notes, "\n"); err != nil || !strings.HasPrefix(got, wantNote) || (wantNote == "") != (got == "") {
			t.Fatalf("got %v, notes %q, want %q", err, got, wantNote)
		}
		return ids[ref]
	}
	push(t, ref)
	first := ensure("pulling " + ref)
	if again := ensure(""); again != first {
		t.Errorf("%s became %s", first, again)
	}
	push(t, ref)
	t.Cleanup(func() { exec.Command("docker", "rmi", first).Run() })
	second := ensure("pulling " + ref)
	if second == first {
		t.Error("the moved tag was not noticed")
	}
	stop()
	<-served
	if offline := ensure("taking 1 of 1 images"); offline != second {
		t.Errorf("%s became %s", second, offline)
	}
}
