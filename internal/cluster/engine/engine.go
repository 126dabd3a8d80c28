// Package engine speaks with a Docker Engine for the packages around it.
//
// # Policy
//
// One method is one thing that a caller wants of the engine; what "wanted" means
// (already there, already gone) is settled here, by the kind of the engine's error
// and never by its text. The API version is negotiated down to Engine 20.10.
// Everything that is made carries the labels of package cluster.
//
// # Boundaries
//
// The only package that imports the engine's client. It decides nothing about
// clusters: that is done in cluster and plan.
package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Docker is a Docker Engine that answered.
type Docker struct{ api *client.Client }

// Dial finds the engine of this machine: the socket that DOCKER_HOST names, else
// the usual one; docker's contexts are not read. It fails with a hint when none
// answers, and for an engine over the network: a cluster's ports are published on
// the engine's machine, and are looked for, and said to be, on this one.
func Dial(ctx context.Context) (*Docker, error) {
	api, err := client.New(client.FromEnv, client.WithUserAgent("oardeploy"))
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("looking for a Docker Engine: %w", err), "check DOCKER_HOST and the variables beside it")
	}
	if !strings.HasPrefix(api.DaemonHost(), "unix:") {
		return nil, ui.WithHint(fmt.Errorf("looking for a Docker Engine: %s is not a socket of this machine", api.DaemonHost()),
			"a cluster's ports are published on the engine's own machine, where this version does not look for them: run oardeploy there, or unset DOCKER_HOST")
	}
	if _, err := api.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, ui.WithHint(fmt.Errorf("looking for a Docker Engine: %w", err),
			"start it (`sudo systemctl start docker`), install it (`sudo apt-get install docker.io`), or set DOCKER_HOST; your user needs the right to use it (group docker)")
	}
	return &Docker{api}, nil
}

// Close ends the connections.
func (d *Docker) Close() error { return d.api.Close() }

// Clusters lists the names of all clusters of which the engine has anything. A
// label that is no cluster's name was not made by us and is passed over.
func (d *Docker) Clusters(ctx context.Context) ([]string, error) {
	names := map[string]bool{}
	ours := client.Filters{}.Add("label", cluster.LabelName)
	containers, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	for _, c := range containers.Items {
		names[c.Labels[cluster.LabelName]] = true
	}
	networks, err := d.api.NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("listing networks: %w", err)
	}
	for _, n := range networks.Items {
		names[n.Labels[cluster.LabelName]] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return cluster.Spec{Name: name}.ValidateName() != nil })
	return slices.Sorted(maps.Keys(names)), nil
}
