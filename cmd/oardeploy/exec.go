package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newExec(s ui.Streams) *cobra.Command {
	name := ""
	cmd := &cobra.Command{
		Use: "exec HOST -- CMD...", Short: "Run a command in a host's container, as root", Args: args(2, -1),
		Long: `exec runs a program with its arguments exactly as given, on a terminal when there
is one, and passes its exit code on.`,
		RunE: func(cmd *cobra.Command, args []string) error { return runExec(cmd.Context(), s, name, args) },
	}
	cmd.Flags().StringVar(&name, "name", cluster.DefaultName, "which cluster")
	return cmd
}

func runExec(ctx context.Context, s ui.Streams, name string, args []string) error {
	if err := deploy.CheckNames(name); err != nil {
		return err
	}
	d, err := engine.Dial(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	c, err := deploy.Find(ctx, name, args[0], d)
	if err != nil {
		return err
	}
	in, isFile := s.In.(*os.File)
	code := 0
	if isFile && ui.IsTerminal(in) && ui.IsTerminal(s.Out) {
		code, err = d.Terminal(ctx, c.ID, args[1:], in, s.Out.(*os.File))
	} else {
		code, err = d.Pipe(ctx, c.ID, args[1:], s.In, s.Out, s.Err)
	}
	if err == nil && code != 0 {
		err = ui.WithCode(errors.New(""), code)
	}
	return err
}
