package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/internal/version"
)

func newVersion(s ui.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the program's version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return printVersion(s) },
	}
}

func printVersion(s ui.Streams) error {
	_, err := fmt.Fprintln(s.Out, "oardeploy", version.String())
	return err
}
