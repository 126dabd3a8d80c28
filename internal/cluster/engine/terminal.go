package engine

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/moby/moby/client"
	"golang.org/x/term"
)

// Terminal runs argv as root in a container on this process's own terminal: keys
// go in raw, the container's terminal follows the size of ours. It returns the
// exit code.
func (d *Docker) Terminal(ctx context.Context, id string, argv []string, in, out *os.File) (int, error) {
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return 0, fmt.Errorf("taking over the terminal: %w", err)
	}
	defer term.Restore(int(in.Fd()), state)
	o := client.ExecCreateOptions{Cmd: argv, TTY: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
		Env: []string{"TERM=" + os.Getenv("TERM")}, ConsoleSize: size(out)}
	return d.run(ctx, id, o, in, out, out)
}

func size(out *os.File) client.ConsoleSize {
	width, height, err := term.GetSize(int(out.Fd()))
	if err != nil {
		return client.ConsoleSize{}
	}
	return client.ConsoleSize{Height: uint(height), Width: uint(width)}
}

// followSize keeps the size of an exec's terminal equal to ours until the context
// ends.
func (d *Docker) followSize(ctx context.Context, exec string, out *os.File) {
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
