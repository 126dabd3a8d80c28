// Package release verifies and reads the InRelease file of a Debian archive's
// suite: the one signed text from which, by SHA-256, every other byte of the
// archive follows (Debian wiki, DebianRepository/Format; RFC 9580, section 7).
//
// It is pure: the caller says what the time is and which keys it trusts. Only
// the text under the signature is ever parsed; whatever stands around it makes
// the file a bad one. MD5 and SHA-1, in signatures as in the lists of files,
// count as nothing.
package release

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian/control"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Tolerance is how far clocks may disagree before a date counts as one of the
// future.
const Tolerance = 10 * time.Minute

// Release is what a verified InRelease file says.
type Release struct {
	Suite, Codename string
	Date            time.Time
	ValidUntil      time.Time       // zero when the file names none
	Architectures   []string        // without "all"
	ByHash          bool            // indexes are served under by-hash/SHA256/ as well
	Files           map[string]File // by path below the folder of the file
	Signer          string          // fingerprint of the primary key, and user id
	Stale           string          // what is wrong with the dates, "" when nothing is
}

// File is an index named by a Release.
type File struct {
	SHA256 string // 64 lower-case hexadecimal digits
	Size   int64  // bytes
}

// Policy says what a Release must be to be accepted.
type Policy struct {
	Suite      string    // its Codename or its Suite, "trixie-updates" say
	Now        time.Time // what Date, Valid-Until and keys are held against
	AllowStale bool      // wrong dates go into Release.Stale instead of being errors
	KeyHint    string    // what to do about a key that is not good; default: what holds for Debian's keys
}

// Verify checks an InRelease file against ASCII-armoured keyrings and a policy.
// At least one signature must be good: made with a hash of today's by a known
// key which is neither expired nor revoked. Signatures of unknown keys beside
// it do no harm, for Debian signs with the keys of two releases.
func Verify(inRelease []byte, keyring [][]byte, policy Policy) (*Release, error) {
	text, signer, err := verifySignature(inRelease, keyring, policy)
	if err != nil {
		return nil, err
	}
	r, err := parse(text)
	if err != nil {
		return nil, err
	}
	r.Signer = signer
	if r.Codename != policy.Suite && r.Suite != policy.Suite {
		return nil, ui.WithHint(fmt.Errorf("it is the Release of %s (%s), not of %s", r.Codename, r.Suite, policy.Suite),
			"the mirror serves one suite in place of another; try another one")
	}
	if err := r.checkDates(policy.Now); err != nil {
		if !policy.AllowStale {
			return nil, err
		}
		r.Stale = err.Error()
	}
	return r, nil
}

// checkDates holds Date and Valid-Until against the time.
func (r *Release) checkDates(now time.Time) error {
	if r.Date.After(now.Add(Tolerance)) {
		return ui.WithHint(fmt.Errorf("its Date is %s, in the future", r.Date.Format(time.RFC3339)),
			"set the clock of this machine, or accept any date with --allow-stale")
	}
	if !r.ValidUntil.IsZero() && now.After(r.ValidUntil) {
		return ui.WithHint(fmt.Errorf("it is valid until %s only, which is %s ago", r.ValidUntil.Format(time.RFC3339), now.Sub(r.ValidUntil).Round(time.Minute)),
			"the mirror lags behind: try another one, or accept what it has with --allow-stale")
	}
	return nil
}

// parse reads the fields of a Release.
func parse(text []byte) (*Release, error) {
	stanzas := control.NewReader(bytes.NewReader(text))
	fields, err := stanzas.Next()
	if err != nil {
		return nil, fmt.Errorf("reading the fields of Release: %w", err)
	}
	if _, err := stanzas.Next(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the fields of Release: more than one stanza")
	}
	r := &Release{
		Suite:    fields.Get("Suite"),
		Codename: fields.Get("Codename"),
		ByHash:   fields.Get("Acquire-By-Hash") == "yes",
		Architectures: slices.DeleteFunc(strings.Fields(fields.Get("Architectures")),
			func(arch string) bool { return arch == "all" }),
	}
	if r.Date, err = parseDate(fields.Get("Date")); err != nil {
		return nil, fmt.Errorf("reading field Date of Release: %w", err)
	}
	if text := fields.Get("Valid-Until"); text != "" {
		if r.ValidUntil, err = parseDate(text); err != nil {
			return nil, fmt.Errorf("reading field Valid-Until of Release: %w", err)
		}
	}
	if r.Files, err = parseFiles(fields.Get("SHA256")); err != nil {
		return nil, fmt.Errorf("reading field SHA256 of Release: %w", err)
	}
	return r, nil
}

// parseDate reads a date as it is in Release files, always in UTC.
func parseDate(text string) (time.Time, error) {
	for _, zone := range []string{" UTC", " GMT", " +0000", " Z"} {
		if bare, found := strings.CutSuffix(text, zone); found {
			return time.Parse("Mon, _2 Jan 2006 15:04:05", bare)
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date in UTC", text)
}

// parseFiles reads lines of digest, size and path.
func parseFiles(list string) (map[string]File, error) {
	files := make(map[string]File, strings.Count(list, "\n")+1)
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 3 {
			return nil, fmt.Errorf("%q is not a digest, a size and a path", strings.TrimSpace(line))
		}
		size, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil || size < 0 {
			return nil, fmt.Errorf("%q is not a size", words[1])
		}
		if sum, err := hex.DecodeString(words[0]); err != nil || len(sum) != 32 || strings.ToLower(words[0]) != words[0] {
			return nil, fmt.Errorf("%q is not a SHA-256 digest", words[0])
		}
		if _, twice := files[words[2]]; twice {
			return nil, fmt.Errorf("%q stands there twice", words[2])
		}
		files[words[2]] = File{words[0], size}
	}
	if len(files) == 0 {
		return nil, errors.New("it names no file")
	}
	return files, nil
}
