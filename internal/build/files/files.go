// Package files knows what the files entries of recipes mean on this machine's
// disk: which folder or file, with what in it. It copies recipes with all that
// they name.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/oarcluster/oarcluster/configs"
	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// Tree returns the tree that an entry of a recipe's files means: a folder or a
// file beside the recipe, else one of the program's own.
func Tree(f recipes.Files) (oci.Tree, error) {
	tree := oci.Tree{To: f.To, Mode: f.Mode}
	if f.Owner != "" {
		if _, err := fmt.Sscanf(f.Owner, "%d:%d", &tree.UID, &tree.GID); err != nil {
			return tree, fmt.Errorf("%s: files: reading owner %q: %w", f.At, f.Owner, err)
		}
	}
	place, isDir, err := locate(f)
	switch {
	case err != nil:
		return tree, err
	case place == "":
		tree.FS, tree.Root, tree.Edit = configs.FS, f.Own(), templates(f, "configs/"+f.Own())
	case isDir:
		tree.FS, tree.Edit = os.DirFS(place), templates(f, place)
	default:
		tree.FS, tree.Root, tree.Edit = os.DirFS(filepath.Dir(place)), filepath.Base(place), templates(f, place)
	}
	return tree, nil
}

// locate returns where on disk the folder or file is that an entry means, "" for
// one of the program's own.
func locate(f recipes.Files) (place string, isDir bool, err error) {
	for _, place := range f.Places() {
		info, err := os.Stat(place)
		if err == nil && (info.IsDir() || info.Mode().IsRegular()) {
			return place, info.IsDir(), inside(f, place)
		}
	}
	if info, err := fs.Stat(configs.FS, f.Own()); err == nil {
		return "", info.IsDir(), nil
	}
	err = fmt.Errorf("%s: files: there is no folder or file %q", f.At, f.From)
	return "", false, ui.WithHint(ui.WithCode(err, ui.CodeUsage), "it may be beside the recipe, in ../configs, or one of the program's own; or write the path from the recipe, or from /")
}

// templates returns what fills the templates of a tree, by their paths in it.
// place is where the tree is, for messages.
func templates(f recipes.Files, place string) map[string]func([]byte) ([]byte, error) {
	edit := map[string]func([]byte) ([]byte, error){}
	for _, name := range f.Template {
		edit[name] = func(data []byte) ([]byte, error) {
			filled, err := f.Fill(path.Join(place, name), data)
			return filled, ui.WithCode(err, ui.CodeUsage)
		}
	}
	return edit
}

// check looks whether what an entry names is there, its templates too.
func check(f recipes.Files) error {
	tree, err := Tree(f)
	if err != nil || len(f.Template) == 0 {
		return err
	}
	if _, err := oci.WriteTrees(io.Discard, []oci.Tree{tree}, time.Time{}); err != nil {
		return ui.WithCode(fmt.Errorf("%s: %w", f.At, err), ui.CodeUsage)
	}
	return nil
}

// Load reads recipes and looks for the files that they name. What is wrong with
// them is a mistake of usage, and all of it is told at once.
func Load(names []string, set map[string]string) ([]*recipes.Resolved, error) {
	list, err := recipes.Load(os.ReadFile, names, set)
	if err != nil {
		return nil, ui.WithCode(err, ui.CodeUsage)
	}
	for _, recipe := range list {
		for _, level := range recipe.Levels {
			for _, f := range level.Files {
				err = errors.Join(err, check(f))
			}
		}
	}
	return list, err
}
