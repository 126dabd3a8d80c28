package output

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Image is the result of some items: the same image for each of their platforms.
type Image struct {
	Items []int    // their numbers
	Names []string // by which an image layout knows it: base:TAG
	Full  []string // the same with the registry's name
	// Compose makes the image's index of what find finds in the layout.
	Compose func(find func(v1.Hash) (v1.Image, error)) (v1.ImageIndex, error)
}

// Commit brings everything to its place. It returns the digest of each image's
// index, or "" where the output has none.
func (k *Sink) Commit(images []Image) ([]string, error) {
	digests := make([]string, len(images))
	for n, image := range images {
		if k.spec.Type != typeOCI {
			continue
		}
		var err error
		if digests[n], err = image.addTo(k.of[image.Items[0]].stage); err != nil {
			return nil, fmt.Errorf("writing the image layout of %s: %w", image.Names[0], err)
		}
	}
	for _, p := range k.places {
		if err := k.finish(p); err != nil {
			return nil, fmt.Errorf("writing %s: %w", p.dest, err)
		}
	}
	return digests, nil
}

// Dests returns where the items are; not those that went to standard output. It
// is never nil.
func (k *Sink) Dests(items []int) []string {
	dests := []string{}
	for _, item := range items {
		if dest := k.of[item].dest; dest != stdout && !slices.Contains(dests, dest) {
			dests = append(dests, dest)
		}
	}
	return dests
}

// finish brings one stage to its place.
func (k *Sink) finish(p *place) error {
	if k.spec.Type == typeOCI {
		// What the builder's uploads left is no part of a layout.
		if err := os.RemoveAll(filepath.Join(p.stage, "ingest")); err != nil {
			return err
		}
		if !k.spec.Folder {
			return k.archive(p)
		}
	}
	switch {
	case p.stage == "":
		return nil
	case k.spec.Folder:
		return replace(p.stage, p.dest)
	}
	return os.Rename(p.stage, p.dest)
}

// archive writes the layout in the stage as one archive to its place.
func (k *Sink) archive(p *place) error {
	if p.dest == stdout {
		return errors.Join(writeTar(k.stdout, p.stage), os.RemoveAll(p.stage))
	}
	file, err := os.CreateTemp(filepath.Dir(p.dest), ".oarbuild-*")
	if err != nil {
		return err
	}
	err = errors.Join(writeTar(io.Writer(file), p.stage), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), p.dest)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.RemoveAll(p.stage)
}

// replace puts a folder in the place of another one, if there is one.
func replace(stage, dest string) error {
	old := stage + ".old"
	err := os.Rename(dest, old)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(stage, dest); err != nil {
		return errors.Join(err, os.Rename(old, dest))
	}
	return os.RemoveAll(old)
}
