package cluster

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
)

// Observed is one look at an engine and its host, through the eyes of one cluster.
type Observed struct {
	Machine    string         // URL of the engine's machine, "ssh://me@box" or "tcp://10.0.0.7"; "" is this one
	Containers []Container    // those with the cluster's label, by name
	Networks   []Network      // those with the cluster's label; more than one only after a race
	Stores     []string       // volumes of the engine with the cluster's label, by name
	Foreign    []string       // names of containers, networks and volumes without the cluster's label
	Taken      []netip.Prefix // networks of the engine's others, and the host's routes where it is this machine
	Hasty      bool           // the engine removes a network while containers are leaving it, and fails to remove these

	// Files are what the hosts are told, as [Topology.Files]; nil when nobody asked. Root
	// in a container can write them: they decide what is told anew, and nothing else.
	Files map[string]string

	// Holder names who holds a TCP port of an address of the host, "" when nobody does.
	// Of another machine it knows the engine's containers alone.
	Holder func(netip.AddrPort) string
}

// Container is a container of the cluster as the engine has it.
type Container struct {
	ID      string
	Name    string // the container's name, as "oarcluster_node1"
	Role    string
	Config  string // of what it was made; see [Host.Config]
	Spec    string // what its user asked for then, as JSON
	Created int64  // when that was: seconds of Unix time
	State   string // the engine's word: created, running, exited, paused, restarting, removing, dead
	Image   string // reference by which its image was asked for
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

// Spec is what the cluster's user asked for the last time, as the newest of its
// containers tells. What changes without a new container is taken from what there
// is: how many nodes a group has, and what OAR was told of them. It reports false
// when no label can be read.
func (o Observed) Spec() (Spec, bool) {
	var s Spec
	if len(o.Containers) == 0 {
		return s, false
	}
	newest := slices.MaxFunc(o.Containers, func(a, b Container) int { return cmp.Compare(a.Created, b.Created) })
	if err := json.Unmarshal([]byte(newest.Spec), &s); err != nil {
		return s, false
	}
	if slices.ContainsFunc(o.Containers, func(c Container) bool { return c.Role == "node" }) {
		for i := range s.Groups {
			s.Groups[i].Nodes = 0
		}
		s = s.Widened(o)
	}
	s.OAR = nil
	for i := range s.Groups {
		s.Groups[i].recall(o.Files["resources"])
	}
	return s, true
}

// Topology is the cluster as its containers were made, and reports whether they tell,
// were all started once, and nothing that others stand on is missing.
func (o Observed) Topology(name string) (Topology, bool) {
	spec, whole := o.Spec()
	t := Topology{Name: name, Spec: spec, Machine: o.Machine}
	if len(o.Networks) > 0 {
		t.Subnet = o.Networks[0].Subnet
	}
	for _, c := range o.Containers {
		h, ok := c.Made()
		whole = whole && ok && c.lived()
		for _, g := range spec.Groups {
			if _, ok := g.number(h.Name); ok {
				h.Cores, h.Properties = g.Cores, g.Properties
			}
		}
		t.Hosts = append(t.Hosts, h)
	}
	slices.SortFunc(t.Hosts, func(a, b Host) int { return a.Addr.Compare(b.Addr) })
	for _, name := range []string{"dns", "server", "frontend"} {
		_, ok := t.Host(name)
		whole = whole && ok
	}
	return t, whole && t.Subnet.IsValid()
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

// Labelled is the container with what [Topology.Labels] wrote on it.
func (c Container) Labelled(labels map[string]string) Container {
	c.Role, c.Config, c.Spec = labels[labelRole], labels[labelConfig], labels[labelSpec]
	if made, ok := c.Made(); ok {
		c.Image = made.Image // the container itself is made of an ID
	}
	return c
}

// lived reports whether the container was started once and can be again. Only then is
// it sure that it got its files.
func (c Container) lived() bool {
	return !slices.Contains([]string{"created", "removing", "dead"}, c.State)
}

// Made is the host for which the container was made, and reports whether its label
// tells.
func (c Container) Made() (Host, bool) {
	var h Host
	err := json.Unmarshal([]byte(c.Config), &h)
	return h, err == nil
}

// containerName is the old product's scheme: oarcluster_node1.
func containerName(cluster, host string) string { return cluster + "_" + host }
