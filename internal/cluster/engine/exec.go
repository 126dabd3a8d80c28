package engine

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// Process is a program to run in a container.
type Process struct {
	Argv     []string
	User     string    // name or number, and a group after a colon; "" is root
	In       io.Reader // nil: it gets no input
	Out, Err io.Writer
	TTY      bool // it runs on a terminal of its own, and Out gets all that this shows
}

// Exec runs argv as root in a container, without input, and returns its exit code.
func (d *Docker) Exec(ctx context.Context, id string, argv []string, stdout, stderr io.Writer) (int, error) {
	return d.Run(ctx, id, Process{Argv: argv, Out: stdout, Err: stderr})
}

// Run runs a process in a container and returns its exit code. Where it has a terminal
// and input and output are files of one, keys go in raw, and its terminal follows the
// size of ours.
func (d *Docker) Run(ctx context.Context, id string, p Process) (int, error) {
	o := client.ExecCreateOptions{Cmd: p.Argv, User: p.User, TTY: p.TTY, AttachStdin: p.In != nil, AttachStdout: true, AttachStderr: true}
	if p.TTY {
		restore, err := raw(p.In)
		if err != nil {
			return 0, err
		}
		defer restore()
		o.ConsoleSize = size(p.Out)
		if kind := os.Getenv("TERM"); kind != "" {
			o.Env = []string{"TERM=" + kind}
		}
	}
	exec, err := d.api.ExecCreate(ctx, id, o)
	if err != nil {
		return 0, fmt.Errorf("running %q in container %s: %w", p.Argv[0], id, err)
	}
	console, err := d.api.ExecAttach(ctx, exec.ID, client.ExecAttachOptions{TTY: o.TTY, ConsoleSize: o.ConsoleSize})
	if err != nil {
		return 0, fmt.Errorf("running %q in container %s: %w", p.Argv[0], id, err)
	}
	defer console.Close()
	stop := context.AfterFunc(ctx, console.Close)
	defer stop()
	if p.TTY {
		resizing, cancel := context.WithCancel(ctx)
		defer cancel()
		go d.followSize(resizing, exec.ID, p.Out)
	}
	if p.In != nil {
		// It outlives the command when the input stays open: nothing can end a read
		// of a terminal, and the process ends right after.
		go func() {
			_, _ = io.Copy(console.Conn, p.In)
			_ = console.CloseWrite()
		}()
	}
	if p.TTY {
		_, err = io.Copy(p.Out, console.Reader)
	} else {
		_, err = stdcopy.StdCopy(p.Out, p.Err, console.Reader)
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		return 0, fmt.Errorf("reading the output of %q: %w", p.Argv[0], err)
	}
	r, err := d.api.ExecInspect(ctx, exec.ID, client.ExecInspectOptions{})
	if err != nil {
		return 0, fmt.Errorf("asking for the exit status of %q: %w", p.Argv[0], err)
	}
	return r.ExitCode, nil
}
