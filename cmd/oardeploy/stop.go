package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newStop(s ui.Streams) *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use: "stop", Short: "Stop a cluster and keep it: jobs, accounts, database", Args: args(0, 0),
		Long: `stop ends all processes of a cluster and keeps the rest. A job that waits runs after
start; one that runs ends with its node, and OAR says so then.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runStop(cmd.Context(), s, f) },
	}
	f.register(cmd.Flags())
	return cmd
}

func runStop(ctx context.Context, s ui.Streams, f changeFlags) error {
	return f.change(ctx, s,
		func(o deploy.Options) (string, error) { return o.PlanStop(ctx, f.name, nil) },
		func(ctx context.Context, o deploy.Options) error { return o.Stop(ctx, f.name, nil) })
}

func newStart(s ui.Streams) *cobra.Command {
	var f waitFlags
	cmd := &cobra.Command{
		Use: "start", Short: "Start a cluster that was stopped, or that a reboot left", Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return runStart(cmd.Context(), s, f) },
	}
	f.register(cmd.Flags())
	return cmd
}

func runStart(ctx context.Context, s ui.Streams, f waitFlags) error {
	return f.bring(ctx, s,
		func(o deploy.Options) (string, error) { return o.PlanStart(ctx, f.name, nil) },
		func(ctx context.Context, o deploy.Options) (access.Info, error) { return o.Start(ctx, f.name, nil) })
}

func newRestart(s ui.Streams) *cobra.Command {
	var f waitFlags
	cmd := &cobra.Command{
		Use: "restart [HOST...]", Short: "Stop and start hosts of a cluster, or all of it", Args: args(0, -1),
		RunE: func(cmd *cobra.Command, hosts []string) error { return runRestart(cmd.Context(), s, f, hosts) },
	}
	f.register(cmd.Flags())
	return cmd
}

func runRestart(ctx context.Context, s ui.Streams, f waitFlags, hosts []string) error {
	return f.bring(ctx, s,
		func(o deploy.Options) (string, error) { return o.PlanRestart(ctx, f.name, hosts) },
		func(ctx context.Context, o deploy.Options) (access.Info, error) { return o.Restart(ctx, f.name, hosts) })
}
