package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// statusFlags are the flags of status.
type statusFlags struct {
	common
	given *pflag.FlagSet // to tell an empty name from none
	name  string
	json  bool
}

func newStatus(s ui.Streams) *cobra.Command {
	f := statusFlags{common: common{quiet: true}}
	cmd := &cobra.Command{
		Use: "status [--name NAME]", Short: "List clusters and their hosts", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags()
			return runStatus(cmd.Context(), s, f)
		},
	}
	cmd.Flags().StringVar(&f.name, "name", "", "only this cluster (default all)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print a JSON array, one object a host")
	return cmd
}

func runStatus(ctx context.Context, s ui.Streams, f statusFlags) error {
	var names []string
	if f.given.Changed("name") {
		names = []string{f.name}
	}
	if err := deploy.CheckNames(names...); err != nil {
		return err
	}
	o, done, err := f.options(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	hosts, err := o.Status(ctx, names)
	if err != nil {
		return err
	}
	if f.json {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		return e.Encode(hosts)
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CLUSTER\tHOST\tSTATE\tADDRESS\tOAR\tJOBS\tPORTS\tIMAGE")
	for _, h := range hosts {
		ports := slices.Sorted(maps.Values(h.Ports))
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.Cluster, h.Host, h.State, h.Address, cmp.Or(h.Version, h.OAR), strings.Join(h.Jobs, " "), strings.Join(ports, " "), h.Image)
		if h.Error != "" {
			fmt.Fprintf(s.Err, "oardeploy: warning: cluster %s: %s\n", h.Cluster, h.Error)
		}
	}
	return w.Flush()
}
