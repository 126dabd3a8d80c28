package build

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/oarcluster/oarcluster/configs"
	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// find returns the tree that an entry of a recipe's files means: a folder
// beside the recipe, else one of the program's own.
func find(f recipes.Files) (fs.FS, error) {
	for _, folder := range f.Folders() {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return os.DirFS(folder), nil
		}
	}
	if info, err := fs.Stat(configs.FS, f.From); err == nil && info.IsDir() {
		return fs.Sub(configs.FS, f.From)
	}
	err := fmt.Errorf("%s: files: there is no folder %q", f.At, f.From)
	return nil, ui.WithHint(ui.WithCode(err, ui.CodeUsage), "it may be beside the recipe, in ../configs, or one of the program's own")
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
