package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster/oar"
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
	Stores    []Volume                  `json:",omitempty"` // volumes of the engine: their Host is a name
	Ports     map[uint16]netip.AddrPort `json:",omitempty"` // port in the container → address on the host
	Memory    int64                     `json:",omitempty"` // bytes that it may use; 0: no limit

	// Info is environment that tells how the cluster was when the host was made.
	// It is no part of the configuration: adding a node must not replace the server.
	Info []string `json:"-"`

	// Cores and Properties are what OAR is told of a node. They are no part of the
	// configuration either: OAR is told anew.
	Cores      int               `json:"-"`
	Properties map[string]string `json:"-"`
}

// Config is the host's configuration as JSON: equal for equal configurations.
func (h Host) Config() string { return text(h) }

// text is the JSON form of a Host or a Spec. They are strings, numbers and
// addresses, which always have one.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Labels are the labels of a host's container.
func (t Topology) Labels(h Host) map[string]string {
	return map[string]string{LabelName: t.Name, labelRole: h.Role, labelConfig: h.Config(), labelSpec: text(t.Spec)}
}

// Topology is a cluster down to its last address: what the engine should have.
type Topology struct {
	Name    string
	Machine string // where it is; see [Observed]
	Spec    Spec   // what it was laid out for
	Subnet  netip.Prefix
	Hosts   []Host // dns, server, frontend, node1 …

	// Was stands in for what OAR is told of the hosts: what it was told before.
	Was map[string]string
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

// Stores are the volumes of the engine that the hosts share, each once, in order.
func (t Topology) Stores() []string {
	var names []string
	for _, h := range t.Hosts {
		for _, v := range h.Stores {
			if !slices.Contains(names, v.Host) {
				names = append(names, v.Host)
			}
		}
	}
	return names
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

// Files are what the hosts are told, by name in the folder that they share.
func (t Topology) Files() map[string]string {
	files := map[string]string{"resources": t.Resources()}
	if t.Was != nil {
		// What it was not told of before is empty: a file cannot be taken back.
		files = oar.Settings{}.Whole().Files()
		maps.Copy(files, t.Was)
		files["resources"] = t.surviving(files["resources"])
	} else if t.Spec.OAR != nil {
		maps.Copy(files, t.Spec.OAR.Files())
	}
	files["hosts"] = t.HostsFile()
	return files
}

// surviving are the lines of resources whose hosts the topology has.
func (t Topology) surviving(resources string) string {
	kept := ""
	for line := range strings.Lines(resources) {
		name, _, _ := strings.Cut(line, " ")
		if _, ok := t.Host(name); ok {
			kept += line
		}
	}
	return kept
}

// HostsFile is hosts(5) of the whole cluster, from which dnsmasq answers.
func (t Topology) HostsFile() string {
	var b strings.Builder
	for _, h := range t.Hosts {
		fmt.Fprintf(&b, "%s %s\n", h.Addr, h.Name)
	}
	return b.String()
}

// Resources is what OAR is told, one core a line: "HOST CPU CORE CPUSET", and for
// each property a tab and "NAME=VALUE". Each node is one CPU; CPU and core numbers
// are unique in the cluster, as OAR's resource hierarchy wants them; the cpuset
// counts within the node.
func (t Topology) Resources() string {
	var b strings.Builder
	core := 0
	for cpu, h := range t.Nodes() {
		properties := ""
		for _, name := range slices.Sorted(maps.Keys(h.Properties)) {
			properties += "\t" + name + "=" + h.Properties[name]
		}
		for cpuset := range h.Cores {
			fmt.Fprintf(&b, "%s %d %d %d%s\n", h.Name, cpu, core, cpuset, properties)
			core++
		}
	}
	return b.String()
}
