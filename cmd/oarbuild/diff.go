package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/pkgdiff"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newDiff(s ui.Streams) *cobra.Command {
	asJSON, exitCode := false, false
	c := &cobra.Command{
		Use: "diff A B", Short: "Show which packages differ between two locks or published images", Args: twoArgs,
		Long: "Show, for each platform, which packages were added, removed, upgraded, downgraded or rebuilt (the same version with other contents) from A to B. Each is a lock file, which oarbuild lock writes, or an image in a registry (HOST/NAME:TAG), whose attached list of packages is read.",
		RunE: func(command *cobra.Command, args []string) error {
			return diff(command.Context(), s, args[0], args[1], asJSON, exitCode)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a list of platforms with their changes as JSON")
	c.Flags().BoolVar(&exitCode, "exit-code", false, "end with code 1 when there are differences, as git diff does")
	return c
}

// twoArgs refuses all but two arguments as an error of usage.
func twoArgs(command *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(2)(command, args); err != nil {
		return usage(err, command)
	}
	return nil
}

// diff prints how two sets of packages differ.
func diff(ctx context.Context, s ui.Streams, before, after string, asJSON, exitCode bool) error {
	a, err := build.Sets(ctx, before)
	if err != nil {
		return err
	}
	b, err := build.Sets(ctx, after)
	if err != nil {
		return err
	}
	report := pkgdiff.Compare(a, b)
	show := report.Text
	if asJSON {
		show = report.JSON
	}
	if err := show(s.Out); err != nil {
		return err
	}
	if exitCode && !report.Empty() {
		return ui.WithCode(errors.New(""), ui.CodeFailed)
	}
	return nil
}
