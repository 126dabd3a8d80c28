// Package oci keeps the layers that this program makes, content-addressed, in a
// folder of the user's cache from which BuildKit reads them over the session.
//
// The folder is an OCI image layout (OCI image-spec, "image-layout"): a layer is
// a blob, and for BuildKit's sake it has a manifest and a config of its own,
// which make it an image of one layer. Nothing is ever changed under a digest.
//
// Beside the blobs stands a memory, keys/, of which inputs made which layer: the
// caller gives a key that names everything the bytes depend on, and a key that
// is known costs one small read and no work.
//
// Any number of processes may use one folder: every file is written aside and
// renamed into place, the key last. A blob that lost bytes (a full disk, a crash
// of the machine) is noticed by its size and made anew; BuildKit verifies the
// digests of all that it reads.
//
// [Tree] makes the bytes of a layer from a tree of files.
package oci

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sirupsen/logrus"
	"golang.org/x/sync/singleflight"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Layer names a layer of a [Store].
type Layer struct {
	Manifest digest.Digest // of the one-layer image that BuildKit is asked for
	Blob     digest.Digest // of the uncompressed tar, which is also its diff ID
	Size     int64         // of the tar, in bytes
}

// Store is a folder of layers. Its methods may be called from many goroutines.
type Store struct {
	dir     string
	flights singleflight.Group // one maker a key in this process
}

// Open returns the store in the folder dir, which is made when it is not there.
func Open(dir string) (*Store, error) {
	for _, sub := range []string{"blobs/sha256", "keys", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, ui.WithHint(fmt.Errorf("opening the layer store: %w", err), "set XDG_CACHE_HOME to a folder you may write to")
		}
	}
	s := &Store{dir: dir}
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{}}
	for name, v := range map[string]any{
		ocispec.ImageLayoutFile: ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion},
		ocispec.ImageIndexFile:  index,
	} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			continue
		}
		if err := s.writeJSON(name, v); err != nil {
			return nil, fmt.Errorf("opening the layer store: %w", err)
		}
	}
	return s, nil
}

// Content returns the store as BuildKit's session serves it.
//
// containerd's store warns through logrus' standard logger when the file system
// lacks fs-verity, which is no news to a user; the logger is told to keep quiet.
func (s *Store) Content() (content.Store, error) {
	logrus.SetLevel(logrus.PanicLevel)
	store, err := local.NewStore(s.dir)
	if err != nil {
		return nil, fmt.Errorf("opening the layer store: %w", err)
	}
	return store, nil
}

// Find returns the layer that the key names, if it is there.
func (s *Store) Find(key string) (Layer, bool) { return s.recall(keyFile(key)) }

// Layer returns the layer that the key names: the remembered one, or one whose
// uncompressed tar write produces. The key must name all that the bytes depend
// on. Concurrent calls with one key write it once. An error of write is
// returned as it is, and leaves nothing behind.
func (s *Store) Layer(ctx context.Context, key string, write func(io.Writer) error) (Layer, error) {
	name := keyFile(key)
	v, err, _ := s.flights.Do(name, func() (any, error) {
		if l, ok := s.recall(name); ok {
			return l, nil
		}
		if err := ctx.Err(); err != nil {
			return Layer{}, err
		}
		return s.make(name, write)
	})
	if err != nil {
		return Layer{}, err
	}
	return v.(Layer), nil
}

// keyFile returns the file of the memory that belongs to the key.
func keyFile(key string) string { return filepath.Join("keys", digest.FromString(key).Encoded()) }

// recall returns the layer remembered in the file name, if all of it is there.
func (s *Store) recall(name string) (Layer, bool) {
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return Layer{}, false
	}
	var l Layer
	if json.Unmarshal(data, &l) != nil || l.Blob.Validate() != nil || l.Manifest.Validate() != nil {
		return Layer{}, false
	}
	blob, err := os.Stat(s.blob(l.Blob))
	if err != nil || blob.Size() != l.Size {
		return Layer{}, false
	}
	manifest, config, err := describe(l)
	if err != nil || digest.FromBytes(manifest) != l.Manifest {
		return Layer{}, false
	}
	for _, data := range [][]byte{manifest, config} {
		if info, err := os.Stat(s.blob(digest.FromBytes(data))); err != nil || info.Size() != int64(len(data)) {
			return Layer{}, false
		}
	}
	s.touch(name)
	return l, true
}

// make writes the layer's blob, then what describes it, then the memory of it.
func (s *Store) make(name string, write func(io.Writer) error) (Layer, error) {
	l := Layer{}
	digester := digest.Canonical.Digester()
	err := s.create(func(f io.Writer) (string, error) {
		counter := &counter{}
		if err := write(io.MultiWriter(f, digester.Hash(), counter)); err != nil {
			return "", err
		}
		l.Blob, l.Size = digester.Digest(), counter.n
		return s.blob(l.Blob), nil
	})
	if err != nil {
		return Layer{}, err
	}
	manifest, config, err := describe(l)
	if err != nil {
		return Layer{}, err
	}
	l.Manifest = digest.FromBytes(manifest)
	for _, data := range [][]byte{config, manifest} {
		err := s.create(func(f io.Writer) (string, error) {
			_, err := f.Write(data)
			return s.blob(digest.FromBytes(data)), err
		})
		if err != nil {
			return Layer{}, err
		}
	}
	return l, s.writeJSON(name, l)
}

func (s *Store) blob(d digest.Digest) string {
	return filepath.Join(s.dir, "blobs", d.Algorithm().String(), d.Encoded())
}

func (s *Store) writeJSON(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.create(func(f io.Writer) (string, error) {
		_, err := f.Write(data)
		return filepath.Join(s.dir, name), err
	})
}

// create writes a file aside and renames it to the path that fill returns; when
// anything fails, there is no file.
func (s *Store) create(fill func(io.Writer) (string, error)) (err error) {
	f, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "layer-")
	if err != nil {
		return fmt.Errorf("writing to the layer store: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	path, err := fill(w)
	if err != nil {
		return err
	}
	for _, step := range []func() error{
		w.Flush, func() error { return f.Chmod(0o644) }, f.Close,
		func() error { return os.Rename(f.Name(), path) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("writing to the layer store: %w", err)
		}
	}
	return nil
}

// counter counts the bytes written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }
