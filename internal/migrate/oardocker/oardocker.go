// Package oardocker reads templates of oar-docker, which are Dockerfiles, and
// drafts recipes from them, one an image.
//
// A template is a folder with a manifest.json and images/NAME/Dockerfile. As
// `oardocker init` does, the folders of the manifest's parents are laid under
// it. A folder or file that is a Dockerfile alone is read as one image.
//
// The package is pure: it reads a tree that the caller gives, and bounds what
// it reads.
package oardocker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Manifest is the name of the file that makes a folder a template.
const Manifest = "manifest.json"

// Bounds of a template.
const (
	maxText  = 1 << 20
	maxFile  = 16 << 20
	maxFiles = 5000
)

// manifest is what a template says of itself.
type manifest struct {
	Parents        []string `json:"parents"`
	IgnoreIfExists []string `json:"ignore_if_exists"`
	BuildOrder     []string `json:"build_order"`
	InstallScript  string   `json:"install_script"`
	InstallOn      []string `json:"install_on"`
}

// Read drafts a recipe of each image of the template in a folder, in the order
// in which they build on each other. suite reports whether images can be made
// from a Debian release.
func Read(fsys fs.FS, dir string, suite func(string) bool) ([]*draft.Draft, error) {
	data, err := text(fsys, path.Join(dir, Manifest))
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("reading %s: not JSON: %w", path.Join(dir, Manifest), err)
	}
	layers := overlay{}
	for _, folder := range append(slices.Clone(m.Parents), path.Base(dir)) {
		at := path.Join(path.Dir(dir), folder)
		if !fs.ValidPath(at) || strings.Contains(folder, "/") {
			return nil, fmt.Errorf("reading %s: parent %q is no folder beside the template", path.Join(dir, Manifest), folder)
		}
		if err := layers.add(fsys, at, m.IgnoreIfExists); err != nil {
			return nil, err
		}
	}
	var drafts []*draft.Draft
	for _, name := range m.BuildOrder {
		docker := "images/" + name + "/Dockerfile"
		if _, ok := layers[docker]; !ok {
			return nil, fmt.Errorf("reading %s: image %q of build_order has no %s", path.Join(dir, Manifest), name, docker)
		}
		one := &image{fsys: fsys, context: layers.below("images/" + name), template: path.Base(dir), images: m.BuildOrder, suite: suite}
		d, err := one.read(layers[docker], path.Base(dir)+"-"+name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(m.InstallOn, name) {
			d.Leave(path.Join(dir, Manifest), "install_script "+m.InstallScript, "oardocker runs it at install, from OAR's sources; the package oar-%s has it", name)
		}
		drafts = append(drafts, d)
	}
	if len(drafts) == 0 {
		return nil, fmt.Errorf("reading %s: build_order names no image", path.Join(dir, Manifest))
	}
	return drafts, nil
}

// ReadFile drafts a recipe from one Dockerfile, whose folder is its context.
func ReadFile(fsys fs.FS, file, name string, suite func(string) bool) (*draft.Draft, error) {
	layers := overlay{}
	if err := layers.add(fsys, path.Dir(file), nil); err != nil {
		return nil, err
	}
	one := &image{fsys: fsys, context: layers, suite: suite}
	return one.read(file, name)
}

// overlay is folders laid over each other: where each file is, by its path.
type overlay map[string]string

// add lays a folder over those before it. Files of the names given stay as they
// are.
func (o overlay) add(fsys fs.FS, dir string, keep []string) error {
	err := fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return nil
		case len(o) == maxFiles:
			return fmt.Errorf("more than %d files", maxFiles)
		}
		below := strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		if dir == "." {
			below = name
		}
		if _, ok := o[below]; !ok || !slices.Contains(keep, path.Base(below)) {
			o[below] = name
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading folder %s: %w", dir, reason(err))
	}
	return nil
}

// below returns a folder of the overlay.
func (o overlay) below(dir string) overlay {
	inner := overlay{}
	for name, at := range o {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			inner[rest] = at
		}
	}
	return inner
}

// text reads a file that should be short.
func text(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err == nil && info.Size() > maxText {
		err = fmt.Errorf("%d bytes, more than %d", info.Size(), maxText)
	}
	var data []byte
	if err == nil {
		data, err = fs.ReadFile(fsys, name)
	}
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("reading %s: %w", name, reason(err)), "name the folder of a template, with %s and images/ in it, or a Dockerfile", Manifest)
	}
	return data, nil
}

// reason returns what is wrong without the path, which messages have already.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
