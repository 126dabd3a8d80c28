package build

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

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
	for _, place := range f.Places() {
		info, err := os.Stat(place)
		switch {
		case err != nil:
		case info.IsDir():
			tree.FS = os.DirFS(place)
			return tree, nil
		case info.Mode().IsRegular():
			tree.FS, tree.Root = os.DirFS(filepath.Dir(place)), filepath.Base(place)
			return tree, nil
		}
	}
	if _, err := fs.Stat(configs.FS, f.From); err == nil {
		tree.FS, tree.Root = configs.FS, f.From
		return tree, nil
	}
	err := fmt.Errorf("%s: files: there is no folder or file %q", f.At, f.From)
	return tree, ui.WithHint(ui.WithCode(err, ui.CodeUsage), "it may be beside the recipe, in ../configs, or one of the program's own; or write the path from the recipe, or from /")
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
