package release

import (
	"crypto"
	"strings"
	"testing"
	"time"
)

func TestVerifyHoldsThePolicy(t *testing.T) {
	t.Parallel()
	good := newKey(t, "good", 0)
	for _, tc := range []struct {
		name, old, new, want string
		policy               Policy
	}{
		{"by its suite", "", "", "", Policy{Suite: "stable", Now: now}},
		{"another suite", "", "", "it is the Release of trixie (stable), not of bookworm", Policy{Suite: "bookworm", Now: now}},
		{"stale", "", "", "it is valid until 2026-03-08T10:00:00Z only, which is 2h0m0s ago", Policy{Suite: "trixie", Now: now.AddDate(0, 0, 7)}},
		{"never stale", "Valid-Until: Sun, 08 Mar 2026 10:00:00 UTC\n", "", "", Policy{Suite: "trixie", Now: now.AddDate(0, 0, 99)}},
		{"of the future", "Date: Sun, 01 Mar 2026 10", "Date: Sun, 01 Mar 2026 13", "in the future", Policy{Suite: "trixie", Now: now}},
		{"within the tolerance", "Date: Sun, 01 Mar 2026 10:00", "Date: Sun, 01 Mar 2026 12:09", "", Policy{Suite: "trixie", Now: now}},
		{"no date", "Date: Sun, 01 Mar 2026 10:00:00 UTC\n", "", "reading field Date", Policy{Suite: "trixie", Now: now}},
		{"date of another zone", "10:00:00 UTC\nA", "10:00:00 CET\nA", "reading field Valid-Until", Policy{Suite: "trixie", Now: now}},
		{"MD5 only", "SHA256:", "SHA1:", "it names no file", Policy{Suite: "trixie", Now: now}},
		{"a file twice", "Packages.xz", "Packages", "stands there twice", Policy{Suite: "trixie", Now: now}},
		{"a short digest", strings.Repeat("a", 64), "aaaa", "is not a SHA-256 digest", Policy{Suite: "trixie", Now: now}},
		{"no size", " 12 ", " ", "is not a digest, a size and a path", Policy{Suite: "trixie", Now: now}},
		{"a negative size", " 12 ", " -12 ", "is not a size", Policy{Suite: "trixie", Now: now}},
		{"two stanzas", "MD5Sum:", "\nMD5Sum:", "more than one stanza", Policy{Suite: "trixie", Now: now}},
		{"signed later than now", "", "", "is of the future", Policy{Suite: "trixie", Now: now.Add(-2 * time.Hour)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Verify(sign(t, strings.Replace(text, tc.old, tc.new, 1), crypto.SHA256, good), [][]byte{public(t, good)}, tc.policy)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestAllowStaleKeepsTheWarning(t *testing.T) {
	t.Parallel()
	good := newKey(t, "good", 0)
	signed := sign(t, text, crypto.SHA256, good)
	for want, at := range map[string]time.Time{"valid until": now.AddDate(1, 0, 0), "in the future": now.AddDate(0, 0, -7)} {
		r, err := Verify(signed, [][]byte{public(t, good)}, Policy{Suite: "trixie", Now: at, AllowStale: true})
		if err != nil || !strings.Contains(r.Stale, want) {
			t.Errorf("at %v: got %+v, %v", at, r, err)
		}
	}
}
