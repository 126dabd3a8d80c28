package build

import (
	"context"
	"io"
	"sync"

	"github.com/oarcluster/oarcluster/internal/oci"
)

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
