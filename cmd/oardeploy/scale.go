package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newScale(s ui.Streams) *cobra.Command {
	var f waitFlags
	cmd := &cobra.Command{
		Use: "scale NODES|GROUP=NODES...", Short: "Give a running cluster another number of nodes", Args: args(1, -1),
		Long: `scale adds nodes to a cluster, or takes away the last ones. Everything else stays
as it runs: images, cores, volumes, ports. OAR takes nodes that go out of service
and ends their jobs before.`,
		Example: `  oardeploy scale 8
  oardeploy scale 2 --name lab
  oardeploy scale fat=2 thin=6    where nodes are in groups`,
		RunE: func(cmd *cobra.Command, args []string) error { return runScale(cmd.Context(), s, f, args) },
	}
	f.register(cmd.Flags())
	return cmd
}

func runScale(ctx context.Context, s ui.Streams, f waitFlags, args []string) error {
	nodes, err := readNodes(args)
	if err != nil {
		return err
	}
	return f.bring(ctx, s,
		func(o deploy.Options) (string, error) { return o.PlanScale(ctx, f.name, nodes) },
		func(ctx context.Context, o deploy.Options) (access.Info, error) { return o.Scale(ctx, f.name, nodes) })
}

// readNodes reads how many nodes each group is to have. Under "" is the number that
// names no group.
func readNodes(args []string) (map[string]int, error) {
	nodes := map[string]int{}
	for _, text := range args {
		group, number, named := strings.Cut(text, "=")
		if !named {
			group, number = "", text
		}
		wrong := ""
		n, err := strconv.Atoi(number)
		_, twice := nodes[group]
		switch {
		case err != nil || n < 0:
			wrong = fmt.Sprintf("%q is no number of nodes", number)
		case named && group == "":
			wrong = fmt.Sprintf("%q names no group", text)
		case !named && len(args) > 1:
			wrong = fmt.Sprintf("%s is one of several numbers, and names no group", number)
		case twice:
			wrong = fmt.Sprintf("group %q has two numbers", group)
		}
		if wrong != "" {
			return nil, usage("reading arguments of \"scale\": "+wrong, "the form is: oardeploy scale NODES, or GROUP=NODES...")
		}
		nodes[group] = n
	}
	return nodes, nil
}
