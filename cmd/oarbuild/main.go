// Command oarbuild builds the images of an OAR cluster from the Debian archive.
//
// The commands are flags and printing; what they do is in internal/build,
// internal/buildkit and internal/registry. Standard output carries references
// of images, or what a command was asked to show; all talk goes to standard
// error. Exit codes: 0 done, 1 failed or, where a flag asks for it, different,
// 2 usage or recipe error, 3 nothing to do under --if-changed, 130 interrupted.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
)

const program = "oarbuild"

func main() { os.Exit(run()) }

func run() int {
	streams := ui.Std()
	return ui.Main(program, streams, func(ctx context.Context) error {
		return newRoot(streams).ExecuteContext(ctx)
	})
}

// usage makes an error one of usage: exit code 2, and the hint to read the help.
func usage(err error, command *cobra.Command) error {
	return ui.Usage(err, "%s --help tells how", command.CommandPath())
}

// noArgs is cobra.NoArgs as an error of usage.
func noArgs(command *cobra.Command, args []string) error {
	if err := cobra.NoArgs(command, args); err != nil {
		return usage(err, command)
	}
	return nil
}

// subcommands is the behaviour of a command that only holds others.
func subcommands(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		return noArgs(command, args)
	}
	return usage(errors.New("name a command of "+command.CommandPath()), command)
}
