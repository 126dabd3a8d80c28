package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
)

func topology(t *testing.T, bind string) cluster.Topology {
	t.Helper()
	spec := cluster.Spec{Name: "oarcluster", Groups: []cluster.Group{{Name: "node", Nodes: 2, Cores: 1}}, Registry: "r", Tag: "1", Bind: netip.MustParseAddr(bind),
		Default: cluster.Volume{Host: "/home/u/shared_data", Container: "/data"}}
	top, err := spec.Layout(cluster.Observed{Holder: func(netip.AddrPort) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func TestPath(t *testing.T) {
	t.Parallel()
	if got := access.Path("/tmp", "oarcluster"); got != "/tmp/oarcluster" {
		t.Error(got)
	}
	if got := access.Path("/tmp", "two"); got != "/tmp/oarcluster-two" {
		t.Error(got)
	}
}

func TestOpenRefusesWhatIsNotSafelyOurs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, reason string
		make         func(path string) error
	}{
		{"a link", "symbolic link", func(p string) error { return os.Symlink(t.TempDir(), p) }},
		{"a file", "no folder", func(p string) error { return os.WriteFile(p, nil, 0o600) }},
		{"open to all", "lets others in", func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.Chmod(p, 0o755)) }},
		{"open to the group", "lets others in", func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.Chmod(p, 0o710)) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			if err := tc.make(filepath.Join(base, "oarcluster")); err != nil {
				t.Fatal(err)
			}
			if _, err := access.Open(t.Context(), base, "oarcluster", ""); err == nil || !strings.Contains(err.Error(), tc.reason) {
				t.Errorf("got %v, want %q", err, tc.reason)
			}
		})
	}
}

func TestNamesDoNotLeaveTheBase(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	base := filepath.Join(parent, "tmp")
	victim := filepath.Join(parent, "victim")
	// With this folder there, the path through it would lead to the victim.
	if err := errors.Join(os.MkdirAll(filepath.Join(base, "oarcluster-x"), 0o700), os.Mkdir(victim, 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x/../../victim", "", "..", "x/", "X"} {
		if _, err := access.Open(t.Context(), base, name, ""); err == nil || !strings.Contains(err.Error(), "checking cluster name") {
			t.Errorf("open %q: got %v", name, err)
		}
		if _, err := access.Config(base, name, ""); err == nil || !strings.Contains(err.Error(), "checking cluster name") {
			t.Errorf("config of %q: got %v", name, err)
		}
	}
	if left, err := os.ReadDir(victim); err != nil || len(left) > 0 {
		t.Errorf("the victim has %v, %v", left, err)
	}
}

func TestConfigIsOursAlone(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	path := filepath.Join(base, "oarcluster")
	if _, err := access.Config(base, "oarcluster", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := access.Config(base, "oarcluster", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	want := filepath.Join(path, "ssh_config")
	if err := os.WriteFile(want, []byte("Host *\n    ProxyCommand touch pwned\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := access.Config(base, "oarcluster", ""); got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := access.Config(base, "oarcluster", ""); err == nil || !strings.Contains(err.Error(), "lets others in") {
		t.Errorf("a folder of mode 0755: %v", err)
	}
}

func TestOpenRefusesAnothersFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	path := filepath.Join(t.TempDir(), "oarcluster")
	if err := errors.Join(os.Mkdir(path, 0o700), os.Chown(path, 12345, -1)); err != nil {
		t.Fatal(err)
	}
	if _, err := access.Open(t.Context(), filepath.Dir(path), "oarcluster", ""); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("got %v", err)
	}
}

func TestLockIsHeldByOne(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	first, err := access.Open(t.Context(), base, "oarcluster", "")
	if err != nil || !first.New {
		t.Fatal(err, first)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := access.Open(ctx, base, "oarcluster", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second process got in: %v", err)
	}
	other, err := access.Open(t.Context(), base, "two", "")
	if err != nil {
		t.Errorf("another cluster is locked too: %v", err)
	}
	if err := errors.Join(first.Close(), other.Close()); err != nil {
		t.Error(err)
	}
	again, err := access.Open(t.Context(), base, "oarcluster", "")
	if err != nil || again.New {
		t.Errorf("got %v, %+v", err, again)
	}
}

// Whoever waits for a cluster that is being cleaned gets a lock that counts, and each
// of them alone.
func TestLockOutlivesTheFolder(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	var inside atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				f, err := access.Open(t.Context(), base, "oarcluster", "")
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two have the lock")
				}
				if _, err := os.Stat(f.Path); err != nil {
					t.Errorf("the lock is in a folder that is gone: %v", err)
				}
				inside.Add(-1)
				if err := f.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestWrite(t *testing.T) {
	t.Parallel()
	f, err := access.Open(t.Context(), t.TempDir(), "oarcluster", "")
	if err != nil {
		t.Fatal(err)
	}
	k := secrets.Keys{User: secrets.Key{Private: []byte("PRIVATE"), Public: "ssh-ed25519 USER u"}, Host: secrets.Key{Public: "ssh-ed25519 HOST h"}}
	for range 2 {
		if err := f.Write(topology(t, "127.0.0.1"), k); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"id_ed25519":  "PRIVATE",
		"known_hosts": "ssh-ed25519 HOST\n",
		"ssh_config": `Host frontend
    HostName 127.0.0.1
    Port 49218
    HostKeyAlias frontend
Host server
    HostName 127.0.0.1
    Port 49217
    HostKeyAlias server
Host * !frontend !server
    ProxyJump frontend
Host *
    User docker
    IdentityFile ` + f.Path + `/id_ed25519
    IdentitiesOnly yes
    UserKnownHostsFile ` + f.Path + `/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    CheckHostIP no
    PasswordAuthentication no
    LogLevel ERROR
`,
	} {
		text, err := os.ReadFile(filepath.Join(f.Path, name))
		if err != nil || !strings.HasSuffix(string(text), want) {
			t.Errorf("%s: got %v\n%s", name, err, text)
		}
		if info, err := os.Stat(filepath.Join(f.Path, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, err, info.Mode())
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	info := access.Describe("/tmp/oarcluster", topology(t, "127.0.0.1"))
	_, lines, _ := strings.Cut(info.Text(), "__\\___|_|\n\n")
	want := `  Cluster     oarcluster, 2 nodes
  API         http://localhost:48080/oarapi/
  Monika      http://localhost:48080/monika
  Drawgantt   http://localhost:48080/drawgantt-svg
  PhpPgAdmin  http://localhost:48080/phppgadmin
  SSH         ssh -F /tmp/oarcluster/ssh_config frontend
              ssh -F /tmp/oarcluster/ssh_config server
  Logs        docker logs -f oarcluster_server
              docker logs -f oarcluster_frontend
  Data        /home/u/shared_data:/data

`
	if lines != want {
		t.Errorf("got\n%s\nwant\n%s", info.Text(), want)
	}
	text, err := json.Marshal(info)
	for _, key := range []string{`"api":"http://localhost:48080/oarapi/"`, `"nodes":["node1","node2"]`, `"ssh_config":"/tmp/oarcluster/ssh_config"`, `"data":["/home/u/shared_data:/data"]`} {
		if err != nil || !strings.Contains(string(text), key) {
			t.Errorf("missing %s in %s, %v", key, text, err)
		}
	}
	if got := access.Describe("/f", topology(t, "192.0.2.7")).API; got != "http://192.0.2.7:48080/oarapi/" {
		t.Errorf("on an address of its own: %s", got)
	}
	if got := access.Describe("/f", topology(t, "0.0.0.0")).API; got != "http://localhost:48080/oarapi/" {
		t.Errorf("on every address: %s", got)
	}
}

// What an engine of another machine publishes is reached through ssh, or under the
// machine's own name.
func TestAnotherMachine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		machine, bind   string
		api, text, conf string
	}{
		{"ssh://me@box:2222", "127.0.0.1", "http://localhost:48080/oarapi/",
			"  Machine     ssh://me@box:2222 has its ports and volumes\n  Links after ssh -N -L 48080:127.0.0.1:48080 ssh://me@box:2222\n",
			"    HostName 127.0.0.1\n    Port 49218\n    HostKeyAlias frontend\n    ProxyCommand ssh -W %h:%p ssh://me@box:2222\n"},
		{"ssh://box", "0.0.0.0", "http://localhost:48080/oarapi/", "ssh -N -L 48080:127.0.0.1:48080 ssh://box\n", "    ProxyCommand ssh -W %h:%p ssh://box\n"},
		{"tcp://lab", "0.0.0.0", "http://lab:48080/oarapi/", "  Machine     tcp://lab has its ports and volumes\n  API", "    HostName lab\n    Port 49218\n    HostKeyAlias frontend\nHost server"},
		{"tcp://[2001:db8::1]", "0.0.0.0", "http://[2001:db8::1]:48080/oarapi/", "", "    HostName 2001:db8::1\n"},
		{"tcp://lab", "192.0.2.7", "http://192.0.2.7:48080/oarapi/", "", "    HostName 192.0.2.7\n"},
	} {
		top := topology(t, tc.bind)
		top.Machine = tc.machine
		info := access.Describe("/f", top)
		if info.API != tc.api || !strings.Contains(info.Text(), tc.text) || info.Machine != tc.machine {
			t.Errorf("%s on %s: got %s\n%s", tc.machine, tc.bind, info.API, info.Text())
		}
		f, err := access.Open(t.Context(), t.TempDir(), "oarcluster", "")
		if err == nil {
			err = f.Write(top, secrets.Keys{Host: secrets.Key{Public: "ssh-ed25519 HOST h"}})
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(f.Path, "ssh_config"))
		if err != nil || !strings.Contains(string(text), tc.conf) {
			t.Errorf("%s on %s: got %v\n%s\nwant\n%s", tc.machine, tc.bind, err, text, tc.conf)
		}
	}
}
