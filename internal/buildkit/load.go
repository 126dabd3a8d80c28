package buildkit

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/oarcluster/oarcluster/internal/buildkit/engine"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// loadHint is what to do when the Engine takes no images.
const loadHint = "see that the Engine runs and that you may use it (docker info), or use --push"

// load returns a writer that streams a docker archive into the Docker Engine.
// Close waits for the Engine and returns its verdict; failed gets it too when it
// is an error, for on its way through the builder it loses its words.
func load(ctx context.Context, e *engine.Engine, failed chan<- error) io.WriteCloser {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := e.Stream(ctx, "/images/load?quiet=1", r)
		if err != nil {
			err = ui.WithHint(fmt.Errorf("loading into the Docker Engine at %s: %w", e.Socket, err), loadHint)
			failed <- err
		}
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		done <- err
	}()
	return &archive{w, done}
}

// archive is the write end of a load.
type archive struct {
	*io.PipeWriter
	done <-chan error
}

func (a *archive) Close() error {
	a.PipeWriter.Close()
	return <-a.done
}
