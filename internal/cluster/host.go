package cluster

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Host is one container of a cluster as it is wanted. All that is exported and
// not marked otherwise is part of its configuration.
type Host struct {
	Name      string                    // hostname: dns, server, frontend, node1, …
	Role      string                    // dns, server, frontend or node
	Container string                    // the container's name
	Addr      netip.Addr                // its fixed address
	DNS       netip.Addr                `json:",omitzero"` // its name server; none: the engine's
	Image     string                    // reference, as "localhost:5000/oarcluster/node:2.6.1"
	ImageID   string                    // what the reference meant when it was looked up; "" when the image is not there
	Env       []string                  `json:",omitempty"`
	Cmd       []string                  `json:",omitempty"` // none: the image's own
	Caps      []string                  `json:",omitempty"` // capabilities beyond the engine's default
	Volumes   []Volume                  `json:",omitempty"`
	Ports     map[uint16]netip.AddrPort `json:",omitempty"` // port in the container → address on the host
	Cores     int                       `json:",omitempty"` // what OAR is told of a node

	// Info is environment that tells how the cluster was when the host was made.
	// It is no part of the configuration: adding a node must not replace the server.
	Info []string `json:"-"`
}

// Config is the value of the label [LabelConfig]: equal for equal configurations.
func (h Host) Config() string {
	text, err := json.Marshal(h)
	if err != nil {
		// A Host is strings, numbers and addresses: it always has a JSON form.
		return err.Error()
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%x", sum[:8])
}

// Labels are the labels of the host's container in the cluster of the name given.
func (h Host) Labels(cluster string) map[string]string {
	return map[string]string{LabelName: cluster, LabelRole: h.Role, LabelConfig: h.Config()}
}

// Topology is a cluster down to its last address: what the engine should have.
type Topology struct {
	Name   string
	Subnet netip.Prefix
	Hosts  []Host // dns, server, frontend, node1 …
}

// Host finds a host by its hostname.
func (t Topology) Host(name string) (Host, bool) {
	i := slices.IndexFunc(t.Hosts, func(h Host) bool { return h.Name == name })
	if i < 0 {
		return Host{}, false
	}
	return t.Hosts[i], true
}

// Nodes are the hosts on which jobs run, in order.
func (t Topology) Nodes() []Host {
	return slices.DeleteFunc(slices.Clone(t.Hosts), func(h Host) bool { return h.Role != "node" })
}

// Images are the references that the hosts need, each once, in order.
func (t Topology) Images() []string {
	var refs []string
	for _, h := range t.Hosts {
		if !slices.Contains(refs, h.Image) {
			refs = append(refs, h.Image)
		}
	}
	return refs
}

// WithImages returns the topology with what each reference means just now.
func (t Topology) WithImages(ids map[string]string) Topology {
	t.Hosts = slices.Clone(t.Hosts)
	for i := range t.Hosts {
		t.Hosts[i].ImageID = ids[t.Hosts[i].Image]
	}
	return t
}

// HostsFile is hosts(5) of the whole cluster, from which dnsmasq answers.
func (t Topology) HostsFile() string {
	var b strings.Builder
	for _, h := range t.Hosts {
		fmt.Fprintf(&b, "%s %s\n", h.Addr, h.Name)
	}
	return b.String()
}

// Resources is what OAR is told, one core a line: "HOST CPU CORE CPUSET". Each
// node is one CPU; CPU and core numbers are unique in the cluster, as OAR's
// resource hierarchy wants them; the cpuset counts within the node.
func (t Topology) Resources() string {
	var b strings.Builder
	core := 0
	for cpu, h := range t.Nodes() {
		for cpuset := range h.Cores {
			fmt.Fprintf(&b, "%s %d %d %d\n", h.Name, cpu, core, cpuset)
			core++
		}
	}
	return b.String()
}
