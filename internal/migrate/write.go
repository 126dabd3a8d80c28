package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// layOut returns what is to be written, by path, when the recipes are right.
func layOut(drafts []*draft.Draft) (map[string]draft.File, error) {
	pages := map[string]draft.File{}
	var files []string
	for _, d := range drafts {
		recipe, err := d.Recipe()
		if err != nil {
			return nil, err
		}
		pages[d.Name+".yaml"] = draft.File{Data: recipe}
		pages[d.Name+".md"] = draft.File{Data: d.Report()}
		maps.Copy(pages, d.Files())
		files = append(files, d.Name+".yaml")
	}
	_, err := recipes.Load(func(name string) ([]byte, error) {
		page, ok := pages[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return page.Data, nil
	}, files, nil)
	if err != nil {
		return nil, ui.Usage(fmt.Errorf("importing %s: what came of it is no recipe:\n%w", drafts[0].Source, err), "the file has something that recipes cannot say; take it out and import again")
	}
	return pages, nil
}

// write writes the pages into a folder, where none of them may be yet: all of
// them, or none. It follows no link out of that folder.
func write(dir string, pages map[string]draft.File) error {
	dir = filepath.Clean(dir)
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return ui.Usage(fmt.Errorf("writing into %s: it is a link", dir), "name the folder that it leads to by --output")
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		defer os.Remove(dir) // if nothing got into it
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing into %s: %w", dir, reason(err))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("writing into %s: %w", dir, reason(err))
	}
	defer root.Close()
	names := slices.Sorted(maps.Keys(pages))
	for _, name := range names {
		if err := free(root, name); err != nil {
			return ui.Usage(fmt.Errorf("writing %s: %w", filepath.Join(dir, name), err), "name another folder by --output, or remove it")
		}
	}
	stage, err := os.MkdirTemp(dir, ".import-*")
	if err != nil {
		return fmt.Errorf("writing into %s: %w", dir, reason(err))
	}
	defer os.RemoveAll(stage)
	return fill(root, filepath.Base(stage), names, pages)
}

// free returns an error when there is something of a name, or a link on the way
// to it that leads elsewhere.
func free(root *os.Root, name string) error {
	for i, c := range name {
		if c != '/' {
			continue
		}
		if info, err := root.Lstat(name[:i]); err == nil && !info.IsDir() {
			return fmt.Errorf("%s is no folder", filepath.Join(root.Name(), name[:i]))
		}
	}
	_, err := root.Lstat(name)
	if err == nil {
		return errors.New("it is there already")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return reason(err)
	}
	return nil
}

// fill writes the pages into a stage, then moves each to its place. After an
// error none of them is there.
func fill(root *os.Root, stage string, names []string, pages map[string]draft.File) error {
	for _, name := range names {
		file := path.Join(stage, name)
		if err := root.MkdirAll(path.Dir(file), 0o755); err != nil {
			return fmt.Errorf("writing %s: %w", name, reason(err))
		}
		if err := root.WriteFile(file, pages[name].Data, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", name, reason(err))
		}
	}
	for i, name := range names {
		err := root.MkdirAll(path.Dir(name), 0o755)
		if err == nil {
			err = root.Rename(path.Join(stage, name), name)
		}
		if err != nil {
			for _, moved := range names[:i] {
				err = errors.Join(err, root.Remove(moved))
			}
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}
