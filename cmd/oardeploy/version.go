package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
)

func newVersion(s ui.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the program's version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return printVersion(s) },
	}
}

// printVersion prints what the Go toolchain knows: the module's version, which
// names the commit.
func printVersion(s ui.Streams) error {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	_, err := fmt.Fprintln(s.Out, "oardeploy", version)
	return err
}
