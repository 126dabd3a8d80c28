package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/oarcluster/oarcluster/internal/debian/release"
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

// openRelease returns the verified Release of a suite. A cached one that does
// not verify is as good as none.
func (a *Archive) openRelease(ctx context.Context, s *suite) (*release.Release, error) {
	url := s.url + "/InRelease"
	policy := release.Policy{Suite: s.name, Now: a.now(), AllowStale: a.source.AllowStale}
	path := a.store.path("dists", digest([]byte(url)))
	cached := readCached(path, url)
	if a.source.Offline {
		if cached == nil {
			return nil, offline(fmt.Errorf("opening %s: not fetched yet", url))
		}
		r, err := release.Verify(cached.InRelease, a.source.Keyring, policy)
		return r, wrap("verifying", url, err)
	}
	var known validators
	if cached != nil {
		if _, err := release.Verify(cached.InRelease, a.source.Keyring, policy); err == nil {
			known = cached.Validators
		}
	}
	body, fresh, err := a.client.getSmall(ctx, url, maxInRelease, known)
	if err != nil {
		return nil, err
	}
	if body == nil {
		body = cached.InRelease
	}
	r, err := release.Verify(body, a.source.Keyring, policy)
	if err != nil {
		return nil, wrap("verifying", url, err)
	}
	data, err := json.Marshal(cachedRelease{url, fresh, body})
	if err != nil {
		return nil, err
	}
	return r, writeFile(path, data)
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

// wrap says what was done where when err came up.
func wrap(doing, what string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s %s: %w", doing, what, err)
}
