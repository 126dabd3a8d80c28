package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
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

// write writes the pages into a folder, where none of them may be yet.
func write(dir string, pages map[string]draft.File) error {
	names := slices.Sorted(maps.Keys(pages))
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return ui.Usage(fmt.Errorf("writing %s: it is there already", filepath.Join(dir, name)), "name another folder by --output, or remove it")
		}
	}
	for _, name := range names {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("writing %s: %w", file, err)
		}
		if err := os.WriteFile(file, pages[name].Data, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", file, err)
		}
	}
	return nil
}
