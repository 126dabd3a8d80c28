package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// checkMetadata returns an error of usage when the file of --metadata-file could
// not be written. It leaves no file behind: the build may fail yet.
func (f *flags) checkMetadata() error {
	if f.metadata == "" {
		return nil
	}
	file, err := os.OpenFile(f.metadata, os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		if file, err = os.CreateTemp(filepath.Dir(f.metadata), ".metadata-*"); err == nil {
			defer os.Remove(file.Name())
		}
	}
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err // its path is that of the trial
	}
	if err != nil {
		return ui.Usage(fmt.Errorf("reading --metadata-file %q: it cannot be written: %w", f.metadata, err), "name a file in a folder that is there and that you may write to")
	}
	return file.Close()
}

// writeMetadata writes the file of --metadata-file: a JSON object with each
// image by its name.
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
	return os.WriteFile(f.metadata, append(data, '\n'), 0o644)
}
