// Package migrate turns files of other tools into recipes on disk: it finds out
// what a file is, has it drafted, checks the recipes that come of it, and writes
// them with their files and a report beside them.
package migrate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
	"github.com/oarcluster/oarcluster/internal/migrate/kameleon"
	"github.com/oarcluster/oarcluster/internal/migrate/oardocker"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// Options say what is imported, and to where.
type Options struct {
	// File is a Kameleon recipe, a Dockerfile, or a template of oar-docker.
	File string
	// Tree is the folder that File may read from; "" is the nearest one above
	// File that has steps, .steps or .git in it.
	Tree string
	// Output is the folder that the recipes are written to.
	Output string
	// Set holds variables over those of the recipe.
	Set map[string]string
}

// Import writes recipes made from a file, and answers their drafts.
func Import(o Options) ([]*draft.Draft, error) {
	file, dir, err := o.locate()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("reading folder %s: %w", dir, err)
	}
	defer root.Close()
	drafts, err := read(root.FS(), filepath.ToSlash(file), o)
	if err != nil {
		return nil, ui.WithCode(err, ui.CodeUsage)
	}
	pages, err := layOut(drafts)
	if err != nil {
		return nil, err
	}
	return drafts, write(o.Output, pages)
}

// locate finds the file in its tree.
func (o Options) locate() (file, tree string, err error) {
	full, err := filepath.Abs(o.File)
	if err == nil {
		_, err = os.Stat(full)
	}
	if err != nil {
		err = fmt.Errorf("reading %s: %w", o.File, reason(err))
		return "", "", ui.Usage(err, "name a Kameleon recipe, a Dockerfile, or the folder of an oar-docker template")
	}
	if tree, err = filepath.Abs(o.Tree); o.Tree == "" {
		tree = treeOf(full)
	}
	if err != nil {
		return "", "", err
	}
	file, err = filepath.Rel(tree, full)
	if err != nil || !filepath.IsLocal(file) {
		return "", "", ui.Usage(fmt.Errorf("reading --tree %q: %s is not in it", o.Tree, o.File), "name a folder above the file")
	}
	return file, tree, nil
}

// treeOf returns the nearest folder above a file that looks like the top of
// recipes, else the file's own.
func treeOf(file string) string {
	own := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(file, oardocker.Manifest)); err == nil || filepath.Base(file) == oardocker.Manifest {
		if filepath.Base(file) == oardocker.Manifest {
			return filepath.Dir(own)
		}
		return own
	}
	for dir := own; ; dir = filepath.Dir(dir) {
		for _, mark := range []string{"steps", ".steps", ".git"} {
			if _, err := os.Stat(filepath.Join(dir, mark)); err == nil {
				return dir
			}
		}
		if dir == filepath.Dir(dir) {
			return own
		}
	}
}

// read finds out what a file is and drafts recipes from it.
func read(fsys fs.FS, file string, o Options) ([]*draft.Draft, error) {
	base := path.Base(file)
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", o.File, reason(err))
	}
	switch {
	case info.IsDir():
		if _, err := fs.Stat(fsys, path.Join(file, "Dockerfile")); err == nil {
			return one(oardocker.ReadFile(fsys, path.Join(file, "Dockerfile"), imageName(filepath.Base(o.File)), suite))
		}
		return oardocker.Read(fsys, file, suite)
	case base == oardocker.Manifest:
		return oardocker.Read(fsys, path.Dir(file), suite)
	case strings.Contains(strings.ToLower(base), "dockerfile"):
		full, _ := filepath.Abs(o.File) // found already
		return one(oardocker.ReadFile(fsys, file, imageName(filepath.Base(filepath.Dir(full))), suite))
	case strings.HasSuffix(base, ".erb"):
		return nil, ui.WithHint(fmt.Errorf("reading %s: a template that Kameleon has yet to fill in", o.File), "kameleon new makes a recipe of it; import that")
	case !strings.HasSuffix(base, ".yaml") && !strings.HasSuffix(base, ".yml"):
		return nil, ui.WithHint(fmt.Errorf("reading %s: neither a Kameleon recipe (.yaml) nor a Dockerfile", o.File), "name a Kameleon recipe, a Dockerfile, or the folder of an oar-docker template")
	case isRecipe(fsys, file):
		return nil, ui.WithHint(fmt.Errorf("reading %s: it is a recipe of oarbuild already", o.File), "oarbuild --recipe %s builds it", o.File)
	}
	return one(kameleon.Read(fsys, file, o.Set, suite))
}

func one(d *draft.Draft, err error) ([]*draft.Draft, error) { return []*draft.Draft{d}, err }

// suite reports whether images can be made from a Debian release.
func suite(name string) bool { return slices.Contains(recipes.Suite{}.Names(), name) }

// maxRecipe bounds what is read of a file to find out what it is.
const maxRecipe = 1 << 20

// isRecipe reports whether a file is a recipe of this program.
func isRecipe(fsys fs.FS, file string) bool {
	f, err := fsys.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRecipe+1))
	if err != nil || len(data) > maxRecipe {
		return false
	}
	_, err = recipes.Load(func(string) ([]byte, error) { return data, nil }, []string{"x.yaml"}, nil)
	return err == nil
}

// imageName makes an image's name of a folder's.
func imageName(folder string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(folder)), "-")
	if name == "" {
		return "imported"
	}
	return name
}

// reason returns what is wrong without the path, which messages have already.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
