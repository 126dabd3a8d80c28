package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/ui"
)

const pruneHelp = `Remove packages, package indexes and layers from the cache, those first that were
not used for longest, until it holds no more than --keep-storage. All of it can
be fetched or made again. What is never removed: packages that a lock needs which
was written or built from on this machine and is still in its place, and anything
while a build runs, for which this waits.

A build does the same by itself, once a day and when no other one runs, with
OARBUILD_KEEP_STORAGE as the size (default 10GB). Images are in the registry, and
the steps' results in BuildKit: see oarbuild registry and buildctl prune.`

func newPrune(s ui.Streams) *cobra.Command {
	keep, all, dry := "10GB", false, false
	c := &cobra.Command{
		Use: "prune", Short: "Remove from the cache what was not used for longest", Long: pruneHelp, Args: noArgs,
		RunE: func(command *cobra.Command, _ []string) error { return prune(command.Context(), s, keep, all, dry) },
	}
	c.Flags().StringVar(&keep, "keep-storage", keep, "`SIZE` to keep, such as 2GB or 512MiB")
	c.Flags().BoolVarP(&all, "all", "a", false, "keep nothing but what locks need, whatever --keep-storage says")
	c.Flags().BoolVar(&dry, "dry-run", false, "remove nothing, and show what would go")
	return c
}

// prune prints what it removed and what is left.
func prune(ctx context.Context, s ui.Streams, keep string, all, dry bool) error {
	size, err := cache.ParseSize(keep)
	if err != nil {
		return fmt.Errorf("reading --keep-storage: %w", err)
	}
	if all {
		size = 0
	}
	dir, err := cache.Dir()
	if err != nil {
		return err
	}
	report, err := cache.Prune(ctx, dir, size, dry, func() { fmt.Fprintln(s.Err, "waiting until no build uses the cache") })
	removed := "REMOVED"
	if dry {
		removed = "WOULD GO"
	}
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "KIND\t%s\tSIZE\tKEPT\tSIZE\tLOCKED\n", removed)
	for _, l := range report {
		fmt.Fprintf(table, "%s\t%d\t%s\t%d\t%s\t%d\n", l.Kind, l.Removed, cache.FormatSize(l.RemovedBytes), l.Kept, cache.FormatSize(l.KeptBytes), l.Locked)
	}
	return errors.Join(err, table.Flush())
}
