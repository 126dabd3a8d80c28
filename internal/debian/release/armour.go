package release

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// beginning is the first line of a clear-signed file (RFC 9580, section 7.1).
const beginning = "-----BEGIN PGP SIGNED MESSAGE-----"

// signatureBeginning is the line that ends the signed text.
const signatureBeginning = "-----BEGIN PGP SIGNATURE-----"

// maxSignatures bounds the work that one file can cause. Debian's have three.
const maxSignatures = 16

// decode splits a clear-signed file, which must be that and nothing else. What
// stands before, behind or between would be seen by who reads the file with
// less care, and is not under the signature.
func decode(inRelease []byte) (*clearsign.Block, error) {
	line, _, _ := bytes.Cut(inRelease, []byte("\n"))
	if string(bytes.TrimRight(line, " \t\r")) != beginning {
		return nil, ui.WithHint(fmt.Errorf("it is not clear-signed: it starts with %q", clip(line)),
			"a portal or a proxy may have answered instead of the mirror; open the address in a browser")
	}
	if hasNoText(inRelease) {
		return nil, ui.WithHint(errors.New("it is clear-signed, but has no text"), "the file was tampered with; try another mirror")
	}
	block, rest := clearsign.Decode(inRelease)
	if block == nil {
		return nil, ui.WithHint(errors.New("it is clear-signed, but cut off or garbled"), "try again, or another mirror")
	}
	if rest := bytes.TrimSpace(rest); len(rest) > 0 {
		return nil, ui.WithHint(fmt.Errorf("there is more behind its signature: %q", clip(rest)),
			"the file was tampered with; try another mirror")
	}
	if bytes.HasPrefix(block.Plaintext, []byte("-")) || bytes.Contains(block.Plaintext, []byte("\n-")) {
		return nil, ui.WithHint(errors.New("there is a second armour inside of its text"),
			"the file was tampered with; try another mirror")
	}
	return block, nil
}

// hasNoText tells whether the signature stands right behind the blank line that
// ends the headers: clearsign.Decode panics at such a file.
func hasNoText(inRelease []byte) bool {
	headers := true
	for line := range bytes.Lines(inRelease) {
		line = bytes.TrimSpace(line)
		if !headers {
			return string(line) == signatureBeginning
		}
		headers = len(line) > 0
	}
	return false
}

// readKeys reads keyrings, each of them one armoured block.
func readKeys(keyring [][]byte) (openpgp.EntityList, error) {
	var keys openpgp.EntityList
	for _, armoured := range keyring {
		entities, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armoured))
		if err != nil {
			return nil, fmt.Errorf("reading keyring: %w", err)
		}
		keys = append(keys, entities...)
	}
	return keys, nil
}

// readSignatures reads the signature packets, passing over those of versions
// that are yet to come.
func readSignatures(body io.Reader) ([]*packet.Signature, error) {
	var signatures []*packet.Signature
	packets := packet.NewReader(body)
	for {
		p, err := packets.Next()
		if err == io.EOF {
			break
		}
		if _, unsupported := errors.AsType[pgperrors.UnsupportedError](err); unsupported {
			continue
		}
		if err != nil {
			return nil, ui.WithHint(fmt.Errorf("reading its signature: %w", err), "the file is damaged; try again, or another mirror")
		}
		if signature, ok := p.(*packet.Signature); ok && signature.IssuerKeyId != nil {
			signatures = append(signatures, signature)
		}
		if len(signatures) > maxSignatures {
			return nil, fmt.Errorf("it has more than %d signatures", maxSignatures)
		}
	}
	if len(signatures) == 0 {
		return nil, errors.New("it has no signature that this program understands")
	}
	return signatures, nil
}

// clip shortens what a message quotes.
func clip(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line[:min(len(line), 60)]
}
