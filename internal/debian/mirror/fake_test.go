package mirror

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ulikunitz/xz"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// today is when the tests take place.
var today = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fake is a Debian mirror with generated keys and packages.
type fake struct {
	*httptest.Server
	key   *openpgp.Entity
	cache string

	mu       sync.Mutex
	files    map[string][]byte
	requests []string                      // paths, with the Range if there was one
	faults   map[string][]http.HandlerFunc // what is answered first at a path
}

// newFake makes a mirror that has packages "a", which depends on "b", and "b".
func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{files: map[string][]byte{}, faults: map[string][]http.HandlerFunc{}, cache: t.TempDir()}
	var err error
	f.key, err = openpgp.NewEntity("fake", "", "fake@example.org", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return today.AddDate(-1, 0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	var index strings.Builder
	for _, name := range []string{"a", "b"} {
		deb := bytes.Repeat([]byte(name), 100_000)
		f.files["/debian/pool/"+name+"+1.deb"] = deb
		fmt.Fprintf(&index, "Package: %s\nVersion: 1\nArchitecture: amd64\nFilename: pool/%s+1.deb\nSize: %d\nSHA256: %x\n", name, name, len(deb), sha256.Sum256(deb))
		if name == "a" {
			index.WriteString("Depends: b\n")
		}
		index.WriteString("\n")
	}
	f.publish(t, "/debian/dists/trixie", "trixie", index.String(), ".gz")
	f.publish(t, "/debian/dists/trixie-updates", "trixie-updates", "", ".xz")
	f.publish(t, "/debian-security/dists/trixie-security", "trixie-security", "", ".xz")
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// publish puts a suite with one index on the mirror.
func (f *fake) publish(t *testing.T, base, suite, index, ending string) {
	t.Helper()
	var packed bytes.Buffer
	switch ending {
	case ".xz":
		w, _ := xz.NewWriter(&packed)
		pack(t, w, index)
	case ".gz":
		pack(t, gzip.NewWriter(&packed), index)
	default:
		packed.WriteString(index)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(packed.Bytes()))
	f.files[base+"/main/binary-amd64/by-hash/SHA256/"+sum] = packed.Bytes()
	f.files[base+"/main/binary-amd64/Packages"+ending] = packed.Bytes()
	unpacked := ""
	if ending != "" {
		unpacked = fmt.Sprintf(" %x %d main/binary-amd64/Packages\n", sha256.Sum256([]byte(index)), len(index))
	}
	f.sign(t, base, fmt.Sprintf("Suite: stable\nCodename: %s\nDate: Sun, 01 Mar 2026 10:00:00 UTC\nValid-Until: Sun, 08 Mar 2026 10:00:00 UTC\nAcquire-By-Hash: yes\n"+
		"Architectures: all amd64\nSHA256:\n %s %d main/binary-amd64/Packages%s\n%s",
		suite, sum, packed.Len(), ending, unpacked))
}

// pack writes a text through a compressor.
func pack(t *testing.T, w io.WriteCloser, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
}

// sign publishes an InRelease.
func (f *fake) sign(t *testing.T, base, text string) {
	t.Helper()
	var out bytes.Buffer
	w, err := clearsign.Encode(&out, f.key.PrivateKey, &packet.Config{Time: func() time.Time { return today.Add(-time.Hour) }})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	f.files[base+"/InRelease"] = append(out.Bytes(), '\n')
}

// fault has the next requests of a path answered so.
func (f *fake) fault(path string, answers ...http.HandlerFunc) {
	f.faults[path] = append(f.faults[path], answers...)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	body, found := f.files[r.URL.Path]
	var fault http.HandlerFunc
	if queue := f.faults[r.URL.Path]; len(queue) > 0 {
		fault, f.faults[r.URL.Path] = queue[0], queue[1:]
	}
	f.mu.Unlock()
	switch {
	case fault != nil:
		fault(w, r)
	case !found:
		http.NotFound(w, r)
	default:
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
		http.ServeContent(w, r, "", today, bytes.NewReader(body))
	}
}

// took returns the requests since the last call.
func (f *fake) took() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.requests
	f.requests = nil
	return taken
}

// source is the Source of the mirror.
func (f *fake) source(t *testing.T) Source {
	t.Helper()
	var key bytes.Buffer
	w, err := armor.Encode(&key, openpgp.PublicKeyType, nil)
	if err == nil {
		err = f.key.Serialize(w)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	source := At(f.URL)
	source.Suite, source.Keyring, source.Cache, source.Now = "trixie", [][]byte{key.Bytes()}, f.cache, today
	return source
}

// open opens the source with a client that does not wait between attempts.
func open(t *testing.T, source Source) *Archive {
	t.Helper()
	a, err := Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	hurry(a)
	return a
}

// hurry takes the pauses away from an archive, and writes down how long they
// would have been.
func hurry(a *Archive) *[]time.Duration {
	var mu sync.Mutex
	pauses := &[]time.Duration{}
	a.client.pause = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		*pauses = append(*pauses, d)
		return ctx.Err()
	}
	return pauses
}

// resolve resolves "a" on the archive.
func resolve(t *testing.T, a *Archive) []debian.Package {
	t.Helper()
	groups, err := a.Resolve(t.Context(), "amd64", debian.Request{Groups: [][]string{{"a"}}})
	if err != nil {
		t.Fatal(err)
	}
	return groups[0]
}
