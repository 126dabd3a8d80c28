package deploy_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
)

func TestExamine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	states := func() map[string]string {
		t.Helper()
		verdicts, err := w.o.Examine(t.Context(), w.spec)
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]string{}
		for _, v := range verdicts {
			states[v.Check] = v.State
		}
		return states
	}
	// The fake's images are there, and its registry is not.
	got := states()
	for check, want := range map[string]string{"engine": doctor.OK, "ports": doctor.OK, "addresses": doctor.OK, "images": doctor.Warning, "folder": doctor.OK} {
		if got[check] != want {
			t.Errorf("%s: got %q, want %q", check, got[check], want)
		}
	}
	clear(w.Images)
	w.Ports = func(at netip.AddrPort) string { return map[uint16]string{49218: "another program"}[at.Port()] }
	if err := os.Mkdir(filepath.Join(w.o.Base, "oarcluster"), 0o755); err != nil {
		t.Fatal(err)
	}
	got = states()
	for _, check := range []string{"ports", "images", "folder"} {
		if got[check] != doctor.Problem {
			t.Errorf("%s: got %q", check, got[check])
		}
	}
	if len(w.Objects()) > 0 {
		t.Errorf("it made %q", w.Objects())
	}
	os.Remove(filepath.Join(w.o.Base, "oarcluster"))
}

// Whatever fails since the disk is full: room comes first.
func TestAFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Before = func(call string) error {
		if strings.HasPrefix(call, "create ") {
			return errors.New("Error response from daemon: write /var/lib/docker/x: no space left on device")
		}
		return nil
	}
	w.spec.Groups[0].Nodes = 1
	code, stderr := report(t, func(ctx context.Context) error {
		_, err := w.o.Deploy(ctx, w.spec)
		return err
	})
	if code != 1 || !strings.Contains(stderr, "hint: the disk is full; make room: ") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	w.expect(t, nil)
}

// Ports of another machine's loopback are that, and nothing of addresses; what was not
// laid out is not judged.
func TestExamineWhatCannotBeLaidOut(t *testing.T) {
	t.Parallel()
	w, _ := elsewhere(t, "tcp://lab", repository)
	examine := func() map[string]doctor.Verdict {
		t.Helper()
		verdicts, err := w.o.Examine(t.Context(), w.spec)
		if err != nil {
			t.Fatal(err)
		}
		checks := map[string]doctor.Verdict{}
		for _, v := range verdicts {
			checks[v.Check] = v
		}
		return checks
	}
	got := examine()
	if v := got["bind"]; v.State != doctor.Problem || !strings.Contains(v.Says, "of the engine's machine tcp://lab") || !strings.Contains(v.Remedy, "--bind") {
		t.Errorf("got %+v", v)
	}
	for _, check := range []string{"ports", "addresses", "images"} {
		if v, judged := got[check]; judged {
			t.Errorf("got %+v", v)
		}
	}
	w.spec.Bind = netip.MustParseAddr("192.0.2.7")
	w.spec.Groups[0].Nodes = 300
	if err := w.CreateNetwork(t.Context(), cluster.Topology{Name: "oarcluster", Subnet: netip.MustParsePrefix("10.141.0.0/24")}); err != nil {
		t.Fatal(err)
	}
	got = examine()
	if _, judged := got["bind"]; judged || got["ports"].State != "" || got["addresses"].State != doctor.Problem || !strings.Contains(got["addresses"].Remedy, "oardeploy clean oarcluster") {
		t.Errorf("got %+v", got)
	}
}
