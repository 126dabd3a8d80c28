package mirror

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror/mirrortest"
)

// today is when the tests take place.
var today = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fake is a Debian mirror of that day, and the cache of who uses it.
type fake struct {
	*mirrortest.Mirror
	cache string
}

// newFake makes a mirror that has packages "a", which depends on "b", and "b".
func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{mirrortest.At(t, today.Add(-time.Hour), 0), t.TempDir()}
	f.publish(t, "/debian/dists/trixie", "trixie", f.stanza("debian", "a", "+1", "Depends: b\n")+f.stanza("debian", "b", "+1", ""), ".gz")
	f.publish(t, "/debian/dists/trixie-updates", "trixie-updates", "", ".xz")
	f.publish(t, "/debian-security/dists/trixie-security", "trixie-security", "", ".xz")
	return f
}

// stanza puts a package of 100 kB, which is no sound .deb, into a folder's pool,
// with what follows its name there. It returns its stanza in an index.
func (f *fake) stanza(folder, name, suffix, fields string) string {
	deb, path := bytes.Repeat([]byte(name), 100_000), "pool/"+name+suffix+".deb"
	f.Put("/"+folder+"/"+path, deb)
	return fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nFilename: %s\nSize: %d\nSHA256: %x\n%s\n", name, suffix[1:], path, len(deb), sha256.Sum256(deb), fields)
}

// publish puts a suite with one index on the mirror.
func (f *fake) publish(t *testing.T, base, suite, index, ending string) {
	t.Helper()
	f.Sign(t, base, "Suite: stable\nCodename: "+suite+"\nDate: Sun, 01 Mar 2026 10:00:00 UTC\nValid-Until: Sun, 08 Mar 2026 10:00:00 UTC\nAcquire-By-Hash: yes\n"+
		"Architectures: all amd64\nSHA256:\n"+f.PutIndex(t, base, "amd64", index, ending))
}

// source is the Source of the mirror.
func (f *fake) source(t *testing.T) Source {
	t.Helper()
	source := At(f.URL)
	source.Suite, source.Keyring, source.Cache, source.Now = "trixie", [][]byte{f.Key}, f.cache, today
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
