package cluster

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Ports on the host of the default cluster, as the old product had them.
const (
	httpPort        = 48080
	serverSSHPort   = 49217
	frontendSSHPort = 49218
)

// The volume of the cluster's keys and names, and where hosts see it. One copy
// serves all of them, and only the server, into which it is copied, can write it.
// dns has a copy of the names alone: it talks with name servers outside and needs
// no key.
const stateStore, statePath = "state", "/etc/oarcluster"

// The volume of the users' homes, the same on all hosts: what a job writes is
// where its user looks. The frontend alone fills it, so that no two hosts do.
const homeStore, homePath = "home", "/home"

// initCmd is the command of every host but dns: the services, and their logs on
// the container's standard output.
var initCmd = []string{"/sbin/my_init", "/sbin/taillogs"}

// Layout makes the wish concrete: names, addresses, ports, volumes. What runs
// already keeps its subnet, and its volumes and ports where the wish names none.
// It fails when names or ports are taken by others, or no subnet is free.
func (s Spec) Layout(o Observed) (Topology, error) {
	t := Topology{Name: s.Name, Spec: s, Machine: o.Machine}
	err := s.CheckBind(o.Machine)
	if err != nil {
		return t, err
	}
	if t.Subnet, err = s.subnet(o); err != nil {
		return t, err
	}
	frontend, err := s.ports(o, t.Subnet, "frontend", map[uint16]uint16{80: httpPort, 22: frontendSSHPort})
	if err != nil {
		return t, err
	}
	server, err := s.ports(o, t.Subnet, "server", map[uint16]uint16{22: serverSSHPort})
	if err != nil {
		return t, err
	}
	for _, at := range []netip.AddrPort{frontend[22], server[22]} {
		if frontend[80] == at {
			return t, portError(s, at, 80, "the cluster's own ssh")
		}
	}
	volumes := s.volumes(o)
	t.Hosts = append(t.Hosts, s.host("dns", "dns", offset(t.Subnet, 2), t.Subnet))
	for i, name := range []string{"server", "frontend"} {
		h := s.host(name, name, offset(t.Subnet, 3+i), t.Subnet)
		h.Ports = []map[uint16]netip.AddrPort{server, frontend}[i]
		h.mount(s.Name, volumes)
		h.Env = append(h.Env, "COLOR="+[]string{"red", "blue"}[i])
		h.Info = []string{fmt.Sprintf("NUM_NODES=%d", s.nodes())}
		t.Hosts = append(t.Hosts, h)
	}
	address := s.addresses(t.Subnet, o)
	for _, g := range s.Groups {
		for n := range g.Nodes {
			name := fmt.Sprintf("%s%d", g.Name, n+1)
			h := s.host(name, "node", address(name), t.Subnet)
			h.take(g)
			h.mount(s.Name, g.volumes(volumes))
			t.Hosts = append(t.Hosts, h)
		}
	}
	return t, nil
}

// CheckBind refuses an address of the engine's machine that nobody here could reach.
func (s Spec) CheckBind(machine string) error {
	if !strings.HasPrefix(machine, "tcp:") || !s.Bind.IsLoopback() {
		return nil
	}
	return ui.Usage(fmt.Errorf("laying out cluster %q: nobody here could reach %s of the engine's machine %s", s.Name, s.Bind, machine),
		"publish on an address that can be reached with --bind, or use an engine over ssh://")
}

func (s Spec) host(name, role string, at netip.Addr, subnet netip.Prefix) Host {
	image := role
	if role == "dns" {
		image = "dnsmasq"
	}
	h := Host{
		Name: name, Role: role, Container: containerName(s.Name, name), Addr: at,
		Image: s.Registry + "/" + image + ":" + s.Tag, Env: []string{"OAR_CLUSTER=" + s.Name},
	}
	if role != "dns" {
		h.DNS, h.Cmd = offset(subnet, 2), initCmd
	}
	return h
}

// take makes the host a node of the group.
func (h *Host) take(g Group) {
	h.Cores, h.Properties, h.Memory = g.Cores, g.Properties, g.Memory
	if g.Image != "" {
		h.Image = g.Image
	}
	h.Env = slices.Concat(h.Env, []string{"COLOR=yellow"}, g.Env)
	// oarsh_shell renices the job's shell under `set -e`, which root may do to
	// another uid's process only with this capability: without it every job dies.
	h.Caps = []string{"SYS_NICE"}
}

// mount gives a host other than dns its volumes. A user's own in the place of the
// homes is taken for them.
func (h *Host) mount(cluster string, volumes []Volume) {
	h.Volumes = volumes
	h.Stores = []Volume{{Host: containerName(cluster, stateStore), Container: statePath, ReadOnly: h.Role != "server"}}
	if !slices.ContainsFunc(volumes, func(v Volume) bool { return v.Container == homePath }) {
		h.Stores = append(h.Stores, Volume{Host: containerName(cluster, homeStore), Container: homePath, Filled: h.Role == "frontend"})
	}
}

// addresses chooses the nodes' addresses: what a container has it keeps, whether it
// is wanted or about to go; others take the first that is free.
func (s Spec) addresses(subnet netip.Prefix, o Observed) func(name string) netip.Addr {
	taken := map[netip.Addr]bool{}
	for _, c := range o.Containers {
		taken[c.Addr] = true
	}
	next := firstNode
	return func(name string) netip.Addr {
		if c, ok := o.Host(s.Name, name); ok && c.Role == "node" && subnet.Contains(c.Addr) {
			return c.Addr
		}
		for taken[offset(subnet, next)] {
			next++
		}
		next++
		return offset(subnet, next-1)
	}
}

func (s Spec) subnet(o Observed) (netip.Prefix, error) {
	if len(o.Networks) == 0 {
		return freeSubnet(s.nodes(), o.Taken)
	}
	p := o.Networks[0].Subnet
	if !p.IsValid() || !fits(p, s.nodes()+s.leaving(o)) {
		return p, ui.WithHint(fmt.Errorf("laying out cluster %q: its network %s has no room for %d nodes", s.Name, p, s.nodes()),
			"remove the cluster with `oardeploy clean %s`, then deploy it anew", s.Name)
	}
	return p, nil
}

// leaving counts the nodes that are there and not wanted: they keep their addresses
// as long as they are.
func (s Spec) leaving(o Observed) int {
	n := 0
	for _, c := range o.Containers {
		if c.Role == "node" && !s.has(c.Hostname(s.Name)) {
			n++
		}
	}
	return n
}

// has reports whether a node of the name is wanted.
func (s Spec) has(node string) bool {
	return slices.ContainsFunc(s.Groups, func(g Group) bool {
		n, ok := g.number(node)
		return ok && n <= g.Nodes
	})
}

func (s Spec) volumes(o Observed) []Volume {
	if s.Volumes != nil {
		return s.Volumes
	}
	if c, ok := o.Host(s.Name, "frontend"); ok {
		return c.Volumes
	}
	if s.Default == (Volume{}) {
		return nil
	}
	return []Volume{s.Default}
}

// ports chooses where on the host a container's ports appear. The default cluster
// has fixed ports, so that links and habits hold; others count up to free ones, from
// where their subnet begins among all: of two that are laid out at once the engine
// gives one the subnet, and so they never choose the same ports either.
func (s Spec) ports(o Observed, subnet netip.Prefix, host string, wanted map[uint16]uint16) (map[uint16]netip.AddrPort, error) {
	there, _ := o.Host(s.Name, host)
	made, _ := there.Made()
	chosen := map[uint16]netip.AddrPort{}
	for _, inside := range slices.Sorted(maps.Keys(wanted)) {
		port := wanted[inside]
		given := inside == 80 && s.HTTPPort != 0
		if given {
			port = s.HTTPPort
		}
		have, ok := made.Ports[inside]
		if ok && have.Addr() == s.Bind && (!given || have.Port() == port) && (there.State == "running" || o.Holder(have) == "") {
			chosen[inside] = have
			continue
		}
		at := netip.AddrPortFrom(s.Bind, port)
		if s.Name != DefaultName && !given {
			at = nextFree(netip.AddrPortFrom(s.Bind, port+portStep*uint16(place(subnet))), o)
		}
		if holder := o.Holder(at); holder != "" {
			return nil, portError(s, at, inside, holder)
		}
		chosen[inside] = at
	}
	return chosen, nil
}

// portStep is between the ports of one cluster and of the next.
const portStep = 10

// nextFree is the first free port above the default cluster's, which stays free
// for it.
func nextFree(at netip.AddrPort, o Observed) netip.AddrPort {
	for at.Port() < 65000 {
		at = netip.AddrPortFrom(at.Addr(), at.Port()+portStep)
		if o.Holder(at) == "" {
			break
		}
	}
	return at
}

func portError(s Spec, at netip.AddrPort, inside uint16, holder string) error {
	err := fmt.Errorf("publishing port %s for cluster %q: it is taken by %s", at, s.Name, holder)
	if inside == 80 {
		return ui.WithHint(err, "free it (`ss -ltnp 'sport = :%d'` shows who listens), or choose another with --http-port", at.Port())
	}
	return ui.WithHint(err, "free it (`ss -ltnp 'sport = :%d'` shows who listens), or deploy under another --name", at.Port())
}
