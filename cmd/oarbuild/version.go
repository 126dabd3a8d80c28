package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/internal/version"
)

func newVersion(s ui.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of this program", Args: noArgs,
		Run: func(*cobra.Command, []string) { fmt.Fprintln(s.Out, program, version.String()) },
	}
}
