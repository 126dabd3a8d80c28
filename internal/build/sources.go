package build

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/recipes"
)

// further returns a recipe's sources as package mirror has them.
func further(sources []recipes.Source) []mirror.Further {
	var list []mirror.Further
	for _, s := range sources {
		list = append(list, mirror.Further{Name: s.Name, URL: s.URL, Suite: s.Suite, Components: s.Components, Keyring: [][]byte{s.Key}})
	}
	return list
}

// lockedSource returns a recipe's source as a lock has it.
func lockedSource(s recipes.Source) lock.Source {
	sum := sha256.Sum256(s.Key)
	return lock.Source{Name: s.Name, URL: s.URL, Suite: s.Suite, Components: s.Components, KeySHA256: hex.EncodeToString(sum[:])}
}

func sameSource(a, b lock.Source) bool {
	return a.Name == b.Name && a.URL == b.URL && a.Suite == b.Suite && slices.Equal(a.Components, b.Components) && a.KeySHA256 == b.KeySHA256
}

// describeSources writes all that sources are into one text, "" for none.
func describeSources(sources []recipes.Source) string {
	var text strings.Builder
	for _, s := range sources {
		fmt.Fprintf(&text, "\n%q", lockedSource(s))
	}
	return text.String()
}

// sourceFiles returns the files by which an image's own apt knows the sources:
// for each a stanza (sources.list(5)), and the key that may sign it and nothing
// else.
func sourceFiles(sources []recipes.Source) (fs.FS, error) {
	var files bytes.Buffer
	w := zip.NewWriter(&files)
	for _, s := range sources {
		key := "etc/apt/keyrings/" + s.Name + ".asc"
		stanza := fmt.Sprintf("Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: /%s\n", s.URL, s.Suite, strings.Join(s.Components, " "), key)
		for name, text := range map[string]string{key: string(s.Key), "etc/apt/sources.list.d/" + s.Name + ".sources": stanza} {
			f, err := w.Create(name)
			if err != nil {
				return nil, err
			}
			if _, err := f.Write([]byte(text)); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(files.Bytes()), int64(files.Len()))
}
