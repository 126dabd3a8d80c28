// Package keys holds the public keys that oarbuild trusts, embedded in the
// program: those that sign the Debian archive.
//
// The files are the ones of Debian's own debian-archive-keyring package
// (2025.1), unchanged. Their fingerprints stand in a test, so that a key cannot
// change unnoticed. A suite is signed by its own keys and by those of the
// release before it; this is why the keys of bullseye are here as well.
package keys

import (
	"embed"
	"fmt"
)

//go:embed *.asc
var files embed.FS

// DebianArchive returns the keys that may sign an InRelease file of Debian's
// main and security archives, each one ASCII-armoured (RFC 9580, section 6).
func DebianArchive() [][]byte {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("keys: reading the embedded folder: %v", err))
	}
	keys := make([][]byte, 0, len(entries))
	for _, entry := range entries {
		key, err := files.ReadFile(entry.Name())
		if err != nil {
			panic(fmt.Sprintf("keys: reading embedded %s: %v", entry.Name(), err))
		}
		keys = append(keys, key)
	}
	return keys
}
