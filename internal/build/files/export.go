package files

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// Export copies a recipe with all that it needs into a
// folder: the recipes that it comes from, what these include, files, keyrings,
// and its lock if it has one. It returns the path of the recipe's copy. The
// folder must be empty, or not be there; after an error nothing is left in it.
//
// Everything keeps its place relative to the recipe, so that the copies are
// those of the texts as written, with one exception: an absolute path becomes
// one into the folder.
func Export(recipe string, set map[string]string, dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if len(entries) > 0 {
		return "", ui.Usage(fmt.Errorf("exporting into %q: it is not empty", dir), "name a folder that is empty, or not there")
	}
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("exporting: %w", err)
	}
	variants, failed := load(recipe, set)
	if failed != nil {
		return "", failed
	}
	e := &folder{files: map[string]content{}}
	for _, r := range variants {
		if err := e.collect(r); err != nil {
			return "", err
		}
	}
	into := dir // the stage is in the folder if there is one, else beside it
	if os.IsNotExist(err) {
		into = filepath.Dir(filepath.Clean(dir))
	}
	return e.place(variants, into, dir)
}

// place writes the folder into a stage, and brings it to its place when it is the
// recipe that it is made of. A folder that is there stays, for it may be the
// working folder of somebody.
func (e *folder) place(variants []*recipes.Resolved, into, dir string) (string, error) {
	if err := os.MkdirAll(into, 0o755); err != nil {
		return "", fmt.Errorf("exporting: %w", err)
	}
	stage, err := os.MkdirTemp(into, ".export-*")
	if err != nil {
		return "", fmt.Errorf("exporting: %w", err)
	}
	defer os.RemoveAll(stage)
	recipe, err := e.write(stage)
	if err != nil {
		return "", err
	}
	if err := verify(variants, filepath.Join(stage, recipe)); err != nil {
		return "", err
	}
	if into == dir {
		err = moveAll(stage, dir)
	} else if err = os.Chmod(stage, 0o755); err == nil {
		err = os.Rename(stage, dir)
	}
	if err != nil {
		return "", fmt.Errorf("exporting: %w", err)
	}
	return filepath.Join(dir, recipe), nil
}

// moveAll moves all that is in one folder into another, or nothing.
func moveAll(from, to string) error {
	entries, err := os.ReadDir(from)
	for i, e := range entries {
		if err = os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			for _, moved := range entries[:i] {
				err = errors.Join(err, os.RemoveAll(filepath.Join(to, moved.Name())))
			}
			return err
		}
	}
	return err
}

// load loads the recipe as set says, and then for each other suite that it can be
// built for, for that may need other files.
func load(recipe string, set map[string]string) ([]*recipes.Resolved, error) {
	list, err := Load([]string{recipe}, set)
	if err != nil {
		return nil, err
	}
	if _, fixed := set["suite"]; fixed {
		return list, nil
	}
	first := list[0]
	i := slices.IndexFunc(first.Vars, func(v recipes.Var) bool { return v.Name == "suite" })
	for _, suite := range first.Vars[i].Values {
		other := map[string]string{}
		maps.Copy(other, set)
		other["suite"] = suite
		if more, err := Load([]string{recipe}, other); err == nil && suite != first.Suite.Name {
			list = append(list, more...)
		}
	}
	return list, nil
}

// verify loads the copy and compares it with the recipe, for each suite.
func verify(variants []*recipes.Resolved, file string) error {
	for _, r := range variants {
		set := map[string]string{}
		for _, v := range r.Vars {
			if v.Origin == "--set" {
				set[v.Name] = v.Value
			}
		}
		again, err := Load([]string{file}, set)
		if err != nil {
			return fmt.Errorf("exporting: the copy cannot be read: %w", err)
		}
		before, err := fingerprint(r)
		if err != nil {
			return err
		}
		if after, err := fingerprint(again[0]); err != nil || before != after {
			return ui.WithHint(fmt.Errorf("exporting: the copy is another recipe than %s", r.File),
				"a folder beside the recipe may have the name of one of the program's own: rename yours")
		}
	}
	return nil
}

// fingerprint returns all that a recipe says, with the content of its files in
// place of their names.
func fingerprint(r *recipes.Resolved) (string, error) {
	return printed(r, func(f recipes.Files) (string, error) {
		tree, err := Tree(f)
		if err != nil {
			return "", err
		}
		hash := sha256.New()
		if _, err := oci.WriteTrees(hash, []oci.Tree{tree}, time.Unix(0, 0)); err != nil {
			return "", err
		}
		return fmt.Sprintf("/%x", hash.Sum(nil)), nil
	})
}
