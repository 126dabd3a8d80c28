package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/registry/collect"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newRegistryGC(s ui.Streams) *cobra.Command {
	keep, dryRun := "0", false
	c := &cobra.Command{
		Use: "gc", Short: "Remove images that no tag leads to any more", Args: noArgs,
		Long: "Remove from this machine's registry the images that no tag leads to any more, their layers, and uploads that were cut off. " +
			"With --keep-storage, the newest of them stay as long as everything together fits into that size; what has a tag always stays. " +
			"Nothing younger than an hour is removed. A push that is under way is waited for; the registry may be read from meanwhile.",
		RunE: func(command *cobra.Command, _ []string) error {
			return collectRegistry(command.Context(), s, keep, dryRun)
		},
	}
	c.Flags().StringVar(&keep, "keep-storage", keep, "`SIZE` within which untagged images may stay, such as 2GB or 512MiB")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "tell what would be removed, and remove nothing")
	return c
}

// collectRegistry prints the manifests that were removed, or would be.
func collectRegistry(ctx context.Context, s ui.Streams, keep string, dryRun bool) error {
	size, err := cache.ParseSize(keep)
	if err != nil {
		return fmt.Errorf("reading --keep-storage: %w", err)
	}
	root, err := registry.Root()
	if err != nil {
		return err
	}
	o := collect.Options{Root: root, Keep: size, DryRun: dryRun, Now: time.Now(), Waiting: func() { fmt.Fprintln(s.Err, "waiting for a push to end") }}
	removed, err := collect.Run(ctx, o)
	if err != nil {
		return err
	}
	for _, manifest := range removed.Manifests {
		fmt.Fprintln(s.Out, manifest)
	}
	what := "removed"
	if dryRun {
		what = "would remove"
	}
	fmt.Fprintf(s.Err, "%s %d manifests and %d blobs in all, %s; %s stay\n", what, len(removed.Manifests), removed.Blobs,
		cache.FormatSize(removed.Bytes), cache.FormatSize(removed.Stays))
	return nil
}
