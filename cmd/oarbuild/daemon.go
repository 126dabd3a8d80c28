package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/buildkit/endpoint"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newDaemon(s ui.Streams) *cobra.Command {
	c := &cobra.Command{
		Use: "daemon", Short: "Start, stop or look at the program's own buildkitd", RunE: subcommands,
		Long: "A build starts the pinned buildkitd when no other one is found, and leaves it running for the next build: as a process for root, in a container of the Docker Engine for who may use Docker. Its cache stays when it is stopped.",
	}
	c.AddCommand(
		&cobra.Command{Use: "start", Short: "Start it, if it does not run", Args: noArgs,
			RunE: func(command *cobra.Command, _ []string) error { return startDaemon(command.Context(), s) }},
		&cobra.Command{Use: "stop", Short: "Stop it, and wait until it is gone", Args: noArgs,
			RunE: func(command *cobra.Command, _ []string) error { return stopDaemon(command.Context(), s) }},
		&cobra.Command{Use: "status", Short: "Tell whether it runs, and where", Args: noArgs,
			RunE: func(command *cobra.Command, _ []string) error { return daemonStatus(command.Context(), s) }},
	)
	return c
}

func startDaemon(ctx context.Context, s ui.Streams) error {
	address, how, err := endpoint.DefaultDaemon().Start(ctx)
	if err == nil {
		fmt.Fprintf(s.Out, "%s (%s)\n", address, how)
	}
	return err
}

func stopDaemon(ctx context.Context, s ui.Streams) error {
	stopped, err := endpoint.DefaultDaemon().Stop(ctx)
	if err == nil && !stopped {
		fmt.Fprintln(s.Err, "buildkitd was not running")
	}
	return err
}

// daemonStatus prints the state, which scripts read off the exit code: 1 when
// there is no daemon that serves.
func daemonStatus(ctx context.Context, s ui.Streams) error {
	state, running := endpoint.DefaultDaemon().Status(ctx)
	fmt.Fprintln(s.Out, state)
	if !running {
		return ui.WithCode(errors.New(""), ui.CodeFailed)
	}
	return nil
}
