// Package mirrortest serves signed Debian archives on loopback for tests: real
// .debs, real indexes, real signatures, by keys that it makes.
package mirrortest

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ulikunitz/xz"

	"github.com/oarcluster/oarcluster/internal/debian/deb/debtest"
)

// Mirror is a server with an archive below each of some folders.
type Mirror struct {
	*httptest.Server
	// Key is the armoured public key of what is signed.
	Key []byte
	// Date is that of what is signed from then on.
	Date time.Time

	entity *openpgp.Entity

	mu       sync.Mutex
	files    map[string][]byte
	requests []string
	faults   map[string][]http.HandlerFunc
}

// New starts a server on which an hour has passed since Date. See [At].
func New(t testing.TB, lifetime time.Duration) *Mirror {
	t.Helper()
	return At(t, time.Now().UTC().Add(-time.Hour).Truncate(time.Second), lifetime)
}

// At starts a server whose Date is the one given. Its key was made two days
// before that, and expires after lifetime, or never when that is 0.
func At(t testing.TB, date time.Time, lifetime time.Duration) *Mirror {
	t.Helper()
	m := &Mirror{files: map[string][]byte{}, faults: map[string][]http.HandlerFunc{}, Date: date}
	born := date.Add(-48 * time.Hour)
	var err error
	m.entity, err = openpgp.NewEntity("mirrortest", "", "mirrortest@example.org", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: uint32(lifetime.Seconds()), Time: func() time.Time { return born }})
	if err != nil {
		t.Fatal(err)
	}
	var key bytes.Buffer
	w, err := armor.Encode(&key, openpgp.PublicKeyType, nil)
	if err == nil {
		err = m.entity.Serialize(w)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	m.Key = key.Bytes()
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

// Deb is a package to publish.
type Deb struct {
	Name, Version string
	// Arch is its architecture: "amd64" when it is empty, else "arm64".
	Arch string
	// Fields are further control fields, a line each.
	Fields string
	// Files are the contents of its files by path.
	Files map[string]string
}

// Publish puts a suite with the packages below a folder, in component main, in
// place of what was there.
func (m *Mirror) Publish(t testing.TB, folder, suite string, debs ...Deb) {
	t.Helper()
	indexes := map[string]*bytes.Buffer{"amd64": {}, "arm64": {}}
	for _, d := range debs {
		arch := cmp.Or(d.Arch, "amd64")
		control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: nobody <nobody@example.org>\nDescription: none\n%s", d.Name, d.Version, arch, d.Fields)
		data := debtest.Deb(t, map[string]string{"control": control}, entries(d.Files)...)
		path := fmt.Sprintf("pool/main/%s_%s_%s.deb", d.Name, d.Version, arch)
		m.Put("/"+folder+"/"+path, data)
		fmt.Fprintf(indexes[arch], "%sFilename: %s\nSize: %d\nSHA256: %x\n\n", control, path, len(data), sha256.Sum256(data))
	}
	base := "/" + folder + "/dists/" + suite
	release := fmt.Sprintf("Suite: %s\nCodename: %s\nDate: %s\nArchitectures: amd64 arm64\nComponents: main\nSHA256:\n", suite, suite, m.Date.Format("Mon, 02 Jan 2006 15:04:05 UTC"))
	for _, arch := range slices.Sorted(maps.Keys(indexes)) {
		release += m.PutIndex(t, base, arch, indexes[arch].String(), "")
	}
	m.Sign(t, base, release)
}

// PutIndex puts the Packages file of an architecture, component main, below a
// suite's folder, by its name and by its digest, packed as the ending asks for:
// ".gz", ".xz" or none. It returns the lines that a Release has about it.
func (m *Mirror) PutIndex(t testing.TB, base, arch, index, ending string) string {
	t.Helper()
	var packed bytes.Buffer
	var err error
	w := io.WriteCloser(plain{&packed})
	switch ending {
	case ".gz":
		w = gzip.NewWriter(&packed)
	case ".xz":
		w, err = xz.NewWriter(&packed)
	}
	if err == nil {
		_, err = io.WriteString(w, index)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	path := "main/binary-" + arch + "/Packages"
	sum := fmt.Sprintf("%x", sha256.Sum256(packed.Bytes()))
	m.Put(base+"/"+path+ending, packed.Bytes())
	m.Put(base+"/main/binary-"+arch+"/by-hash/SHA256/"+sum, packed.Bytes())
	lines := fmt.Sprintf(" %s %d %s\n", sum, packed.Len(), path+ending)
	if ending != "" {
		lines += fmt.Sprintf(" %x %d %s\n", sha256.Sum256([]byte(index)), len(index), path)
	}
	return lines
}

// plain packs nothing.
type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// entries returns files, with the folders above them before them.
func entries(files map[string]string) []tar.Header {
	list, known := []tar.Header{debtest.Dir("./")}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for i, c := range name {
			if dir := "./" + name[:i] + "/"; c == '/' && !known[dir] {
				list, known[dir] = append(list, debtest.Dir(dir)), true
			}
		}
		list = append(list, debtest.File("./"+name, 0o644, files[name]))
	}
	return list
}

// Sign puts an InRelease file with the text into a folder.
func (m *Mirror) Sign(t testing.TB, base, text string) {
	t.Helper()
	var out bytes.Buffer
	w, err := clearsign.Encode(&out, m.entity.PrivateKey, &packet.Config{Time: func() time.Time { return m.Date }})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	m.Put(base+"/InRelease", append(out.Bytes(), '\n'))
}

// Drop takes the files away whose path contains the text.
func (m *Mirror) Drop(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for path := range m.files {
		if strings.Contains(path, text) {
			delete(m.files, path)
		}
	}
}

// Fault has the next requests of a path answered so, one after the other.
func (m *Mirror) Fault(path string, answers ...http.HandlerFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults[path] = append(m.faults[path], answers...)
}

// Requests returns the paths asked for since the last call: with " bytes=7-"
// behind one of which a range was asked for, and "=" before one that had not
// changed since the client asked for it.
func (m *Mirror) Requests() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.requests
	m.requests = nil
	return taken
}

func (m *Mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	body, found := m.files[r.URL.Path]
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(body))
	mark := ""
	if found && r.Header.Get("If-None-Match") == tag {
		mark = "="
	}
	m.requests = append(m.requests, strings.TrimSpace(mark+r.URL.Path+" "+r.Header.Get("Range")))
	var fault http.HandlerFunc
	if queue := m.faults[r.URL.Path]; len(queue) > 0 {
		fault, m.faults[r.URL.Path] = queue[0], queue[1:]
	}
	m.mu.Unlock()
	switch {
	case fault != nil:
		fault(w, r)
	case !found:
		http.NotFound(w, r)
	default:
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", m.entity.PrimaryKey.CreationTime, bytes.NewReader(body))
	}
}

// Put puts a file at a path.
func (m *Mirror) Put(path string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[path] = data
}

// File returns what is at a path.
func (m *Mirror) File(path string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files[path]
}
