//go:build e2e

package images_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// The real engine and the embedded registry: missing, current, moved, unreachable.
func TestDockerFollowsTheRegistry(t *testing.T) {
	d, err := engine.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	port, stop := registrytest.Serve(t, registry.Serve, t.TempDir())
	repository := fmt.Sprintf("localhost:%d/oarcluster-test/image", port)
	ref := repository + ":1"
	t.Cleanup(func() { exec.Command("docker", "rmi", ref).Run() })
	ensure := func(wantNote string) string {
		t.Helper()
		var notes []string
		ids, err := images.Ensure(t.Context(), d, []string{ref}, func(s string) { notes = append(notes, s) }, nil)
		if got := strings.Join(notes, "\n"); err != nil || !strings.HasPrefix(got, wantNote) || (wantNote == "") != (got == "") {
			t.Fatalf("got %v, notes %q, want %q", err, got, wantNote)
		}
		return ids[ref]
	}
	registrytest.Push(t, repository, "amd64", "1")
	first := ensure("pulling " + ref)
	if again := ensure(""); again != first {
		t.Errorf("%s became %s", first, again)
	}
	registrytest.Push(t, repository, "amd64", "1")
	t.Cleanup(func() { exec.Command("docker", "rmi", first).Run() })
	second := ensure("pulling " + ref)
	if second == first {
		t.Error("the moved tag was not noticed")
	}
	stop()
	if offline := ensure("taking 1 of 1 images"); offline != second {
		t.Errorf("%s became %s", second, offline)
	}
}

// TestATagThatMovesMeanwhile: a container is made of the image that was looked up,
// though its tag has moved since, and the reference is still known.
func TestATagThatMovesMeanwhile(t *testing.T) {
	d, err := engine.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	repository := registrytest.New(t).Host + "/oarcluster-test/moving"
	ref := repository + ":1"
	ensure := func() string {
		registrytest.Push(t, repository, "amd64", "1")
		ids, err := images.Ensure(t.Context(), d, []string{ref}, func(string) {}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { exec.Command("docker", "rmi", ids[ref]).Run() })
		return ids[ref]
	}
	first := ensure()
	if ensure() == first {
		t.Fatal("the tag did not move")
	}
	const name = "imagetest"
	spec := cluster.Spec{Name: name, Groups: []cluster.Group{{Name: "node", Nodes: 1, Cores: 1}}, Registry: "r", Tag: "1", Bind: netip.MustParseAddr("127.0.0.1")}
	o, err := d.Observe(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	top, err := spec.Layout(o)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := top.Host("dns")
	h.Image, h.ImageID, h.Cmd = ref, first, []string{"true"}
	t.Cleanup(func() { exec.Command("docker", "network", "rm", name).Run() })
	t.Cleanup(func() { exec.Command("docker", "rm", "-fv", h.Container).Run() })
	if err := errors.Join(d.CreateNetwork(t.Context(), top), d.CreateContainer(t.Context(), top, h)); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("docker", "inspect", "-f", "{{.Image}}", h.Container).Output()
	if err != nil || strings.TrimSpace(string(out)) != first {
		t.Errorf("made of %s, %v, want %s", out, err, first)
	}
	o, err = d.Observe(t.Context(), name)
	if c, ok := o.Host(name, "dns"); err != nil || !ok || c.Image != ref {
		t.Errorf("it is called %q, %v, want %q", c.Image, err, ref)
	}
}
