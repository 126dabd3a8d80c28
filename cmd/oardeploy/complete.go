package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
)

// completePatience is how long a shell may wait at the Tab key. An engine that does
// not answer completes nothing, silently.
const completePatience = time.Second

// looked are the clusters of the engine, or one of them.
func looked(ctx context.Context, names ...string) map[string]cluster.Observed {
	ctx, cancel := context.WithTimeout(ctx, completePatience)
	defer cancel()
	d, err := engine.Dial(ctx)
	if err != nil {
		return nil
	}
	defer d.Close()
	found, err := deploy.Options{Engine: d}.Look(ctx, names)
	if err != nil {
		return nil
	}
	return found
}

// completeClusters completes names of clusters.
func completeClusters(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for name := range looked(cmd.Context()) {
		names = append(names, name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeHosts completes the first arguments, at most so many, as hosts of the
// cluster that --name tells. What follows are a program and its files.
func completeHosts(most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return hostnames(cmd), cobra.ShellCompDirectiveNoFileComp
	}
}

// hostnames are the hosts of the cluster that --name tells.
func hostnames(cmd *cobra.Command) []cobra.Completion {
	name := cmd.Flag("name").Value.String()
	var hosts []cobra.Completion
	for _, c := range looked(cmd.Context(), name)[name].Containers {
		hosts = append(hosts, c.Hostname(name))
	}
	return hosts
}

// completePlaces completes one of cp's two arguments as HOST:, to which a path is
// added, and the other as a file of this machine. The first is a host as long as one
// begins so.
func completePlaces(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 1 || len(args) == 1 && splitHost(args[0]).host != "" {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var places []cobra.Completion
	for _, host := range hostnames(cmd) {
		if strings.HasPrefix(host+":", begun) {
			places = append(places, host+":")
		}
	}
	if len(places) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return places, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// completing adds completion to all commands: clusters to --name and clean, hosts to
// what takes them.
func completing(root *cobra.Command) *cobra.Command {
	for _, cmd := range append(root.Commands(), root) {
		if cmd.Flags().Lookup("name") != nil {
			_ = cmd.RegisterFlagCompletionFunc("name", completeClusters) // fails without the flag alone
		}
		switch cmd.Name() {
		case "clean":
			cmd.ValidArgsFunction = completeClusters
		case "cp":
			cmd.ValidArgsFunction = completePlaces
		case "ssh", "exec", "logs":
			cmd.ValidArgsFunction = completeHosts(1)
		case "restart":
			cmd.ValidArgsFunction = completeHosts(1 << 10)
		}
	}
	return root
}
