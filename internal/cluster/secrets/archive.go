package secrets

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// Where keys are in a container; the images install them from there at each start.
const (
	root       = "etc/oarcluster"
	userKey    = root + "/ssh/id_ed25519"
	hostKey    = root + "/ssh/ssh_host_ed25519_key"
	oarKey     = root + "/oar/id_rsa"
	maxKeySize = 1 << 16

	// Root in a container may have written more than there is room for here.
	maxFiles, maxFileSize = 16, 16 << 20
)

// Archive is the tar archive that a host gets before it starts, to be unpacked at
// the root: names for dns; names, keys and OAR's resources for any other, which
// the server takes into the volume that all of these share.
func (k Keys) Archive(t cluster.Topology, host string) ([]byte, error) {
	h, ok := t.Host(host)
	if !ok {
		return nil, fmt.Errorf("packing files of host %q: no such host in cluster %q", host, t.Name)
	}
	var b bytes.Buffer
	w := writer{Writer: tar.NewWriter(&b)}
	if h.Role == "dns" {
		// dnsmasq may have dropped its privileges when it reads this again.
		w.folder(root, 0o755)
		w.file(root+"/hosts", 0o644, t.HostsFile())
		return w.finish(&b)
	}
	w.folder(root, 0o700)
	w.folder(root+"/ssh", 0o700)
	w.key(userKey, k.User)
	w.key(hostKey, k.Host)
	w.file(root+"/ssh/authorized_keys", 0o600, k.User.Public)
	w.file(root+"/ssh/known_hosts", 0o600, k.KnownHosts(t.Subnet))
	w.folder(root+"/oar", 0o700)
	w.key(oarKey, k.OAR)
	files := t.Files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w.file(root+"/"+name, 0o600, files[name])
	}
	return w.finish(&b)
}

// inRoot is where an entry of an archive of the folder is in the container. Its names
// begin with the folder's; but Podman's, of a container that does not run, with "/".
func inRoot(entry string) string {
	if inside, ok := strings.CutPrefix(entry, "/"); ok {
		return path.Join(root, inside)
	}
	return path.Join("etc", entry)
}

// Read finds the keys in a tar archive of the folder /etc/oarcluster, as an engine
// hands it out of a container, and the files beside them, by name. A key that is
// missing is an error, and so is a public half that is none: root in the container
// may have written anything.
func Read(archive io.Reader) (k Keys, files map[string]string, err error) {
	files = map[string]string{}
	want := map[string]*[]byte{userKey: &k.User.Private, hostKey: &k.Host.Private, oarKey: &k.OAR.Private}
	public := map[string]*string{userKey + ".pub": &k.User.Public, hostKey + ".pub": &k.Host.Public, oarKey + ".pub": &k.OAR.Public}
	for r := tar.NewReader(archive); ; {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Keys{}, nil, fmt.Errorf("reading the cluster's keys: %w", err)
		}
		name := inRoot(entry.Name)
		beside := path.Dir(name) == root && entry.Typeflag == tar.TypeReg && len(files) < maxFiles && entry.Size <= maxFileSize
		if !beside && (want[name] == nil && public[name] == nil || entry.Size > maxKeySize) {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return Keys{}, nil, fmt.Errorf("reading the cluster's key %q: %w", name, err)
		}
		if beside {
			files[path.Base(name)] = string(text)
			continue
		}
		if p := want[name]; p != nil {
			*p = text
			continue
		}
		key, comment, _, _, err := ssh.ParseAuthorizedKey(text)
		if err != nil {
			return Keys{}, nil, fmt.Errorf("reading the cluster's key %q: %w", name, err)
		}
		*public[name] = publicLine(key, comment)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if len(*want[name]) == 0 || *public[name+".pub"] == "" {
			return Keys{}, nil, fmt.Errorf("reading the cluster's keys: no %q, or no public half of it", name)
		}
	}
	return k, files, nil
}

// writer writes entries of root and keeps the first error.
type writer struct {
	*tar.Writer
	err error
}

func (w *writer) folder(name string, mode int64) {
	w.entry(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode}, "")
}

func (w *writer) file(name string, mode int64, text string) {
	w.entry(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(text))}, text)
}

func (w *writer) key(name string, k Key) {
	w.file(name, 0o600, string(k.Private))
	w.file(name+".pub", 0o644, k.Public)
}

func (w *writer) entry(h tar.Header, text string) {
	if w.err != nil {
		return
	}
	h.ModTime, h.Format = time.Unix(0, 0), tar.FormatUSTAR
	if w.err = w.WriteHeader(&h); w.err == nil {
		_, w.err = io.WriteString(w, text)
	}
}

func (w *writer) finish(b *bytes.Buffer) ([]byte, error) {
	if w.err == nil {
		w.err = w.Close()
	}
	if w.err != nil {
		return nil, fmt.Errorf("packing a host's files: %w", w.err)
	}
	return b.Bytes(), nil
}
