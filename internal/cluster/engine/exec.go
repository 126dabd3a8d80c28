package engine

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// Exec runs argv as root in a container, without input, and returns its exit code.
func (d *Docker) Exec(ctx context.Context, id string, argv []string, stdout, stderr io.Writer) (int, error) {
	return d.run(ctx, id, client.ExecCreateOptions{Cmd: argv, AttachStdout: true, AttachStderr: true}, nil, stdout, stderr)
}

// Pipe runs argv as root in a container with the input given, and returns its
// exit code.
func (d *Docker) Pipe(ctx context.Context, id string, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	return d.run(ctx, id, client.ExecCreateOptions{Cmd: argv, AttachStdin: true, AttachStdout: true, AttachStderr: true}, stdin, stdout, stderr)
}

func (d *Docker) run(ctx context.Context, id string, o client.ExecCreateOptions, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	exec, err := d.api.ExecCreate(ctx, id, o)
	if err != nil {
		return 0, fmt.Errorf("running %q in container %s: %w", o.Cmd, id, err)
	}
	console, err := d.api.ExecAttach(ctx, exec.ID, client.ExecAttachOptions{TTY: o.TTY, ConsoleSize: o.ConsoleSize})
	if err != nil {
		return 0, fmt.Errorf("running %q in container %s: %w", o.Cmd, id, err)
	}
	defer console.Close()
	stop := context.AfterFunc(ctx, console.Close)
	defer stop()
	if out, ok := stdout.(*os.File); ok && o.TTY {
		resizing, cancel := context.WithCancel(ctx)
		defer cancel()
		go d.followSize(resizing, exec.ID, out)
	}
	if stdin != nil {
		// It outlives the command when the input stays open: nothing can end a read
		// of a terminal, and the process ends right after.
		go func() {
			_, _ = io.Copy(console.Conn, stdin)
			_ = console.CloseWrite()
		}()
	}
	if o.TTY {
		_, err = io.Copy(stdout, console.Reader)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, console.Reader)
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		return 0, fmt.Errorf("reading the output of %q: %w", o.Cmd, err)
	}
	r, err := d.api.ExecInspect(ctx, exec.ID, client.ExecInspectOptions{})
	if err != nil {
		return 0, fmt.Errorf("asking for the exit status of %q: %w", o.Cmd, err)
	}
	return r.ExitCode, nil
}
