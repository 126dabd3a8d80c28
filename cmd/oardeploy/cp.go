package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newCp(s ui.Streams) *cobra.Command {
	name := ""
	cmd := &cobra.Command{
		Use: "cp HOST:PATH LOCAL | cp LOCAL HOST:PATH", Short: "Copy files between this machine and a host", Args: args(2, 2),
		Long: `cp copies a file or a folder as docker cp does: into the folder that is named,
or under its name when there is none; PATH/. is what is inside. LOCAL may be - for
a tar archive on standard output or input. A local name with a colon is written
with a slash before it, as ./a:b.`,
		Example: `  oardeploy cp job.sh frontend:/home/docker
  oardeploy cp server:/var/log/oar.log .
  oardeploy cp node1:/var/log - | tar t`,
		RunE: func(cmd *cobra.Command, args []string) error { return runCp(cmd.Context(), s, name, args) },
	}
	cmd.Flags().StringVar(&name, "name", cluster.DefaultName, "which cluster")
	return cmd
}

func runCp(ctx context.Context, s ui.Streams, name string, args []string) error {
	from, to := splitHost(args[0]), splitHost(args[1])
	if (from.host == "") == (to.host == "") {
		return ui.Usage(errors.New("reading arguments of \"cp\": one of the two must be HOST:PATH, and one a name here"), "copy from host to host by way of this machine")
	}
	if to.path == "-" && ui.IsTerminal(s.Out) {
		return ui.Usage(errors.New("copying to a terminal: a tar archive is nothing to look at"), "send it on: oardeploy cp %s - | tar t", args[0])
	}
	return onHost(ctx, name, from.host+to.host, func(d *engine.Docker, c cluster.Container) error {
		switch {
		case from.host != "" && to.path == "-":
			return d.Archive(ctx, c.ID, from.path, s.Out)
		case from.host != "":
			return d.CopyOut(ctx, c.ID, from.path, to.path)
		case from.path == "-":
			return d.Unpack(ctx, c.ID, to.path, s.In)
		}
		return d.CopyIn(ctx, c.ID, from.path, to.path)
	})
}

// place is a path of a host, or of this machine when the host is "".
type place struct{ host, path string }

// splitHost reads HOST:PATH. What has a slash or a dot before its colon, or none, is
// a name here.
func splitHost(text string) place {
	host, path, found := strings.Cut(text, ":")
	if !found || filepath.IsAbs(text) || strings.ContainsAny(host, "/.") || host == "" {
		return place{path: text}
	}
	return place{host, path}
}
