package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oarcluster/oarcluster/internal/cluster"
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

// hostStatus is one host in status --json.
type hostStatus struct {
	Cluster   string            `json:"cluster"`
	Host      string            `json:"host"`
	Role      string            `json:"role"`
	Container string            `json:"container"`
	State     string            `json:"state"`
	Address   string            `json:"address"`
	Image     string            `json:"image"`
	Ports     map[string]string `json:"ports"` // port in the container → address on the host
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
	found, err := deploy.Status(ctx, names, o.Engine)
	if err != nil {
		return err
	}
	hosts := flatten(found)
	if f.json {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		return e.Encode(hosts)
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CLUSTER\tHOST\tSTATE\tADDRESS\tIMAGE")
	for _, h := range hosts {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", h.Cluster, h.Host, h.State, h.Address, h.Image)
	}
	return w.Flush()
}

func flatten(found map[string]cluster.Observed) []hostStatus {
	hosts := []hostStatus{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		for _, c := range found[name].Containers {
			h := hostStatus{Cluster: name, Host: c.Hostname(name), Role: c.Role, Container: c.Name, State: c.State, Image: c.Image, Ports: map[string]string{}}
			if c.Addr.IsValid() {
				h.Address = c.Addr.String()
			}
			for inside, at := range c.Ports {
				h.Ports[fmt.Sprint(inside)] = at.String()
			}
			hosts = append(hosts, h)
		}
	}
	return hosts
}
