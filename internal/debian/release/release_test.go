package release

import (
	"bytes"
	"crypto"
	"io"
	"strings"
	"testing"
	"time"

	v1 "github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// now is when the tests take place.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// text is a Release file of that moment.
var text = `Origin: Debian
Suite: stable
Codename: trixie
Date: Sun, 01 Mar 2026 10:00:00 UTC
Valid-Until: Sun, 08 Mar 2026 10:00:00 UTC
Acquire-By-Hash: yes
Architectures: all amd64 arm64
MD5Sum:
 d41d8cd98f00b204e9800998ecf8427e 0 main/binary-amd64/Packages
SHA256:
 ` + strings.Repeat("0", 64) + ` 0 main/binary-amd64/Packages
 ` + strings.Repeat("a", 64) + ` 12 main/binary-amd64/Packages.xz
`

// newKey makes a key of a year before, which lives for so long.
func newKey(t testing.TB, name string, lifetime time.Duration) *v1.Entity {
	t.Helper()
	key, err := v1.NewEntity(name, "", name+"@example.org", &packet.Config{
		Algorithm:       packet.PubKeyAlgoEdDSA,
		KeyLifetimeSecs: uint32(lifetime / time.Second),
		Time:            func() time.Time { return now.AddDate(-1, 0, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// public returns the armoured public key.
func public(t testing.TB, key *v1.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, v1.PublicKeyType, nil)
	if err == nil {
		err = key.Serialize(w)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sign clear-signs text with the keys, a little before now.
func sign(t testing.TB, text string, hash crypto.Hash, keys ...*v1.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	var private []*packet.PrivateKey
	for _, key := range keys {
		private = append(private, key.PrivateKey)
	}
	w, err := clearsign.EncodeMulti(&out, private, &packet.Config{DefaultHash: hash, Time: func() time.Time { return now.Add(-time.Hour) }})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), '\n')
}

// hint returns the hint that a user would see with err.
func hint(err error) string {
	var out bytes.Buffer
	ui.Report(ui.Streams{Err: &out}, "p", err)
	_, text, _ := strings.Cut(out.String(), "p: hint: ")
	return strings.TrimSpace(text)
}

func TestVerifyAccepts(t *testing.T) {
	t.Parallel()
	good, other := newKey(t, "good", 0), newKey(t, "other", 0)
	for name, signed := range map[string][]byte{
		"one signature":         sign(t, text, crypto.SHA256, good),
		"SHA-512":               sign(t, text, crypto.SHA512, good),
		"unknown key first":     sign(t, text, crypto.SHA256, other, good),
		"unknown key last":      sign(t, text, crypto.SHA256, good, other),
		"carriage returns":      bytes.ReplaceAll(sign(t, text, crypto.SHA256, good), []byte("\n"), []byte("\r\n")),
		"blank lines behind it": append(sign(t, text, crypto.SHA256, good), "\n\n"...),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Verify(signed, [][]byte{public(t, good)}, Policy{Suite: "trixie", Now: now})
			if err != nil {
				t.Fatal(err)
			}
			file := r.Files["main/binary-amd64/Packages.xz"]
			if r.Suite != "stable" || r.Codename != "trixie" || !r.ByHash || len(r.Files) != 2 || file.Size != 12 || file.SHA256[:2] != "aa" ||
				strings.Join(r.Architectures, " ") != "amd64 arm64" || !strings.HasSuffix(r.Signer, " good <good@example.org>") || r.Stale != "" ||
				!r.Date.Equal(now.Add(-2*time.Hour)) || !r.ValidUntil.Equal(r.Date.AddDate(0, 0, 7)) {
				t.Errorf("got %+v", r)
			}
		})
	}
}
