package main

import (
	"context"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newRegistry(s ui.Streams) *cobra.Command {
	c := &cobra.Command{Use: "registry", Short: "Serve the images that were pushed to this machine, remove old ones", RunE: subcommands}
	address := ""
	serve := &cobra.Command{
		Use: "serve", Short: "Serve the registry until interrupted", Args: noArgs,
		Long: "A build with --push, and oardeploy, serve the same registry while they run. This keeps it up between them, for docker pull and others. Every user of this machine may read it; you and root may write.",
		RunE: func(command *cobra.Command, _ []string) error { return serveRegistry(command.Context(), s, address) },
	}
	serve.Flags().StringVar(&address, "listen", "localhost:5000", "`ADDRESS` of the loopback to serve at")
	c.AddCommand(serve, newRegistryGC(s))
	return c
}

func serveRegistry(ctx context.Context, s ui.Streams, address string) error {
	root, err := registry.Root()
	if err != nil {
		return err
	}
	return registry.Serve(ctx, address, root, func(at net.Addr) {
		fmt.Fprintf(s.Err, "serving the registry of %s at %s; Ctrl-C ends it\n", root, at)
	})
}
