package cluster

import (
	"net/netip"
	"slices"
	"strings"
)

// Observed is one look at an engine and its host, through the eyes of one cluster.
type Observed struct {
	Containers []Container    // those with the cluster's label, by name
	Networks   []Network      // those with the cluster's label; more than one only after a race
	Foreign    []string       // names of containers and networks without the cluster's label
	Taken      []netip.Prefix // networks of the engine's others, and the host's routes

	// Holder names who holds a TCP port of an address of the host, "" when nobody does.
	Holder func(netip.AddrPort) string
}

// Container is a container of the cluster as the engine has it.
type Container struct {
	ID      string
	Name    string // the container's name, as "oarcluster_node1"
	Role    string
	Config  string // [LabelConfig]
	State   string // the engine's word: created, running, exited, paused, restarting, removing, dead
	Image   string
	Addr    netip.Addr
	Volumes []Volume
	Ports   map[uint16]netip.AddrPort // published ports of a running container: in the container → on the host
}

// Network is a network of the cluster as the engine has it.
type Network struct {
	ID     string
	Name   string
	Subnet netip.Prefix
}

// Host finds the container of a hostname of the cluster.
func (o Observed) Host(cluster, host string) (Container, bool) {
	i := slices.IndexFunc(o.Containers, func(c Container) bool { return c.Name == containerName(cluster, host) })
	if i < 0 {
		return Container{}, false
	}
	return o.Containers[i], true
}

// Hostname is the container's hostname in its cluster: its name without the prefix.
func (c Container) Hostname(cluster string) string {
	return strings.TrimPrefix(c.Name, containerName(cluster, ""))
}

// containerName is the old product's scheme: oarcluster_node1.
func containerName(cluster, host string) string { return cluster + "_" + host }
