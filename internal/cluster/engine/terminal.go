package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/moby/moby/client"
	"golang.org/x/term"
)

// raw has a terminal hand over keys as they are pressed, until restore. Any other
// input stays as it is.
func raw(in io.Reader) (restore func(), err error) {
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func() {}, nil
	}
	state, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, fmt.Errorf("taking over the terminal: %w", err)
	}
	return func() { _ = term.Restore(int(file.Fd()), state) }, nil
}

// size is that of a terminal; of anything else it is nothing.
func size(out io.Writer) client.ConsoleSize {
	file, ok := out.(*os.File)
	if !ok {
		return client.ConsoleSize{}
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return client.ConsoleSize{}
	}
	return client.ConsoleSize{Height: uint(height), Width: uint(width)}
}

// followSize keeps the size of an exec's terminal equal to ours until the context
// ends.
func (d *Docker) followSize(ctx context.Context, exec string, out io.Writer) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	defer signal.Stop(changed)
	for {
		if s := size(out); s.Height > 0 {
			// A size that could not be set makes an ugly terminal, no wrong result.
			_, _ = d.api.ExecResize(ctx, exec, client.ExecResizeOptions(s))
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
