package oci

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// tarOf returns a writer of an uncompressed tar with one file.
func tarOf(t *testing.T, content string) func(io.Writer) error {
	t.Helper()
	return func(w io.Writer) error {
		tw := tar.NewWriter(w)
		if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "f", Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := io.WriteString(tw, content); err != nil {
			return err
		}
		return tw.Close()
	}
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLayerIsAnImageThatOthersCanRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := open(t, dir).Layer(t.Context(), "key", tarOf(t, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	path, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := v1.NewHash(l.Manifest.String())
	if err != nil {
		t.Fatal(err)
	}
	data, err := path.Bytes(hash)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendDescriptor(v1.Descriptor{MediaType: manifest.MediaType, Digest: hash, Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	image, err := path.Image(hash)
	if err != nil {
		t.Fatal(err)
	}
	// Fast, for the full check believes that every layer is compressed.
	if err := validate.Image(image, validate.Fast); err != nil {
		t.Error(err)
	}
}

func TestBuildKitsStoreReadsTheBlob(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	l, err := s.Layer(t.Context(), "key", tarOf(t, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := s.Content()
	if err != nil {
		t.Fatal(err)
	}
	r, err := content.ReaderAt(t.Context(), ocispec.Descriptor{Digest: l.Blob, Size: l.Size})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil || digest.FromBytes(data) != l.Blob {
		t.Errorf("read %d bytes of another digest, error %v", len(data), err)
	}
}

func TestAKnownKeyIsWrittenOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var writes atomic.Int32
	counted := func(w io.Writer) error { writes.Add(1); return tarOf(t, "hello")(w) }
	for _, s := range []*Store{open(t, dir), open(t, dir)} { // the second is as another process
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				if _, err := s.Layer(t.Context(), "key", counted); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
	}
	if writes.Load() != 1 {
		t.Errorf("written %d times", writes.Load())
	}
	if _, ok := open(t, dir).Find("key"); !ok {
		t.Error("not found by its key")
	}
	if _, ok := open(t, dir).Find("other key"); ok {
		t.Error("found by a key that nobody gave")
	}
}

func TestEqualBytesHaveOneNameWhateverTheKey(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a, errA := s.Layer(t.Context(), "a", tarOf(t, "same"))
	b, errB := s.Layer(t.Context(), "b", tarOf(t, "same"))
	c, errC := s.Layer(t.Context(), "c", tarOf(t, "other"))
	if err := errors.Join(errA, errB, errC); err != nil {
		t.Fatal(err)
	}
	if a != b || a == c {
		t.Errorf("got %v, %v and %v", a, b, c)
	}
}

func TestDamagedLayersAreMadeAnew(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(dir string, l Layer) error{
		"blob cut short":  func(dir string, l Layer) error { return os.Truncate(blobPath(dir, l.Blob), 1) },
		"blob gone":       func(dir string, l Layer) error { return os.Remove(blobPath(dir, l.Blob)) },
		"manifest empty":  func(dir string, l Layer) error { return os.Truncate(blobPath(dir, l.Manifest), 0) },
		"memory is junk":  func(dir string, _ Layer) error { return os.WriteFile(keyPath(dir, "key"), []byte("{"), 0o644) },
		"memory is empty": func(dir string, _ Layer) error { return os.Truncate(keyPath(dir, "key"), 0) },
		"memory lies": func(dir string, _ Layer) error {
			return os.WriteFile(keyPath(dir, "key"), []byte(`{"Manifest":"../../x","Blob":"../../y"}`), 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			before, err := s.Layer(t.Context(), "key", tarOf(t, "hello"))
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(dir, before); err != nil {
				t.Fatal(err)
			}
			if _, ok := s.Find("key"); ok {
				t.Error("the damage went unnoticed")
			}
			after, err := s.Layer(t.Context(), "key", tarOf(t, "hello"))
			if err != nil || after != before {
				t.Errorf("got %v, %v", after, err)
			}
		})
	}
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	boom := errors.New("boom")
	_, err := s.Layer(t.Context(), "key", func(w io.Writer) error {
		_, _ = io.WriteString(w, strings.Repeat("x", 3<<20))
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	for _, sub := range []string{"tmp", "keys", "blobs/sha256"} {
		if entries, _ := os.ReadDir(filepath.Join(dir, sub)); len(entries) != 0 {
			t.Errorf("%s holds %v", sub, entries)
		}
	}
}

func TestOpenNamesWhatToDoWhenItCannot(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(file, "store")); err == nil {
		t.Error("a store below a file was opened")
	}
}

func blobPath(dir string, d digest.Digest) string {
	return filepath.Join(dir, "blobs/sha256", d.Encoded())
}
func keyPath(dir, key string) string { return filepath.Join(dir, keyFile(key)) }
