package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// execFlags are the flags of exec.
type execFlags struct {
	given      *pflag.FlagSet // to tell what was said of input and terminal
	name, user string
	input, tty bool
}

func newExec(s ui.Streams) *cobra.Command {
	var f execFlags
	cmd := &cobra.Command{
		Use: "exec [-it] [-u USER] HOST -- CMD...", Short: "Run a command in a host's container, as root", Args: args(2, -1),
		Long: `exec runs a program with its arguments exactly as given, and passes its exit code
on. Without -i and -t it gets the standard input, and a terminal when input and
output are one.`,
		Example: `  oardeploy exec node1 -- ps aux
  oardeploy exec -u docker frontend -- bash -l
  oardeploy exec -u postgres server -- psql oar <query.sql`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given = cmd.Flags()
			return runExec(cmd.Context(), s, f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", cluster.DefaultName, "which cluster")
	flags.StringVarP(&f.user, "user", "u", "", "as this user, NAME or UID[:GID] (default root)")
	flags.BoolVarP(&f.input, "interactive", "i", false, "pass the standard input on; without a terminal, unless -t")
	flags.BoolVarP(&f.tty, "tty", "t", false, "on a terminal, even if the output is none; without input, unless from one")
	return cmd
}

// attach tells whether the program gets the standard input, and a terminal.
func (f execFlags) attach(in, out bool) (input, tty bool, err error) {
	i, t := f.given.Changed("interactive"), f.given.Changed("tty")
	switch {
	case !i && !t:
		return true, in && out, nil
	case !i:
		return in || !f.tty, f.tty, nil
	case f.input && f.tty && !in:
		return false, false, usage("reading flags: -i and -t together need a terminal, and the input is none", "leave out -t to pass the input on, or -i for the terminal alone")
	}
	return f.input, f.tty, nil
}

func runExec(ctx context.Context, s ui.Streams, f execFlags, args []string) error {
	input, tty, err := f.attach(ui.IsTerminal(s.In), ui.IsTerminal(s.Out))
	if err != nil {
		return err
	}
	p := engine.Process{Argv: args[1:], User: f.user, TTY: tty, Out: s.Out, Err: s.Err}
	if input {
		p.In = s.In
	}
	return onHost(ctx, f.name, args[0], func(d *engine.Docker, c cluster.Container) error {
		if c.State != "running" {
			return ui.WithHint(fmt.Errorf("running %q on host %q: it is %s", args[1], args[0], c.State), "oardeploy start brings it back")
		}
		code, err := d.Run(ctx, c.ID, p)
		if err == nil && code != 0 {
			err = ui.WithCode(errors.New(""), code)
		}
		return err
	})
}
