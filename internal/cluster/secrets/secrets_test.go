package secrets_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
)

var made = sync.OnceValues(func() (secrets.Keys, error) { return secrets.New("test") })

func keys(t *testing.T) secrets.Keys {
	t.Helper()
	k, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func topology(t *testing.T) cluster.Topology {
	t.Helper()
	spec := cluster.Spec{Name: "test", Groups: []cluster.Group{{Name: "node", Nodes: 2, Cores: 1}}, Registry: "r", Tag: "1", Bind: netip.MustParseAddr("127.0.0.1")}
	top, err := spec.Layout(cluster.Observed{Holder: func(netip.AddrPort) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func TestKeysAreWhatOpenSSHReads(t *testing.T) {
	t.Parallel()
	k := keys(t)
	for name, tc := range map[string]struct {
		key     secrets.Key
		kind    string
		comment string
	}{
		"user": {k.User, ssh.KeyAlgoED25519, "docker@test"},
		"host": {k.Host, ssh.KeyAlgoED25519, "host@test"},
		"oar":  {k.OAR, ssh.KeyAlgoRSA, "oar@test"},
	} {
		signer, err := ssh.ParsePrivateKey(tc.key.Private)
		if err != nil {
			t.Fatal(name, err)
		}
		public, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(tc.key.Public))
		if err != nil || public.Type() != tc.kind || comment != tc.comment || !bytes.Equal(public.Marshal(), signer.PublicKey().Marshal()) {
			t.Errorf("%s: %v, %v, %q", name, err, public, comment)
		}
	}
	if bytes.Equal(k.User.Private, k.Host.Private) {
		t.Error("user and host have one key")
	}
}

// entries lists an archive as "mode name", and its files' texts.
func entries(t *testing.T, archive []byte) ([]string, map[string]string) {
	t.Helper()
	var list []string
	texts := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, texts
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || h.Uid != 0 || h.Gid != 0 {
			t.Fatal(h.Name, err, h.Uid, h.Gid)
		}
		list = append(list, fmt.Sprintf("%04o %s", h.Mode, h.Name))
		texts[h.Name] = string(text)
	}
}

func TestArchiveOfEachRole(t *testing.T) {
	t.Parallel()
	common := []string{
		"0700 etc/oarcluster/", "0700 etc/oarcluster/ssh/", "0600 etc/oarcluster/ssh/id_ed25519", "0644 etc/oarcluster/ssh/id_ed25519.pub",
		"0600 etc/oarcluster/ssh/ssh_host_ed25519_key", "0644 etc/oarcluster/ssh/ssh_host_ed25519_key.pub",
		"0600 etc/oarcluster/ssh/authorized_keys", "0600 etc/oarcluster/ssh/known_hosts",
		"0700 etc/oarcluster/oar/", "0600 etc/oarcluster/oar/id_rsa", "0644 etc/oarcluster/oar/id_rsa.pub",
		"0600 etc/oarcluster/hosts", "0600 etc/oarcluster/resources",
	}
	for host, want := range map[string][]string{
		"dns":    {"0755 etc/oarcluster/", "0644 etc/oarcluster/hosts"},
		"server": common,
	} {
		archive, err := keys(t).Archive(topology(t), host)
		if err != nil {
			t.Fatal(host, err)
		}
		got, texts := entries(t, archive)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", host, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if host == "server" && texts["etc/oarcluster/resources"] != topology(t).Resources() {
			t.Errorf("resources:\n%s", texts["etc/oarcluster/resources"])
		}
		if texts["etc/oarcluster/hosts"] != topology(t).HostsFile() {
			t.Errorf("%s: hosts: %q", host, texts["etc/oarcluster/hosts"])
		}
	}
	if _, err := keys(t).Archive(topology(t), "node9"); err == nil {
		t.Error("an archive for a host that is not there")
	}
}

// asTheEngineHandsOut turns an archive for the root into one of /etc/oarcluster, whose
// names are below folder.
func asTheEngineHandsOut(t *testing.T, archive []byte, folder string) []byte {
	t.Helper()
	list, texts := entries(t, archive)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, line := range list {
		_, name, _ := strings.Cut(line, " ")
		text := texts[name]
		h := tar.Header{Name: folder + strings.TrimPrefix(name, "etc/oarcluster/"), Size: int64(len(text)), Mode: 0o600, Typeflag: tar.TypeReg}
		if strings.HasSuffix(name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	w.Close()
	return b.Bytes()
}

func TestReadFindsWhatArchivePacked(t *testing.T) {
	t.Parallel()
	archive, err := keys(t).Archive(topology(t), "node1")
	if err != nil {
		t.Fatal(err)
	}
	handedOut := asTheEngineHandsOut(t, archive, "oarcluster/")
	got, files, err := secrets.Read(bytes.NewReader(handedOut))
	want := keys(t)
	if !maps.Equal(files, topology(t).Files()) {
		t.Errorf("got files %q", files)
	}
	if err != nil || got.User.Public != want.User.Public || !bytes.Equal(got.OAR.Private, want.OAR.Private) || !bytes.Equal(got.Host.Private, want.Host.Private) {
		t.Errorf("got %v, %+v", err, got)
	}
	if podmans, _, err := secrets.Read(bytes.NewReader(asTheEngineHandsOut(t, archive, "/"))); err != nil || podmans.User.Public != want.User.Public {
		t.Errorf("got %v, %+v of a stopped container of Podman's", err, podmans)
	}
	if _, _, err := secrets.Read(bytes.NewReader(handedOut[:2000])); err == nil {
		t.Error("keys from half an archive")
	}
	dns, err := keys(t).Archive(topology(t), "dns")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := secrets.Read(bytes.NewReader(asTheEngineHandsOut(t, dns, "oarcluster/"))); err == nil || !strings.Contains(err.Error(), "no \"etc/oarcluster/") {
		t.Errorf("keys from dns: %v", err)
	}
}

func TestReadRefusesPublicHalvesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"x", "\n", "ssh-ed25519", "ssh-ed25519 AAAA", "two words"} {
		archive, err := keys(t).Archive(topology(t), "node1")
		if err != nil {
			t.Fatal(err)
		}
		broken := bytes.ReplaceAll(asTheEngineHandsOut(t, archive, "oarcluster/"), []byte(keys(t).Host.Public), pad(text, len(keys(t).Host.Public)))
		if _, _, err := secrets.Read(bytes.NewReader(broken)); err == nil || !strings.Contains(err.Error(), "ssh_host_ed25519_key.pub") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// pad fills a text with spaces.
func pad(text string, n int) []byte { return []byte(text + strings.Repeat(" ", n-len(text))) }

func FuzzRead(f *testing.F) {
	k, err := made()
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "oarcluster/oar/id_rsa", Size: int64(len(k.OAR.Private)), Mode: 0o600})
	w.Write(k.OAR.Private)
	w.Close()
	f.Add(b.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, archive []byte) {
		if k, _, err := secrets.Read(bytes.NewReader(archive)); err == nil && (len(k.User.Private) == 0 || k.OAR.Public == "") {
			t.Errorf("keys that are not there: %+v", k)
		}
	})
}

func TestKnownHostsNameEveryHostOnBothPorts(t *testing.T) {
	t.Parallel()
	k := keys(t)
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(k.Host.Public))
	if err != nil {
		t.Fatal(err)
	}
	for _, subnet := range []string{"10.141.0.0/24", "172.16.2.0/23"} {
		file := filepath.Join(t.TempDir(), "known_hosts")
		writeFile(t, file, k.KnownHosts(netip.MustParsePrefix(subnet)))
		check, err := knownhosts.New(file)
		if err != nil {
			t.Fatal(err)
		}
		last := "10.141.0.12"
		if subnet != "10.141.0.0/24" {
			last = "172.16.3.200"
		}
		for _, known := range []string{"node1:22", "node77:6667", "fat-node1:6667", "server:6667", "frontend:22", last + ":22", last + ":6667"} {
			if err := check(known, addr(known), public); err != nil {
				t.Errorf("%s on %s: %v", known, subnet, err)
			}
		}
		for _, stranger := range []string{"example.org:22", "10.142.0.12:22", "172.16.4.1:22", "github.com:22", "a.b:6667"} {
			if err := check(stranger, addr(stranger), public); err == nil {
				t.Errorf("%s is taken for one of ours", stranger)
			}
		}
	}
}
