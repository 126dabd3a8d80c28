package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/build/files"
	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// shares deals out the files of a target's recipes: each goes into the image
// once, with the first step that needs it, or else with the files of its level.
type shares struct {
	trees [][]oci.Tree // by level and entry
	taken map[file]bool
}

// file is a path in the image, as one entry of a level's files has it.
type file struct {
	level, entry int
	path         string
}

// newShares finds the files of all levels. Those of the top one are laid over the
// files of the recipe's further archives.
func newShares(r *recipes.Resolved) (*shares, error) {
	s := &shares{make([][]oci.Tree, len(r.Levels)), map[file]bool{}}
	if top := len(r.Levels) - 1; len(r.Sources) > 0 {
		files, err := sourceFiles(r.Sources)
		if err != nil {
			return nil, err
		}
		s.trees[top] = append(s.trees[top], oci.Tree{FS: files, To: "/"})
	}
	for i, level := range r.Levels {
		for _, f := range level.Files {
			tree, err := files.Tree(f)
			if err != nil {
				return nil, err
			}
			s.trees[i] = append(s.trees[i], tree)
		}
	}
	return s, nil
}

// take returns what a step lays: the files that it needs of its own level and
// those below, but for what an earlier step has laid. They lie over each other
// as the levels do. The trees have to be written before the next call, and
// check tells afterwards whether all that the step needs was there.
func (s *shares) take(level int, step recipes.Step) (trees []oci.Tree, check func() error) {
	found := make([]bool, len(step.Needs))
	for i := 1; i <= level; i++ {
		for j, tree := range s.trees[i] {
			tree.Keep = func(path string) bool {
				needed := false
				for n, need := range step.Needs {
					if within("/"+path, need) {
						needed, found[n] = true, true
					}
				}
				first := !s.taken[file{i, j, path}]
				s.taken[file{i, j, path}] = needed || !first
				return needed && first
			}
			trees = append(trees, tree)
		}
	}
	return trees, func() error {
		n := slices.Index(found, false)
		if n < 0 {
			return nil
		}
		err := fmt.Errorf("%s: needs: the recipes have no file %q", step.At, step.Needs[n])
		return ui.WithHint(ui.WithCode(err, ui.CodeUsage), "what packages bring is always there; name files and folders as they are in the image")
	}
}

// rest returns the files of a level that no step has taken.
func (s *shares) rest(level int) []oci.Tree {
	trees := slices.Clone(s.trees[level])
	for j := range trees {
		trees[j].Keep = func(path string) bool { return !s.taken[file{level, j, path}] }
	}
	return trees
}

// within tells whether a path is the other one or lies below it.
func within(path, other string) bool {
	return other == "/" || path == other || strings.HasPrefix(path, other+"/")
}
