package release

import (
	"bytes"
	"crypto"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	v1 "github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func TestVerifyRefusesKeys(t *testing.T) {
	t.Parallel()
	good, unknown, expired, revoked := newKey(t, "good", 0), newKey(t, "unknown", 0), newKey(t, "expired", 24*time.Hour), newKey(t, "revoked", 0)
	err := revoked.RevokeKey(packet.KeyCompromised, "stolen", &packet.Config{Time: func() time.Time { return now.AddDate(0, -1, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	keyring := [][]byte{public(t, good), public(t, expired), public(t, revoked)}
	for _, tc := range []struct {
		name, want, hint string
		signed           []byte
	}{
		{"unknown", fmt.Sprintf("it is signed by unknown key %016X", unknown.PrimaryKey.KeyId), "a newer release", sign(t, text, crypto.SHA256, unknown)},
		{"expired", fmt.Sprintf("it is signed by key %016X, which has expired: ", expired.PrimaryKey.KeyId), "newer keys", sign(t, text, crypto.SHA256, expired)},
		{"revoked", fmt.Sprintf("it is signed by key %016X, which was revoked: ", revoked.PrimaryKey.KeyId), "newer keys", sign(t, text, crypto.SHA256, revoked)},
		{"expired beside unknown", "which has expired", "newer keys", sign(t, text, crypto.SHA256, expired, unknown)},
		{"SHA-1", "is made with SHA-1, which is too weak", "can be forged", weak(t, good)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Verify(tc.signed, keyring, Policy{Suite: "trixie", Now: now})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(hint(err), tc.hint) {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
		})
	}
}

// weak returns text under a signature that calls itself one with SHA-1. The
// library makes none any more, so the name of the hash is replaced in the packet
// (RFC 9580, section 5.2.3: header of two bytes, version, type, algorithm, hash).
func weak(t *testing.T, key *v1.Entity) []byte {
	t.Helper()
	signed := sign(t, text, crypto.SHA256, key)
	block, _ := clearsign.Decode(signed)
	signature, err := io.ReadAll(block.ArmoredSignature.Body)
	if err != nil {
		t.Fatal(err)
	}
	signature[5] = 2
	var armoured bytes.Buffer
	w, err := armor.Encode(&armoured, v1.SignatureType, nil)
	if err == nil {
		_, err = w.Write(signature)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(signed, []byte("-----BEGIN PGP SIGNATURE"))
	return append(head, armoured.Bytes()...)
}

func TestVerifyRefusesTampering(t *testing.T) {
	t.Parallel()
	good := newKey(t, "good", 0)
	signed := string(sign(t, text, crypto.SHA256, good))
	evil := strings.ReplaceAll(text, "aaaa", "bbbb")
	for _, tc := range []struct{ name, signed, want string }{
		{"a digest changed", strings.Replace(signed, "aaaa", "bbbb", 1), "its text is not what key"},
		{"a line added", strings.Replace(signed, "SHA256:", "SHA256:\n "+strings.Repeat("b", 64)+" 1 x", 1), "its text is not what key"},
		{"text behind", signed + "Codename: evil\n", `there is more behind its signature: "Codename: evil"`},
		{"text before", evil + signed, "it is not clear-signed"},
		{"blank line before", "\n" + signed, "it is not clear-signed"},
		{"second block behind", signed + signed, "there is more behind its signature"},
		{"second block inside", strings.Replace(signed, "\n\n", "\n\n-----BEGIN PGP SIGNED MESSAGE-----\n\n", 1), "there is a second armour inside"},
		{"cut off", signed[:len(signed)/2], "cut off or garbled"},
		{"without a signature", signed[:strings.Index(signed, "-----BEGIN PGP SIGNATURE")], "cut off or garbled"},
		{"empty", "", "it is not clear-signed"},
		{"without a text", noText, "has no text"},
		{"without a text, headers", strings.Replace(noText, "\n\n", "\r\nHash: SHA256\r\n \r\n", 1), "has no text"},
		{"a portal's page", "<html>\n", `it is not clear-signed: it starts with "<html>"`},
		{"an unsigned header", strings.Replace(signed, "Hash: SHA256", "Comment: x", 1), "cut off or garbled"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Verify([]byte(tc.signed), [][]byte{public(t, good)}, Policy{Suite: "trixie", Now: now, AllowStale: true})
			if err == nil || !strings.Contains(err.Error(), tc.want) || hint(err) == "" {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
		})
	}
}

// noText is a clear-signed file in which nothing is signed.
const noText = "-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNATURE-----\n\nwsA=\n-----END PGP SIGNATURE-----\n"

// FuzzVerify changes signed files: none makes Verify panic, and what it accepts
// is the text that was signed.
func FuzzVerify(f *testing.F) {
	good := newKey(f, "good", 0)
	keyring := [][]byte{public(f, good)}
	signed := sign(f, text, crypto.SHA256, good)
	for _, seed := range [][]byte{nil, []byte(noText), signed, signed[:len(signed)-50], bytes.ReplaceAll(signed, []byte("\n"), []byte("\r\n"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Verify(data, keyring, Policy{Suite: "trixie", Now: now, AllowStale: true})
		if err == nil && (len(r.Files) != 2 || r.Codename != "trixie" || r.Files["main/binary-amd64/Packages.xz"].Size != 12) {
			t.Errorf("accepted %+v", r)
		}
	})
}

func TestVerifyNamesABrokenKeyring(t *testing.T) {
	t.Parallel()
	signed := sign(t, text, crypto.SHA256, newKey(t, "good", 0))
	if _, err := Verify(signed, [][]byte{[]byte("nonsense")}, Policy{Suite: "trixie", Now: now}); err == nil || !strings.HasPrefix(err.Error(), "reading keyring") {
		t.Errorf("got %v", err)
	}
	if _, err := Verify(signed, nil, Policy{Suite: "trixie", Now: now}); err == nil || !strings.Contains(err.Error(), "unknown key") {
		t.Errorf("no keys: got %v", err)
	}
}
