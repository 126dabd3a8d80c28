package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/oarview"
)

// HostStatus is one host of a cluster, as `oardeploy status --json` shows it.
type HostStatus struct {
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

// Status is the hosts of clusters, of all that there are when none is named, sorted by
// cluster and host, with what OAR says of them.
func (o Options) Status(ctx context.Context, names []string) ([]HostStatus, error) {
	found, err := o.Look(ctx, names)
	if err != nil {
		return nil, err
	}
	hosts := flatten(found)
	ask(ctx, o.Engine, hosts)
	return hosts, nil
}

// flatten lists the hosts of clusters.
func flatten(found map[string]cluster.Observed) []HostStatus {
	hosts := []HostStatus{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		for _, c := range found[name].Containers {
			h := HostStatus{Cluster: name, Host: c.Hostname(name), Role: c.Role, Container: c.Name, State: c.State, Image: c.Image, Ports: map[string]string{}}
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

// ask adds the version of each cluster's OAR to its server, and how it sees the nodes,
// all clusters side by side. A cluster whose OAR does not answer has an error at its
// server, and "?" at its nodes.
func ask(ctx context.Context, e oarview.Execer, hosts []HostStatus) {
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
