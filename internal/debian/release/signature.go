package release

import (
	"bytes"
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// hashes are those that a signature may be made with.
var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512}

// verifySignature returns the signed text, and who signed it.
func verifySignature(inRelease []byte, keyring [][]byte, policy Policy) (text []byte, signer string, err error) {
	block, err := decode(inRelease)
	if err != nil {
		return nil, "", err
	}
	keys, err := readKeys(keyring)
	if err != nil {
		return nil, "", ui.WithHint(err, "%s", cmp.Or(policy.KeyHint, "this program is broken: install it again"))
	}
	signatures, err := readSignatures(block.ArmoredSignature.Body)
	if err != nil {
		return nil, "", err
	}
	var failures []error
	for _, signature := range signatures {
		signer, err := verifyOne(block.Bytes, signature, keys, policy)
		if err == nil {
			return block.Plaintext, signer, nil
		}
		failures = append(failures, err)
	}
	return nil, "", worst(failures)
}

// verifyOne checks one signature of text, and that its key is good now.
func verifyOne(text []byte, signature *packet.Signature, keys openpgp.EntityList, policy Policy) (string, error) {
	id := *signature.IssuerKeyId
	entities := keys.EntitiesById(id)
	if len(entities) == 0 {
		return "", fail(0, cmp.Or(policy.KeyHint, "the keys that this program trusts are those of Debian's archive; a newer release of the program may know newer ones"),
			"it is signed by unknown key %016X", id)
	}
	if !slices.Contains(hashes, signature.Hash) {
		return "", fail(1, "such a signature can be forged; take another mirror", "its signature by key %016X is made with %v, which is too weak", id, signature.Hash)
	}
	now := policy.Now.Add(Tolerance)
	if policy.AllowStale && signature.CreationTime.After(now) {
		now = signature.CreationTime
	}
	config := &packet.Config{
		Time: func() time.Time { return now },
		RejectHashAlgorithms: map[crypto.Hash]bool{
			crypto.MD5: true, crypto.RIPEMD160: true, crypto.SHA1: true,
		},
	}
	if err := keyState(entities[0], id, now, config, policy.KeyHint); err != nil {
		return "", err
	}
	var packets bytes.Buffer
	if err := signature.Serialize(&packets); err != nil {
		return "", fmt.Errorf("reading its signature: %w", err)
	}
	_, signer, err := openpgp.VerifyDetachedSignature(keys, bytes.NewReader(text), &packets, config)
	switch {
	case errors.Is(err, pgperrors.ErrSignatureExpired):
		return "", fail(3, "set the clock of this machine, or take another mirror",
			"its signature of %s by key %016X has expired, or is of the future", signature.CreationTime.UTC().Format(time.RFC3339), id)
	case err != nil:
		return "", fail(4, "it was tampered with or damaged on its way; try again, or another mirror",
			"its text is not what key %016X has signed: %w", id, err)
	}
	return describe(signer), nil
}

// keyState says what is wrong with the key at that time.
func keyState(entity *openpgp.Entity, id uint64, now time.Time, config *packet.Config, hint string) error {
	_, err := entity.VerifyPrimaryKey(now, config)
	for i := range entity.Subkeys {
		if sub := &entity.Subkeys[i]; sub.PublicKey.KeyId == id && err == nil {
			_, err = sub.Verify(now, config)
		}
	}
	hint = cmp.Or(hint, "use a newer release of this program, which has the archive's newer keys")
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return fail(2, hint, "it is signed by key %016X, which has expired: %s", id, describe(entity))
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return fail(2, hint, "it is signed by key %016X, which was revoked: %s", id, describe(entity))
	default:
		return fail(2, hint, "it is signed by key %016X, which is not to be trusted: %w", id, err)
	}
}

// describe names a key by its fingerprint and its first user id.
func describe(entity *openpgp.Entity) string {
	ids := slices.Sorted(maps.Keys(entity.Identities))
	return strings.Join(append([]string{fmt.Sprintf("%X", entity.PrimaryKey.Fingerprint)}, ids[:min(1, len(ids))]...), " ")
}
