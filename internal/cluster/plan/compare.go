package plan

import (
	"fmt"
	"slices"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// none is the index of a step that does not exist.
const none = -1

// verdict is what is to become of one wanted host.
type verdict struct {
	host    cluster.Host
	have    cluster.Container
	create  bool   // there is none, or it must be replaced
	replace bool   // remove what is there first
	start   bool   // it is there, as wanted, but does not run
	cause   string // of any of them
	removed int    // the step that removes what is replaced, or none
}

// Compare plans the way from what is observed to what is wanted. A topology
// without hosts asks for the cluster's removal. A name that is taken by a foreign
// container or network is an error: it is not ours to move.
func Compare(t cluster.Topology, o cluster.Observed) (Plan, error) {
	if err := foreign(t, o); err != nil {
		return nil, err
	}
	var p Plan
	verdicts := judge(t, o)
	network := p.network(t, o)
	p.replace(verdicts)
	forgotten := p.update(t, o, verdicts)
	var removed []int
	for _, c := range o.Containers {
		if _, wanted := t.Host(c.Hostname(t.Name)); !wanted {
			removed = append(removed, p.add(Step{Op: Remove, Name: c.Name, Host: c.Hostname(t.Name), ID: c.ID, Cause: "not wanted"}, forgotten))
		}
	}
	for _, v := range verdicts {
		p.host(v, network)
	}
	p.dropNetworks(t, o, removed)
	return p, nil
}

func foreign(t cluster.Topology, o cluster.Observed) error {
	if len(t.Hosts) == 0 {
		return nil
	}
	names := []string{"network " + t.Name}
	for _, h := range t.Hosts {
		names = append(names, "container "+h.Container)
	}
	for _, n := range names {
		if slices.Contains(o.Foreign, n) {
			return ui.WithHint(fmt.Errorf("comparing cluster %q: the %s exists already, and oardeploy did not make it", t.Name, n),
				"remove or rename it, or deploy under another --name")
		}
	}
	return nil
}

func judge(t cluster.Topology, o cluster.Observed) []verdict {
	var vs []verdict
	for _, h := range t.Hosts {
		v := verdict{host: h, removed: none}
		var found bool
		v.have, found = o.Host(t.Name, h.Name)
		switch {
		case !found:
			v.create, v.cause = true, "not there"
		case v.have.Config != h.Config():
			v.create, v.replace, v.cause = true, true, "configuration changed"
		case v.have.State == "exited":
			v.start, v.cause = true, "stopped"
		case v.have.State != "running":
			v.create, v.replace, v.cause = true, true, "found "+v.have.State
		}
		vs = append(vs, v)
	}
	return vs
}

// network plans the cluster's network and returns the step's index, or none.
func (p *Plan) network(t cluster.Topology, o cluster.Observed) int {
	if len(t.Hosts) == 0 || len(o.Networks) > 0 {
		return none
	}
	return p.add(Step{Op: CreateNetwork, Name: t.Name, Cause: t.Subnet.String()})
}

// dropNetworks plans the removal of networks that are too many: all of them when
// no host is wanted, and what a race of two deploys left.
func (p *Plan) dropNetworks(t cluster.Topology, o cluster.Observed, removed []int) {
	for i, n := range o.Networks {
		switch {
		case len(t.Hosts) == 0:
			p.add(Step{Op: RemoveNetwork, Name: n.Name, ID: n.ID, Cause: "not wanted"}, removed...)
		case i > 0:
			p.add(Step{Op: RemoveNetwork, Name: n.Name, ID: n.ID, Cause: "double"})
		}
	}
}

// replace plans the removal of what is to be made anew.
func (p *Plan) replace(vs []verdict) {
	for i, v := range vs {
		if v.replace {
			vs[i].removed = p.add(Step{Op: Remove, Name: v.have.Name, Host: v.host.Name, ID: v.have.ID, Cause: v.cause})
		}
	}
}

// host plans one container: made or made anew, its files copied in, started.
func (p *Plan) host(v verdict, network int) {
	if !v.create && !v.start {
		return
	}
	step := Step{Name: v.host.Container, Host: v.host.Name}
	op := func(op Op, id, cause string, needs ...int) int {
		s := step
		s.Op, s.ID, s.Cause = op, id, cause
		return p.add(s, needs...)
	}
	last := v.removed
	id, cause := v.have.ID, v.cause
	if v.create {
		last = op(Create, "", v.cause, network, last)
		id, cause = "", ""
	}
	last = op(Copy, id, cause, last)
	op(Start, id, "", last)
}

// update plans what running hosts must learn: dns the names, the server its
// resources. It returns the step after which OAR knows the nodes that go.
func (p *Plan) update(t cluster.Topology, o cluster.Observed, vs []verdict) int {
	names, nodes := false, false
	var removed []int // the server must not meet a node that is about to be replaced
	for _, v := range vs {
		removed = append(removed, v.removed)
		_, existed := o.Host(t.Name, v.host.Name)
		names = names || !existed
		nodes = nodes || v.host.Role == "node" && (v.create || v.start)
	}
	for _, c := range o.Containers {
		if _, wanted := t.Host(c.Hostname(t.Name)); !wanted {
			names, nodes = true, true
		}
	}
	last := none
	for _, v := range vs {
		kept := !v.create && !v.start
		if kept && (v.host.Role == "dns" && names || v.host.Role == "server" && nodes) {
			last = p.tell(v.have, v.host.Name, "the hosts changed", append(removed, last)...)
		}
	}
	return last
}

// tell plans new files for a running host, and that it notices them.
func (p *Plan) tell(c cluster.Container, host, cause string, needs ...int) int {
	step := Step{Op: Copy, Name: c.Name, Host: host, ID: c.ID, Cause: cause}
	copied := p.add(step, needs...)
	step.Op, step.Cause = Reload, ""
	return p.add(step, copied)
}

// Refresh plans to tell dns and server of the topology's hosts, whatever they know
// already, where they run.
func Refresh(t cluster.Topology, o cluster.Observed) Plan {
	var p Plan
	last := none
	for _, host := range []string{"dns", "server"} {
		if c, ok := o.Host(t.Name, host); ok && c.State == "running" {
			last = p.tell(c, host, "refresh", last)
		}
	}
	return p
}
