package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian/release"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// maxInRelease bounds the size of an InRelease file. That of sid has 0.3 MB.
const maxInRelease = 4 << 20

// validators are what a server wants to see again in a conditional request
// (RFC 9110, section 13).
type validators struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"lastModified,omitempty"`
}

// cachedRelease is an InRelease file as the cache keeps it.
type cachedRelease struct {
	URL        string     `json:"url"`
	Validators validators `json:"validators"`
	InRelease  []byte     `json:"inRelease"`
}

// openRelease gets the verified Release of a suite. A cached one that does not
// verify is as good as none; one that does is not given up for an older one,
// which somebody on the way may have kept for its packages' holes.
func (a *Archive) openRelease(ctx context.Context, s *suite) error {
	url := s.url + "/InRelease"
	policy := release.Policy{Suite: s.name, Now: a.now(), AllowStale: a.source.AllowStale, KeyHint: s.keyHint}
	path := a.store.path("dists", digest([]byte(url)))
	cached := readCached(path, url)
	if a.source.Offline {
		return a.openOffline(s, cached, policy)
	}
	var known validators
	before := verifyCached(cached, s.keyring, policy)
	if before != nil && (before.Stale == "" || policy.AllowStale) {
		known = cached.Validators
	}
	body, fresh, err := a.client.getSmall(ctx, url, maxInRelease, known)
	if err != nil {
		return err
	}
	if body == nil {
		body = cached.InRelease
	}
	if err := s.verify(body, policy); err != nil {
		return err
	}
	if before != nil && s.release.Date.Before(before.Date) {
		return ui.WithHint(wrap("verifying", url, fmt.Errorf("its Date is %s, but the mirror has served one of %s before",
			s.release.Date.Format(time.RFC3339), before.Date.Format(time.RFC3339))),
			"the mirror lags behind: try again later, or name another one with --mirror; to go back in time, remove %s", path)
	}
	data, err := json.Marshal(cachedRelease{url, fresh, body})
	if err != nil {
		return err
	}
	return writeFile(path, data)
}

// openOffline takes the Release of a suite from the cache, which is as good as
// the mirror's: its signature and its dates are checked just so.
func (a *Archive) openOffline(s *suite, cached *cachedRelease, policy release.Policy) error {
	if cached == nil {
		return ui.WithHint(wrap("opening", s.url+"/InRelease", errors.New("offline, and the cache does not have it")),
			"run it once without --offline and with the same mirror, or build from a lock with --locked")
	}
	return s.verify(cached.InRelease, policy)
}

// verify sets the suite's Release, if the InRelease file is good.
func (s *suite) verify(inRelease []byte, policy release.Policy) (err error) {
	s.release, err = release.Verify(inRelease, s.keyring, policy)
	s.sha256 = digest(inRelease)
	return wrap("verifying", s.url+"/InRelease", err)
}

// verifyCached returns the Release of a cached InRelease, however old it is, or
// nil when its signature is not good.
func verifyCached(cached *cachedRelease, keyring [][]byte, policy release.Policy) *release.Release {
	if cached == nil {
		return nil
	}
	policy.AllowStale = true
	r, err := release.Verify(cached.InRelease, keyring, policy)
	if err != nil {
		return nil
	}
	return r
}

// readCached returns the cached InRelease of the URL, or nil.
func readCached(path, url string) *cachedRelease {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var c cachedRelease
	if err := json.Unmarshal(data, &c); err != nil || c.URL != url {
		return nil
	}
	return &c
}

// digest is the SHA-256 of data in hexadecimal digits.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// wrap says what was done where when err came up. Where that is an address, its
// password is left out.
func wrap(doing, what string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s %s: %w", doing, redact(what), err)
}
