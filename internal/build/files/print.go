package files

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/oarcluster/oarcluster/recipes"
)

// Print returns a resolved recipe as YAML that can be built from anywhere on this
// machine: files are named by the places where they were found.
func Print(r *recipes.Resolved) ([]byte, error) {
	text, err := printed(r, func(f recipes.Files) (string, error) {
		place, _, err := locate(f)
		if err != nil || place == "" {
			return "", err
		}
		if place, err = filepath.Abs(place); err != nil {
			return "", fmt.Errorf("finding %s: %w", f.From, err)
		}
		return place, nil
	})
	return []byte(text), err
}

// printed returns a resolved recipe as YAML, its files named by what place says.
func printed(r *recipes.Resolved, place func(recipes.Files) (string, error)) (string, error) {
	pinned := *r
	pinned.Levels = slices.Clone(r.Levels)
	for i, level := range pinned.Levels {
		level.Files = slices.Clone(level.Files)
		for j, f := range level.Files {
			at, err := place(f)
			if err != nil {
				return "", err
			}
			level.Files[j] = f.Found(at)
		}
		pinned.Levels[i] = level
	}
	text, err := pinned.YAML()
	return string(text), err
}
