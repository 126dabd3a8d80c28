package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/oar"
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
	resumed int    // the step after which what is paused goes on, or none
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
	p.resume(verdicts)
	ground := p.ground(t, o)
	drained := p.drain(t, o, verdicts)
	p.replace(verdicts, drained)
	knows := p.update(t, o, verdicts, drained)
	for _, c := range o.Containers {
		if _, wanted := t.Host(c.Hostname(t.Name)); !wanted {
			p.add(Step{Op: Remove, Name: c.Name, Host: c.Hostname(t.Name), ID: c.ID, Cause: "not wanted"}, append([]int{drained}, knows...)...)
		}
	}
	for _, v := range verdicts {
		p.host(v, ground)
	}
	p.settings(t, o, verdicts)
	p.dropNetworks(t, o)
	p.dropVolumes(t, o)
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
	for _, store := range t.Stores() {
		names = append(names, "volume "+store)
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
		v := verdict{host: h, removed: none, resumed: none}
		var found bool
		v.have, found = o.Host(t.Name, h.Name)
		switch {
		case !found:
			v.create, v.cause = true, "not there"
		case v.have.Config != h.Config():
			v.create, v.replace, v.cause = true, true, changes(v.have, h)
		case v.have.State == "exited":
			v.start, v.cause = true, "stopped"
		case v.have.State != "running" && v.have.State != "paused":
			v.create, v.replace, v.cause = true, true, "found "+v.have.State
		}
		vs = append(vs, v)
	}
	return vs
}

// resume plans that what is paused, and else as it is wanted, goes on: with it go on
// its jobs, and the server's database is kept.
func (p *Plan) resume(vs []verdict) {
	for i, v := range vs {
		if v.have.State == "paused" && !v.create {
			vs[i].resumed = p.add(Step{Op: Start, Paused: true, Name: v.have.Name, Host: v.host.Name, ID: v.have.ID, Cause: "paused"})
		}
	}
}

// changes names what of a container's configuration is wanted otherwise.
func changes(c cluster.Container, h cluster.Host) string {
	made, _ := c.Made()
	var differ []string
	for _, part := range []struct {
		name string
		same bool
	}{
		{"image", made.Image == h.Image && made.ImageID == h.ImageID},
		{"volumes", slices.Equal(made.Volumes, h.Volumes) && slices.Equal(made.Stores, h.Stores)},
		{"ports", maps.Equal(made.Ports, h.Ports)},
		{"memory", made.Memory == h.Memory},
		{"address", made.Addr == h.Addr && made.DNS == h.DNS},
		{"environment", slices.Equal(made.Env, h.Env)},
	} {
		if !part.same {
			differ = append(differ, part.name)
		}
	}
	if made.Name == "" || len(differ) == 0 {
		return "configuration changed"
	}
	return strings.Join(differ, ", ") + " changed"
}

// ground plans what containers stand on, the cluster's network and volumes, and
// returns the steps' indexes.
func (p *Plan) ground(t cluster.Topology, o cluster.Observed) []int {
	var steps []int
	if len(t.Hosts) > 0 && len(o.Networks) == 0 {
		steps = append(steps, p.add(Step{Op: Create, Kind: Network, Name: t.Name, Cause: t.Subnet.String()}))
	}
	for _, store := range t.Stores() {
		if !slices.Contains(o.Stores, store) {
			steps = append(steps, p.add(Step{Op: Create, Kind: Volume, Name: store, Cause: "not there"}))
		}
	}
	return steps
}

// removals are the indexes of the steps that remove containers.
func (p Plan) removals() []int {
	var steps []int
	for i, s := range p {
		if s.Op == Remove && s.Kind == "" {
			steps = append(steps, i)
		}
	}
	return steps
}

// dropNetworks plans the removal of networks that are too many: all of them when
// no host is wanted, and what a race of two deploys left. A container leaves its
// network long before it is removed altogether, so nothing is waited for that the
// engine waits for.
func (p *Plan) dropNetworks(t cluster.Topology, o cluster.Observed) {
	var first []int
	if o.Hasty {
		first = p.removals()
	}
	for i, n := range o.Networks {
		switch {
		case len(t.Hosts) == 0:
			p.add(Step{Op: Remove, Kind: Network, Name: n.Name, ID: n.ID, Cause: "not wanted"}, first...)
		case i > 0:
			p.add(Step{Op: Remove, Kind: Network, Name: n.Name, ID: n.ID, Cause: "double"})
		}
	}
}

// dropVolumes plans the removal of the volumes when no host is wanted. One that hosts
// do without meanwhile stays: the users' homes are in it.
func (p *Plan) dropVolumes(t cluster.Topology, o cluster.Observed) {
	if len(t.Hosts) > 0 {
		return
	}
	for _, store := range o.Stores {
		p.add(Step{Op: Remove, Kind: Volume, Name: store, Cause: "not wanted"}, p.removals()...)
	}
}

// drain plans that a server which stays ends the jobs of the nodes with processes that
// are to go, for good or to be made anew.
func (p *Plan) drain(t cluster.Topology, o cluster.Observed, vs []verdict) int {
	s, resumed := Step{Op: Drain}, none
	for _, v := range vs {
		if v.host.Role == "server" && !v.create && !v.start {
			s.Name, s.Host, s.ID = v.have.Name, v.host.Name, v.have.ID
			resumed = v.resumed
		}
		if v.host.Role == "node" && v.replace && (v.have.State == "running" || v.have.State == "paused") {
			s.Nodes = append(s.Nodes, v.host.Name)
		}
	}
	for _, c := range o.Containers {
		if _, wanted := t.Host(c.Hostname(t.Name)); !wanted && c.Role == "node" && c.State != "created" {
			s.Nodes = append(s.Nodes, c.Hostname(t.Name))
		}
	}
	if s.ID == "" || len(s.Nodes) == 0 {
		return none
	}
	return p.add(s, resumed)
}

// replace plans the removal of what is to be made anew.
func (p *Plan) replace(vs []verdict, drained int) {
	for i, v := range vs {
		if v.replace {
			needs := none
			if v.host.Role == "node" {
				needs = drained
			}
			vs[i].removed = p.add(Step{Op: Remove, Name: v.have.Name, Host: v.host.Name, ID: v.have.ID, Cause: v.cause}, needs)
		}
	}
}

// host plans one container: made or made anew, and started when its files are
// there. dns and server get a copy; the others see the server's, so it comes first.
// A server that is new takes longest to be ready: nodes are made when it has its
// files, so that its start has few beside it.
func (p *Plan) host(v verdict, ground []int) {
	if !v.create && !v.start {
		return
	}
	step := Step{Name: v.host.Container, Host: v.host.Name}
	op := func(op, id, cause string, needs ...int) int {
		s := step
		s.Op, s.ID, s.Cause = op, id, cause
		return p.add(s, needs...)
	}
	last := v.removed
	id, cause := v.have.ID, v.cause
	filled := p.find(Copy, "server")
	if v.create {
		needs := append([]int{last}, ground...)
		if v.host.Role == "node" && p.find(Start, "server") >= 0 {
			needs = append(needs, filled)
		}
		last = op(Create, "", v.cause, needs...)
		id, cause = "", ""
	}
	if v.host.Role == "dns" || v.host.Role == "server" {
		op(Start, id, "", op(Copy, id, cause, last))
		return
	}
	op(Start, id, cause, last, filled)
}

// find is the index of the step that does op to a host, or none.
func (p Plan) find(op, host string) int {
	return slices.IndexFunc(p, func(s Step) bool { return s.Op == op && s.Host == host })
}

// update plans what running hosts must learn: dns the names, the server its
// resources. It returns the steps after which both know the nodes that go. Names stay
// until OAR has ended what runs under them.
func (p *Plan) update(t cluster.Topology, o cluster.Observed, vs []verdict, drained int) []int {
	names, nodes := false, false
	var removed []int // the server must not meet a node that is about to be replaced
	for _, v := range vs {
		removed = append(removed, v.removed)
		_, existed := o.Host(t.Name, v.host.Name)
		names = names || !existed
		nodes = nodes || v.host.Role == "node" && (v.create || v.start || v.resumed != none)
	}
	for _, c := range o.Containers {
		if _, wanted := t.Host(c.Hostname(t.Name)); !wanted {
			names, nodes = true, true
		}
	}
	var knows []int
	for _, v := range vs {
		if v.create || v.start {
			continue
		}
		switch {
		case v.host.Role == "dns" && names, v.host.Role == "server" && nodes:
			knows = append(knows, p.tell(v.have, v.host.Name, "the hosts changed", append(removed, drained, v.resumed)...))
		case v.host.Role == "server" && len(told(t, o)) > 0:
			knows = append(knows, p.tell(v.have, v.host.Name, strings.Join(told(t, o), ", ")+" changed", append(removed, drained, v.resumed)...))
		}
	}
	return knows
}

// told names the files that the cluster's hosts have otherwise than they are wanted.
func told(t cluster.Topology, o cluster.Observed) []string {
	var names []string
	for name, text := range t.Files() {
		if o.Files[name] != text {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// settings plans that the hosts which go on running notice what concerns every
// host, once the server has it for them all.
func (p *Plan) settings(t cluster.Topology, o cluster.Observed, vs []verdict) {
	if !slices.ContainsFunc(told(t, o), oar.OnEveryHost) {
		return
	}
	filled := p.find(Copy, "server")
	for _, v := range vs {
		if !v.create && !v.start && v.host.Role != "dns" && v.host.Role != "server" {
			p.add(Step{Op: Reload, Name: v.have.Name, Host: v.host.Name, ID: v.have.ID, Cause: "settings changed"}, filled, v.resumed)
		}
	}
}

// tell plans new files for a running host, and that it notices them.
func (p *Plan) tell(c cluster.Container, host, cause string, needs ...int) int {
	step := Step{Op: Copy, Name: c.Name, Host: host, ID: c.ID, Cause: cause}
	copied := p.add(step, needs...)
	step.Op, step.Cause = Reload, ""
	return p.add(step, copied)
}

// Refresh plans to tell all hosts what the topology says, whatever they know already,
// where they run.
func (p *Plan) Refresh(t cluster.Topology, o cluster.Observed) {
	last := none
	for _, h := range t.Hosts {
		c, ok := o.Host(t.Name, h.Name)
		switch {
		case !ok || c.State != "running":
		case h.Role == "dns" || h.Role == "server":
			last = p.tell(c, h.Name, "refresh", last)
		default:
			p.add(Step{Op: Reload, Name: c.Name, Host: h.Name, ID: c.ID, Cause: "refresh"}, last)
		}
	}
}
