// Package mirrortest serves signed Debian archives on loopback for tests: real
// .debs, real indexes, real signatures, by keys that it makes.
package mirrortest

import (
	"archive/tar"
	"bytes"
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
	answer   func(http.ResponseWriter, *http.Request) bool
}

// New starts a server. Its key expires after lifetime, or never when that is 0;
// it was made two days ago.
func New(t testing.TB, lifetime time.Duration) *Mirror {
	t.Helper()
	m := &Mirror{files: map[string][]byte{}, Date: time.Now().UTC().Add(-time.Hour).Truncate(time.Second)}
	born := time.Now().Add(-48 * time.Hour)
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

// Deb is a package to publish. Architecture is "amd64".
type Deb struct {
	Name, Version string
	// Fields are further control fields, a line each.
	Fields string
	// Files are the contents of its files by path.
	Files map[string]string
}

// Publish puts a suite with the packages below a folder, in component main, in
// place of what was there.
func (m *Mirror) Publish(t testing.TB, folder, suite string, debs ...Deb) {
	t.Helper()
	var index strings.Builder
	for _, d := range debs {
		control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody <nobody@example.org>\nDescription: none\n%s", d.Name, d.Version, d.Fields)
		data := debtest.Deb(t, map[string]string{"control": control}, entries(d.Files)...)
		path := fmt.Sprintf("pool/main/%s_%s_amd64.deb", d.Name, d.Version)
		m.put("/"+folder+"/"+path, data)
		fmt.Fprintf(&index, "%sFilename: %s\nSize: %d\nSHA256: %x\n\n", control, path, len(data), sha256.Sum256(data))
	}
	base := "/" + folder + "/dists/" + suite
	m.put(base+"/main/binary-amd64/Packages", []byte(index.String()))
	m.Sign(t, base, fmt.Sprintf("Suite: %s\nCodename: %s\nDate: %s\nArchitectures: amd64\nComponents: main\nSHA256:\n %x %d main/binary-amd64/Packages\n",
		suite, suite, m.Date.Format("Mon, 02 Jan 2006 15:04:05 UTC"), sha256.Sum256([]byte(index.String())), index.Len()))
}

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
	m.put(base+"/InRelease", append(out.Bytes(), '\n'))
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

// Answer has a function answer requests first, which tells whether it did.
func (m *Mirror) Answer(answer func(http.ResponseWriter, *http.Request) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = answer
}

// Requests returns the paths asked for since the last call, a conditional
// request that was answered so with a "=" before it.
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
	m.requests = append(m.requests, mark+r.URL.Path)
	answer := m.answer
	m.mu.Unlock()
	switch {
	case answer != nil && answer(w, r):
	case !found:
		http.NotFound(w, r)
	default:
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}

func (m *Mirror) put(path string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[path] = data
}
