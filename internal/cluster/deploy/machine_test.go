package deploy_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
)

// elsewhere is a world whose engine is on another machine and has images of the
// repository given; it tells what is called.
func elsewhere(t *testing.T, machine, repository string) (*world, func() []string) {
	t.Helper()
	w := newWorld(t)
	w.Fake = enginetest.New(repository, tag)
	w.Machine, w.o.Machine, w.o.Engine, w.o.Registry = machine, machine, w.Fake, t.TempDir()
	w.spec.Registry, w.spec.Groups[0].Nodes, w.spec.Default = repository, 1, cluster.Volume{}
	var mu sync.Mutex
	var calls []string
	w.Before = func(call string) error {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, call)
		return nil
	}
	return w, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(calls) }
}

// The paths of another machine cannot be looked at; its engine does.
func TestDeployOnAnotherMachine(t *testing.T) {
	t.Parallel()
	w, calls := elsewhere(t, "ssh://box", repository)
	w.spec.Volumes = []cluster.Volume{{Host: "/only/there", Container: "/data"}}
	info, err := w.o.Deploy(t.Context(), w.spec)
	if err != nil || info.Machine != "ssh://box" || info.Tunnel == "" {
		t.Fatalf("got %+v, %v", info, err)
	}
	if slices.Contains(calls(), "lend") {
		t.Error("a port was lent for a registry that is everybody's")
	}
	w.Machine, w.o.Machine, w.o.Base = "", "", t.TempDir()
	if _, err := w.o.Deploy(t.Context(), w.spec); err == nil || !strings.Contains(err.Error(), `checking volume "/only/there:/data"`) {
		t.Errorf("on this machine: got %v", err)
	}
}

// The registry of this machine's loopback is served and lent to an engine over ssh.
func TestDeployLendsTheRegistry(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mine := l.Addr().String() + "/oarcluster"
	l.Close()
	w, calls := elsewhere(t, "ssh://box", mine)
	if _, err := w.o.Deploy(t.Context(), w.spec); err != nil || !slices.Contains(calls(), "lend") {
		t.Errorf("got %v after %q", err, calls())
	}
}

// What the engine lacks and cannot get from its own loopback is said so.
func TestAnotherMachineHasNoRegistryOnItsLoopback(t *testing.T) {
	t.Parallel()
	w, calls := elsewhere(t, "tcp://box", "localhost:1/oarcluster")
	w.spec.Bind = netip.MustParseAddr("192.0.2.7")
	clear(w.Images)
	_, err := w.o.Deploy(t.Context(), w.spec)
	if slices.Contains(calls(), "lend") {
		t.Error("a port was lent over TCP")
	}
	if err == nil || !strings.Contains(err.Error(), "on the engine's machine tcp://box, whose loopback is not this one's: connection refused") {
		t.Errorf("got %v", err)
	}
}

// One name on two machines are two clusters, and the folder is of one of them: no verb
// on the other one changes it.
func TestTheFolderIsOfOneMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	before, err := os.ReadFile(w.folder() + "/id_ed25519")
	if err != nil {
		t.Fatal(err)
	}
	other, _ := elsewhere(t, "ssh://box", repository)
	other.o.Base, other.o.NewKeys = w.o.Base, secrets.New
	_, deployed := other.o.Deploy(t.Context(), other.spec)
	_, scaled := other.o.Scale(t.Context(), "oarcluster", map[string]int{"": 2})
	_, started := other.o.Start(t.Context(), "oarcluster", nil)
	for verb, err := range map[string]error{"deploy": deployed, "scale": scaled, "start": started} {
		if err == nil || !strings.Contains(err.Error(), `its cluster is on this machine, the engine on "ssh://box"`) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	other.expect(t, nil)
	if err := other.o.Clean(t.Context(), []string{"oarcluster"}); err != nil || other.notes.count("leaving "+w.folder()) != 1 {
		t.Errorf("clean: %v, %q", err, other.notes.lines)
	}
	if after, err := os.ReadFile(w.folder() + "/id_ed25519"); string(after) != string(before) {
		t.Errorf("the key became another (%v)", err)
	}
	if _, err := access.Config(w.o.Base, "oarcluster", "ssh://box"); err == nil || !strings.Contains(err.Error(), "its cluster is on this machine") {
		t.Errorf("ssh: %v", err)
	}
	if _, err := access.Config(w.o.Base, "oarcluster", ""); err != nil {
		t.Error(err)
	}
}

// What is mistyped is told while the cluster that is there still runs.
func TestAnotherMachinesFoldersAreTriedFirst(t *testing.T) {
	t.Parallel()
	w, calls := elsewhere(t, "ssh://box", repository)
	w.spec.Volumes = []cluster.Volume{{Host: "/there", Container: "/data"}}
	if _, err := w.o.Deploy(t.Context(), w.spec); err != nil || slices.Contains(calls(), "try /there") {
		t.Fatalf("a new cluster: %v, %q", err, calls())
	}
	before, _ := w.Observe(t.Context(), "oarcluster")
	w.Before = func(call string) error {
		if verb, _, _ := strings.Cut(call, " "); verb == "try" {
			return errors.New("bind source path does not exist: " + call)
		} else if verb != "lock" {
			t.Errorf("the engine was asked to %s", call)
		}
		return nil
	}
	w.spec.Volumes[0].Host = "/mistyped"
	_, err := w.o.Deploy(t.Context(), w.spec)
	if err == nil || !strings.Contains(err.Error(), "on the engine's machine ssh://box, with nothing changed: bind source path does not exist: try /mistyped") {
		t.Errorf("got %v", err)
	}
	after, _ := w.Observe(t.Context(), "oarcluster")
	for i, c := range after.Containers {
		if was := before.Containers[i]; c.ID != was.ID || c.State != "running" {
			t.Errorf("%s became %+v", was.Name, c)
		}
	}
}
