package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// cleanFlags are the flags of clean.
type cleanFlags struct {
	common
	all bool
}

func newClean(s ui.Streams) *cobra.Command {
	var f cleanFlags
	cmd := &cobra.Command{
		Use: "clean [NAME...|--all]", Short: "Remove a cluster: containers, network, folder", Args: args(0, -1),
		Long: `clean removes a cluster (` + cluster.DefaultName + ` when none is named) with all that carries its label.
Images and shared folders stay. Cleaning what is not there is no error.`,
		RunE: func(cmd *cobra.Command, names []string) error { return runClean(cmd.Context(), s, f, names) },
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "remove every cluster")
	f.common.register(cmd.Flags())
	return cmd
}

func runClean(ctx context.Context, s ui.Streams, f cleanFlags, names []string) error {
	if f.all && len(names) > 0 {
		return usage("reading arguments of \"clean\": names and --all exclude each other", "the form is: oardeploy clean [NAME...|--all]")
	}
	if err := deploy.CheckNames(names...); err != nil {
		return err
	}
	o, done, err := f.options(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	switch {
	case f.all:
		if names, err = o.Engine.Clusters(ctx); err != nil {
			return err
		}
	case len(names) == 0:
		names = []string{cluster.DefaultName}
	}
	return f.traced(ctx, func(ctx context.Context) error { return o.Clean(ctx, names) })
}
