package build

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/configs"
	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// find returns the tree that an entry of a recipe's files means: a folder or a
// file beside the recipe, else one of the program's own.
func find(f recipes.Files) (oci.Tree, error) {
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
			return place, info.IsDir(), nil
		}
	}
	if info, err := fs.Stat(configs.FS, f.Own()); err == nil {
		return "", info.IsDir(), nil
	}
	err = fmt.Errorf("%s: files: there is no folder or file %q", f.At, f.From)
	return "", false, ui.WithHint(ui.WithCode(err, ui.CodeUsage), "it may be beside the recipe, in ../configs, or one of the program's own; or write the path from the recipe, or from /")
}

// Print returns a resolved recipe as YAML that can be built from anywhere on this
// machine: files are named by the places where they were found.
func Print(r *recipes.Resolved) ([]byte, error) {
	pinned := *r
	pinned.Levels = slices.Clone(r.Levels)
	for i, level := range pinned.Levels {
		level.Files = slices.Clone(level.Files)
		for j, f := range level.Files {
			place, _, err := locate(f)
			if err != nil {
				return nil, err
			}
			if place != "" {
				if place, err = filepath.Abs(place); err != nil {
					return nil, fmt.Errorf("finding %s: %w", f.From, err)
				}
			}
			level.Files[j] = f.Found(place)
		}
		pinned.Levels[i] = level
	}
	return pinned.YAML()
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

// checkFiles looks whether what an entry names is there, its templates too.
func checkFiles(f recipes.Files) error {
	tree, err := find(f)
	if err != nil || len(f.Template) == 0 {
		return err
	}
	if _, err := oci.WriteTrees(io.Discard, []oci.Tree{tree}, time.Time{}); err != nil {
		return ui.WithCode(fmt.Errorf("%s: %w", f.At, err), ui.CodeUsage)
	}
	return nil
}

// tally counts layers that had to be made, as opposed to found again.
type tally struct {
	mu     sync.Mutex
	layers int
	bytes  int64
}

// counting returns put with its work counted.
func (t *tally) counting(put layerMaker) layerMaker {
	return func(ctx context.Context, key string, write func(io.Writer) error) (oci.Layer, error) {
		made := false
		l, err := put(ctx, key, func(w io.Writer) error { made = true; return write(w) })
		if err == nil && made {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.layers++
			t.bytes += l.Size
		}
		return l, err
	}
}
