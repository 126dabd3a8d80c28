package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
)

func newVars(s ui.Streams, f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "vars", Short: "Show the variables of recipes, their values, and where these come from", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return showVars(s, f) },
	}
}

func showVars(s ui.Streams, f *flags) error {
	list, err := f.resolved(s)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RECIPE\tVARIABLE\tVALUE\tFROM")
	for _, r := range list {
		for _, v := range r.Vars {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Name, v.Name, v.Value, v.Origin)
		}
	}
	return table.Flush()
}
