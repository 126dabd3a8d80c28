package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newPlan(s ui.Streams) *cobra.Command {
	var f specFlags
	cmd := &cobra.Command{
		Use: "plan -n NODES|-f FILE [flags of oardeploy]", Short: "Print what a deploy would do, step by step", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags()
			return runPlan(cmd.Context(), s, f)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func runPlan(ctx context.Context, s ui.Streams, f specFlags) error {
	spec, err := f.spec(s.In)
	if err != nil {
		return err
	}
	return printPlan(ctx, s, spec, common{})
}

func printPlan(ctx context.Context, s ui.Streams, spec cluster.Spec, c common) error {
	o, done, err := c.options(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	text, err := o.Plan(ctx, spec)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.Out, text)
	return err
}
