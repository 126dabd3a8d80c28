package oci

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/opencontainers/go-digest"
)

// Kept is a layer of the store as who makes room sees it.
type Kept struct {
	Used time.Time // the day on which it was last asked for, or later
	Size int64     // on disk, with all that describes it
	// Paths are the files that make it, those first without which it is not found.
	Paths []string
}

// Kept returns what is in the store: the layers, and as one entry each, the
// files that are part of none, which a build that was cut off may have left.
// Nobody may use the store until what is to go has been removed.
func (s *Store) Kept() ([]Kept, error) {
	byLayer, known := map[digest.Digest]*Kept{}, map[string]bool{}
	keys, err := os.ReadDir(filepath.Join(s.dir, "keys"))
	if err != nil {
		return nil, fmt.Errorf("reading the layer store: %w", err)
	}
	for _, key := range keys {
		name := filepath.Join("keys", key.Name())
		l, ok := s.recall(name)
		info, err := key.Info()
		if !ok || err != nil {
			continue
		}
		path := filepath.Join(s.dir, name)
		known[path] = true
		entry := byLayer[l.Manifest]
		if entry == nil {
			entry = &Kept{Size: l.Size}
			byLayer[l.Manifest] = entry
			for _, blob := range s.blobsOf(l) {
				entry.Paths = append(entry.Paths, blob)
				known[blob] = true
			}
		}
		entry.Paths = append([]string{path}, entry.Paths...)
		if info.ModTime().After(entry.Used) {
			entry.Used = info.ModTime()
		}
	}
	var all []Kept
	for _, entry := range byLayer {
		all = append(all, *entry)
	}
	rest, err := s.rest(known)
	return append(all, rest...), err
}

// blobsOf returns the files of a layer's three blobs.
func (s *Store) blobsOf(l Layer) []string {
	paths := []string{s.blob(l.Manifest), s.blob(l.Blob)}
	if data, err := os.ReadFile(s.blob(l.Manifest)); err == nil {
		var manifest struct {
			Config struct{ Digest digest.Digest }
		}
		if json.Unmarshal(data, &manifest) == nil && manifest.Config.Digest.Validate() == nil {
			paths = append(paths, s.blob(manifest.Config.Digest))
		}
	}
	return paths
}

// rest returns the files of the store that are not known.
func (s *Store) rest(known map[string]bool) ([]Kept, error) {
	var all []Kept
	for _, sub := range []string{"keys", "blobs", "tmp"} {
		err := filepath.WalkDir(filepath.Join(s.dir, sub), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || known[path] {
				return err
			}
			if info, err := d.Info(); err == nil {
				all = append(all, Kept{info.ModTime(), info.Size(), []string{path}})
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading the layer store: %w", err)
		}
	}
	return all, nil
}

// touch notes that a remembered layer was used. Once a day is enough.
func (s *Store) touch(name string) {
	path := filepath.Join(s.dir, name)
	if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
		_ = os.Chtimes(path, time.Time{}, time.Now()) // a store that cannot be written serves as well
	}
}
