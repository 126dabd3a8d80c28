// Package mirror brings what a Debian mirror has onto this machine: the signed
// Release files of a suite, its package indexes, and .deb files.
//
// Nothing is believed before it is verified: Release files by their signature,
// each time, also those out of the cache; all else by the SHA-256 that follows
// from them. So mirrors, proxies and plain HTTP need no trust. What was fetched
// stays in a cache folder that many processes may use at once, in which a file
// appears only when it is whole, under the name of its digest.
//
// What belongs into an image is decided elsewhere: package debian resolves,
// package release verifies. This package only moves bytes.
package mirror

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/debian/release"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Default is the public mirror that serves both of Debian's archives.
const Default = "http://cloudfront.debian.net"

// Source says where a suite comes from and how it is judged.
type Source struct {
	Debian   string   // URL of the main archive's folder, that with dists/ and pool/
	Security string   // URL of the security archive's folder
	Suite    string   // codename of a stable release, such as "trixie"
	Keyring  [][]byte // ASCII-armoured keys that may sign
	Cache    string   // folder to keep things in; made when needed

	Snapshot string // URL of a service that has what vanished from Debian's archives, "" for none

	AllowStale bool      // take Release files with wrong dates; Warnings tells of them
	Offline    bool      // use what the cache has, and no network
	Now        time.Time // zero for the clock's

	// Proxies are apt's own settings by scheme ("http") or by scheme and host
	// ("http::deb.example.org"), which go before those of the environment. The
	// value "DIRECT" stands for none.
	Proxies map[string]string

	// Progress, when not nil, is told how the transfers of a phase go. It is
	// called by one goroutine at a time and should return soon.
	Progress func(Progress)
}

// Progress is how far the transfers of one phase are; the indexes of each
// architecture are a phase of their own. What was in the store already counts as
// done.
type Progress struct {
	Phase             string // "indexes" or "packages"
	Done, Total       int    // files
	Bytes, TotalBytes int64
	Fetched           int64 // bytes that came over the network
}

// At returns a Source of the archives of one mirror, in the folders in which
// Debian's own mirrors have them. The mirror may be named as apt names it, with
// the folder of the main archive at its end.
func At(mirror string) Source {
	mirror = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(mirror, "/"), "/debian"), "/")
	return Source{Debian: mirror + "/debian", Security: mirror + "/debian-security"}
}

// Archive is a suite with its updates and its security archive, and maybe
// further archives beside them, at the state that verified Release files
// describe.
type Archive struct {
	source Source
	client *client
	store  store
	suites []suite
	bases  map[string]string // URL of each archive's folder

	mu       sync.Mutex
	indexes  map[string]*index // by architecture
	damaged  []string          // packages that were not what they should be, in the store
	recalled []string          // packages that the snapshot service had

	reporting *sync.Mutex
}

// suite is one of the parts of an Archive.
type suite struct {
	name       string // "trixie-updates"
	archive    string // as debian.Package.Archive has it
	url        string // of its folder below dists/
	components []string
	keyring    [][]byte
	keyHint    string // what to do about a key that is not good, "" for Debian's own
	release    *release.Release
	sha256     string       // of its InRelease file
	indexes    []lock.Index // when the state was written down earlier
}

// Open fetches and verifies the Release files of the source's suite, its
// updates and its security archive, in parallel. What has not changed since the
// last time costs one round trip.
func Open(ctx context.Context, source Source) (*Archive, error) {
	a, err := newArchive(source)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct{ name, archive string }{
		{source.Suite, "debian"}, {source.Suite + "-updates", "debian"}, {source.Suite + "-security", "debian-security"},
	} {
		a.suites = append(a.suites, suite{name: part.name, archive: part.archive, components: []string{component}, keyring: source.Keyring})
	}
	return a, a.openReleases(ctx, a.suites)
}

// newArchive returns an Archive that has no suites yet.
func newArchive(source Source) (*Archive, error) {
	a := &Archive{
		source:    source,
		client:    newClient(source),
		store:     store{source.Cache},
		bases:     map[string]string{},
		indexes:   map[string]*index{},
		reporting: &sync.Mutex{},
	}
	if err := source.checkProxies(); err != nil {
		return nil, err
	}
	for archive, address := range map[string]string{"debian": source.Debian, "debian-security": source.Security} {
		if !isAddress(address) {
			return nil, ui.WithHint(fmt.Errorf("opening the archive: %q is not the address of a mirror", redact(address)),
				"give the mirror as http://HOST or https://HOST")
		}
		a.bases[archive] = strings.TrimRight(address, "/")
	}
	return a, nil
}

// isAddress tells whether an address is one that a mirror may have.
func isAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// openReleases opens the Release files of suites, in parallel.
func (a *Archive) openReleases(ctx context.Context, suites []suite) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range suites {
		s := &suites[i]
		s.url = a.bases[s.archive] + "/dists/" + s.name
		group.Go(func() error { return a.openRelease(ctx, s) })
	}
	return group.Wait()
}

// report tells how far a phase is.
func (a *Archive) report(p Progress) {
	if a.source.Progress == nil {
		return
	}
	a.reporting.Lock()
	defer a.reporting.Unlock()
	a.source.Progress(p)
}

// now is the time that dates are held against.
func (a *Archive) now() time.Time {
	if a.source.Now.IsZero() {
		return time.Now()
	}
	return a.source.Now
}

// Date returns the date of the suite's own Release file, which changes with a
// point release only. Those of the updates and the security archive change every
// day, also when no package does; what is newer than this date there is for
// those who use it as the newest time of an image to clamp.
func (a *Archive) Date() time.Time { return a.suites[0].release.Date }

// Warnings returns what AllowStale let pass, a sentence each.
func (a *Archive) Warnings() []string {
	var warnings []string
	for _, s := range a.suites {
		if s.release.Stale != "" {
			warnings = append(warnings, redact(s.url)+"/InRelease: "+s.release.Stale)
		}
	}
	return warnings
}
