package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// checkMetadata returns an error of usage when the file of --metadata-file could
// not be written, or would tell of nothing. It leaves no file behind: the build
// may fail yet.
func (f *flags) checkMetadata(to buildkit.Destination) error {
	if f.metadata == "" {
		return nil
	}
	if to == buildkit.Nowhere {
		return ui.Usage(errors.New("--metadata-file tells of images, and these go nowhere"), "write --push, --load or --output as well")
	}
	file, err := f.openMetadata()
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err // its path is that of the trial
	}
	if err != nil {
		return ui.Usage(fmt.Errorf("reading --metadata-file %q: it cannot be written: %w", f.metadata, err), "name a file in a folder that is there and that you may write to")
	}
	if file.Name() != f.metadata {
		defer os.Remove(file.Name())
	}
	return file.Close()
}

// openMetadata opens a file beside that of --metadata-file, to take its place when
// it is whole. What is no regular file (/dev/stderr, a pipe) is opened itself.
func (f *flags) openMetadata() (*os.File, error) {
	if there, err := os.Stat(f.metadata); err == nil && !there.Mode().IsRegular() {
		return os.OpenFile(f.metadata, os.O_WRONLY, 0)
	}
	return os.CreateTemp(filepath.Dir(f.metadata), ".metadata-*")
}

// writeMetadata writes the file of --metadata-file: a JSON object with each
// image by its name, empty when there was nothing to do. Whoever reads it
// meanwhile reads the one before.
func (f *flags) writeMetadata(images []build.Image) error {
	if f.metadata == "" {
		return nil
	}
	byName := map[string]build.Image{}
	for _, image := range images {
		byName[image.Name] = image
	}
	data, err := json.MarshalIndent(byName, "", "  ")
	if err != nil {
		return err
	}
	file, err := f.openMetadata()
	if err != nil {
		return fmt.Errorf("writing --metadata-file: %w", err)
	}
	_, err = file.Write(append(data, '\n'))
	if file.Name() == f.metadata {
		return errors.Join(err, file.Close())
	}
	defer os.Remove(file.Name())
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return fmt.Errorf("writing --metadata-file: %w", err)
	}
	return os.Rename(file.Name(), f.metadata)
}

// aboutNothing writes an empty object when err says that there was nothing to do,
// and returns the error that is left to tell of.
func (f *flags) aboutNothing(err error) error {
	coded, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err)
	if !ok || coded.ExitCode() != ui.CodeNothing {
		return err
	}
	if failed := f.writeMetadata(nil); failed != nil {
		return failed
	}
	return err
}
