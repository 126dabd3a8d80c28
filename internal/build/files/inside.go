package files

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// inside refuses a place that links lead out of the recipe's folder and the
// ../configs beside it: who reads a recipe must see where its files are from.
// A path that begins with / or ../ says so itself.
func inside(f recipes.Files, place string) error {
	if filepath.IsAbs(f.From) || strings.HasPrefix(f.From, "../") {
		return nil
	}
	real, err := resolve(place)
	if err != nil {
		return fmt.Errorf("%s: files: finding %q: %w", f.At, f.From, err)
	}
	near, err := resolve(f.Near)
	if err != nil {
		return fmt.Errorf("%s: files: finding %q: %w", f.At, f.From, err)
	}
	above, err := resolve(filepath.Join(f.Near, ".."))
	if err != nil {
		return fmt.Errorf("%s: files: finding %q: %w", f.At, f.From, err)
	}
	if below(real, near) || below(real, filepath.Join(above, "configs")) {
		return nil
	}
	err = fmt.Errorf("%s: files: %q is %s, outside the recipe's folder", f.At, f.From, real)
	return ui.WithHint(ui.WithCode(err, ui.CodeUsage), "if you trust the recipe with that, write a path that begins with / or ../ instead of the link")
}

// resolve returns the absolute path of a file without links in it.
func resolve(place string) (string, error) {
	abs, err := filepath.Abs(place)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// below reports whether a path is a folder or in it.
func below(place, folder string) bool {
	rel, err := filepath.Rel(folder, place)
	return err == nil && filepath.IsLocal(rel)
}
