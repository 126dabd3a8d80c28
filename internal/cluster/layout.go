package cluster

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Ports on the host of the default cluster, as the old product had them.
const (
	httpPort        = 48080
	serverSSHPort   = 49217
	frontendSSHPort = 49218
)

// initCmd is the command of every host but dns: the services, and their logs on
// the container's standard output.
var initCmd = []string{"/sbin/my_init", "/sbin/taillogs"}

// Layout makes the wish concrete: names, addresses, ports, volumes. What runs
// already keeps its subnet, and its volumes and ports where the wish names none.
// It fails when names or ports are taken by others, or no subnet is free.
func (s Spec) Layout(o Observed) (Topology, error) {
	t := Topology{Name: s.Name}
	var err error
	if t.Subnet, err = s.subnet(o); err != nil {
		return t, err
	}
	frontend, err := s.ports(o, "frontend", map[uint16]uint16{80: httpPort, 22: frontendSSHPort})
	if err != nil {
		return t, err
	}
	server, err := s.ports(o, "server", map[uint16]uint16{22: serverSSHPort})
	if err != nil {
		return t, err
	}
	volumes := s.volumes(o)
	t.Hosts = append(t.Hosts, s.host("dns", "dns", t.Subnet, 2))
	for i, h := range []Host{s.host("server", "server", t.Subnet, 3), s.host("frontend", "frontend", t.Subnet, 4)} {
		h.Ports = []map[uint16]netip.AddrPort{server, frontend}[i]
		h.Volumes = volumes
		h.Env = append(h.Env, "COLOR="+[]string{"red", "blue"}[i])
		h.Info = []string{fmt.Sprintf("NUM_NODES=%d", s.Nodes)}
		t.Hosts = append(t.Hosts, h)
	}
	for n := 1; n <= s.Nodes; n++ {
		h := s.host(fmt.Sprintf("node%d", n), "node", t.Subnet, firstNode+n-1)
		h.Volumes, h.Cores = volumes, s.Cores
		h.Env = append(h.Env, "COLOR=yellow")
		// oarsh_shell renices the job's shell under `set -e`, which root may do to
		// another uid's process only with this capability: without it every job dies.
		h.Caps = []string{"SYS_NICE"}
		t.Hosts = append(t.Hosts, h)
	}
	return t, nil
}

func (s Spec) host(name, role string, subnet netip.Prefix, n int) Host {
	image := role
	if role == "dns" {
		image = "dnsmasq"
	}
	h := Host{
		Name: name, Role: role, Container: containerName(s.Name, name), Addr: offset(subnet, n),
		Image: s.Registry + "/" + image + ":" + s.Tag, Env: []string{"OAR_CLUSTER=" + s.Name},
	}
	if role != "dns" {
		h.DNS, h.Cmd = offset(subnet, 2), initCmd
	}
	return h
}

func (s Spec) subnet(o Observed) (netip.Prefix, error) {
	if len(o.Networks) == 0 {
		return freeSubnet(s.Nodes, o.Taken)
	}
	p := o.Networks[0].Subnet
	if !p.IsValid() || !fits(p, s.Nodes) {
		return p, ui.WithHint(fmt.Errorf("laying out cluster %q: its network %s has no room for %d nodes", s.Name, p, s.Nodes),
			"remove the cluster with `oardeploy clean %s`, then deploy it anew", s.Name)
	}
	return p, nil
}

func (s Spec) volumes(o Observed) []Volume {
	if s.Volumes != nil {
		return s.Volumes
	}
	if c, ok := o.Host(s.Name, "frontend"); ok {
		return c.Volumes
	}
	return []Volume{s.Default}
}

// ports chooses where on the host a container's ports appear. The default cluster
// has fixed ports, so that links and habits hold; others count up to free ones.
func (s Spec) ports(o Observed, host string, wanted map[uint16]uint16) (map[uint16]netip.AddrPort, error) {
	running, _ := o.Host(s.Name, host)
	chosen := map[uint16]netip.AddrPort{}
	for _, inside := range slices.Sorted(maps.Keys(wanted)) {
		port := wanted[inside]
		given := inside == 80 && s.HTTPPort != 0
		if given {
			port = s.HTTPPort
		}
		have, ok := running.Ports[inside]
		if ok && have.Addr() == s.Bind && (!given || have.Port() == port) {
			chosen[inside] = have
			continue
		}
		at := netip.AddrPortFrom(s.Bind, port)
		if s.Name != DefaultName && !given {
			at = nextFree(at, o)
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
