package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/oarview"
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
	ImageID   string            `json:"image_id"`              // digest of what the reference meant when the container was made
	OAR       string            `json:"oar,omitempty"`         // OAR's state of a node
	Version   string            `json:"oar_version,omitempty"` // of a server: which OAR it is
	Jobs      []string          `json:"jobs,omitempty"`        // numbers of the jobs on a node
	Error     string            `json:"oar_error,omitempty"`   // of a server: why OAR does not answer
	Ports     map[string]string `json:"ports"`                 // port in the container → address on the host
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
	found, err := o.Look(ctx, names)
	if err != nil {
		return err
	}
	hosts := flatten(found)
	ask(ctx, o.Engine, hosts)
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

// ask adds the version of each cluster's OAR to its server, and how it sees the nodes,
// all clusters side by side. A cluster whose OAR does not answer has an error at its
// server, and "?" at its nodes.
func ask(ctx context.Context, e oarview.Execer, hosts []hostStatus) {
	views, errs := make([]oarview.View, len(hosts)), make([]error, len(hosts))
	var servers sync.WaitGroup
	for i, h := range hosts {
		switch {
		case h.Role != "server":
		case h.State != "running":
			errs[i] = fmt.Errorf("asking OAR: its server is %s", h.State)
		default:
			servers.Go(func() { views[i], errs[i] = oarview.Ask(ctx, e, h.Container) })
		}
	}
	servers.Wait()
	for i, server := range hosts {
		if server.Role != "server" {
			continue
		}
		hosts[i].Version = views[i].Version
		if errs[i] != nil {
			hosts[i].Error = errs[i].Error()
		}
		for j, h := range hosts {
			switch node, known := views[i].Nodes[h.Host]; {
			case h.Cluster != server.Cluster || h.Role != "node":
			case errs[i] != nil:
				hosts[j].OAR = "?"
			case !known:
				hosts[j].OAR = "unknown"
			default:
				hosts[j].OAR, hosts[j].Jobs = node.State, node.Jobs
			}
		}
	}
}

func flatten(found map[string]cluster.Observed) []hostStatus {
	hosts := []hostStatus{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		for _, c := range found[name].Containers {
			h := hostStatus{Cluster: name, Host: c.Hostname(name), Role: c.Role, Container: c.Name, State: c.State, Image: c.Image, Ports: map[string]string{}}
			if made, ok := c.Made(); ok {
				h.ImageID = made.ImageID
			}
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
