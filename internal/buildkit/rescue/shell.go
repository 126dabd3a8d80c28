package rescue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"golang.org/x/term"

	"github.com/oarcluster/oarcluster/llb"
)

// enter is the first process of the container. It leaves the step's script and a
// command that runs it, given as arguments, where the user finds them.
const enter = `mkdir -p /run/step
printf '%s\n' "$1" >/run/step/script
printf '%s\n' "$2" >/run/step/step
chmod 755 /run/step/step
export PATH="/run/step:$PATH" STEP=/run/step/script
if command -v bash >/dev/null; then
	export PS1='step failed:\w\$ '
	exec bash --norc
fi
export PS1='step failed# '
exec sh -i`

// welcome is what the user has to know in the shell.
const welcome = `
The step's script is /run/step/script ($STEP); "step" runs it again here, "step -x"
shows each command. What you do here is lost when you leave: write what helps into
the recipe, then retry. "exit" leads back.
`

// Inspect fills in how to enter the state in which a step failed, from the error
// that the gateway returned for it. It leaves out what the error does not tell.
func (f *Failure) Inspect(gw gateway.Client, err error) {
	failed, ok := errors.AsType[*errdefs.SolveError](err)
	if !ok {
		return
	}
	exec := failed.Op.GetExec()
	if exec == nil || len(failed.MountIDs) != len(exec.Mounts) {
		return
	}
	f.Gateway = gw
	f.Container = &gateway.NewContainerRequest{
		NetMode:     exec.Network,
		Hostname:    exec.Meta.Hostname,
		ExtraHosts:  exec.Meta.ExtraHosts,
		Platform:    failed.Op.Platform,
		Constraints: failed.Op.Constraints,
	}
	for i, m := range exec.Mounts {
		f.Container.Mounts = append(f.Container.Mounts, gateway.Mount{
			Dest: m.Dest, Selector: m.Selector, Readonly: m.Readonly, MountType: m.MountType, ResultID: failed.MountIDs[i],
			CacheOpt: m.CacheOpt, SecretOpt: m.SecretOpt, SSHOpt: m.SSHOpt,
		})
	}
	script, args := llb.Script(exec)
	again := "#!/bin/sh\nexec /bin/sh -e \"$@\" /run/step/script" + quoted(args)
	f.Shell = &gateway.StartRequest{
		Args: []string{"/bin/sh", "-c", enter, "sh", script, again},
		Env:  append(exec.Meta.Env, "TERM="+os.Getenv("TERM")),
		Cwd:  exec.Meta.Cwd, User: exec.Meta.User,
		SecurityMode: exec.Security, Tty: true,
	}
}

// quoted writes arguments for sh, each with a space before it.
func quoted(args []string) string {
	text := ""
	for _, arg := range args {
		text += " '" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	return text
}

// shell runs a shell on the terminal in the state in which the step failed.
func (c *Console) shell(ctx context.Context, f Failure) error {
	container, err := f.Gateway.NewContainer(ctx, *f.Container)
	if err != nil {
		return fmt.Errorf("making its container: %w", err)
	}
	defer func() { _ = container.Release(context.WithoutCancel(ctx)) }()
	fmt.Fprint(c.out, welcome)
	before, err := term.MakeRaw(int(c.in.Fd()))
	if err != nil {
		return fmt.Errorf("taking over the terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(c.in.Fd()), before) }()
	typed := c.keys.reader()
	defer typed.Close()
	start := *f.Shell
	start.Stdin, start.Stdout = typed, keepOpen{c.out}
	process, err := container.Start(ctx, start)
	if err != nil {
		return fmt.Errorf("starting it: %w", err)
	}
	stop := c.followSize(ctx, process)
	defer stop()
	if err := process.Wait(); err != nil {
		if _, left := errors.AsType[*gatewaypb.ExitError](err); !left {
			return err
		}
	}
	return nil
}

// followSize gives a process the size of the terminal, now and whenever it
// changes, until the function returned is called.
func (c *Console) followSize(ctx context.Context, process gateway.ContainerProcess) func() {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	changed <- syscall.SIGWINCH
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-changed:
				if width, height, err := term.GetSize(int(c.out.Fd())); err == nil {
					_ = process.Resize(ctx, gateway.WinSize{Rows: uint32(height), Cols: uint32(width)})
				}
			}
		}
	}()
	return func() { signal.Stop(changed); close(done) }
}

// keepOpen is a writer that its user cannot close.
type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }
