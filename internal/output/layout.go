package output

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The annotations by which those who read a layout find an image: the first is
// OCI's, within the layout, the second containerd's and Docker's, in full.
const (
	refName  = "org.opencontainers.image.ref.name"
	fullName = "io.containerd.image.name"
)

// addTo adds the image, whose parts are in the folder already, to the folder's
// index under all its names. It returns the digest of the image's own index.
func (i Image) addTo(folder string) (string, error) {
	path, err := layout.FromPath(folder)
	if errors.Is(err, os.ErrNotExist) {
		path, err = layout.Write(folder, empty.Index)
	}
	if err != nil {
		return "", err
	}
	var parts []v1.Hash
	index, err := i.Compose(func(hash v1.Hash) (v1.Image, error) {
		parts = append(parts, hash)
		return entered(path, hash)
	})
	if err != nil {
		return "", err
	}
	for n, name := range i.Names {
		names := map[string]string{refName: name, fullName: i.Full[n]}
		if err := path.AppendIndex(index, layout.WithAnnotations(names)); err != nil {
			return "", err
		}
	}
	// The platforms' images are found through the image's index alone.
	if err := path.RemoveDescriptors(match.Digests(parts...)); err != nil {
		return "", err
	}
	digest, err := index.Digest()
	return digest.String(), err
}

// entered returns an image that is in the layout, which finds only what its index
// names: it is entered there.
func entered(path layout.Path, hash v1.Hash) (v1.Image, error) {
	manifest, err := path.Bytes(hash)
	if err != nil {
		return nil, err
	}
	d := v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: hash, Size: int64(len(manifest))}
	if err := path.AppendDescriptor(d); err != nil {
		return nil, err
	}
	return path.Image(hash)
}

// writeTar writes a folder of files as an archive that says nothing of who wrote
// it and when.
func writeTar(w io.Writer, folder string) error {
	archive := tar.NewWriter(w)
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == folder {
			return err
		}
		inside, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: filepath.ToSlash(inside), Mode: 0o444, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		if d.IsDir() {
			header.Name, header.Mode, header.Typeflag = header.Name+"/", 0o755, tar.TypeDir
			return archive.WriteHeader(header)
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		header.Size = info.Size()
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err = io.Copy(archive, file)
		return err
	})
	return errors.Join(err, archive.Close())
}
