package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/ui"
)

const lockHelp = `Resolve the recipes afresh and write down which packages that gives: for each
recipe NAME.yaml a file NAME.SUITE.lock.json beside it, or in the current folder
for a shipped recipe. It names every package with version, digest and place, for
all platforms of the recipe, and the signed Release files that they follow from.
With --platform, other platforms that the lock has stay in it as they are. The packages are fetched as well: --locked then
builds them although the mirror has moved on, and --locked --offline without any
network.

--check writes nothing. It shows package by package how the archive differs from
the locks, and ends with code 1 when it does. A lock stays good when the archive
got a newer date alone.

Locks belong into version control. Who may change one may change the recipe
beside it: the sum at its end shows accidents and is no signature.`

func newLock(s ui.Streams, f *flags) *cobra.Command {
	check, noFetch := false, false
	c := &cobra.Command{
		Use: "lock", Short: "Write down which packages the recipes resolve to", Long: lockHelp, Args: noArgs,
		Example: "  oarbuild lock --recipe mine.yaml              mine.trixie.lock.json\n  oarbuild --recipe mine.yaml --locked --push   builds what it names",
		RunE: func(command *cobra.Command, _ []string) error {
			return lock(command.Context(), s, f, check, !noFetch)
		},
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing, and show how the archive differs from the locks")
	c.Flags().BoolVar(&noFetch, "no-fetch", false, "fetch no packages")
	return c
}

// lock checks the locks, or writes them.
func lock(ctx context.Context, s ui.Streams, f *flags, check, fetch bool) error {
	o, err := f.options(s)
	if err != nil {
		return err
	}
	if check {
		return checkLocks(ctx, s, o)
	}
	return writeLocks(ctx, s, o, fetch)
}

// writeLocks writes the locks and prints their names.
func writeLocks(ctx context.Context, s ui.Streams, o build.Options, fetch bool) error {
	files, report, err := build.WriteLocks(ctx, o, fetch)
	if err != nil {
		return err
	}
	for _, file := range files {
		fmt.Fprintln(s.Out, file)
	}
	return report.Text(s.Err)
}

// checkLocks prints how the archive differs from the locks.
func checkLocks(ctx context.Context, s ui.Streams, o build.Options) error {
	report, changes, err := build.CheckLocks(ctx, o)
	if err != nil {
		return err
	}
	for _, change := range changes {
		fmt.Fprintln(s.Out, change)
	}
	if err := report.Text(s.Out); err != nil {
		return err
	}
	if len(changes) > 0 || !report.Empty() {
		return ui.WithHint(errors.New("the locks are not what the archive gives"), "oarbuild lock locks what it has")
	}
	return nil
}
