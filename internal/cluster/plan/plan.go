// Package plan compares a wanted cluster with what an engine has and answers
// with the steps between them.
//
// # Policy
//
// Every step is one call of the engine and carries its cause. A plan is text: the
// dry run, the golden test and the debug log are the same. What is equal is left
// alone; what differs is replaced; what is half made (created, never started) is
// replaced too, since its files may be missing; what is paused goes on. Before a
// node's container goes OAR takes the node out of service and ends its jobs, so that
// their users see it and none is sent there meanwhile.
//
// # Boundaries
//
// Pure: [Compare] is a function of its arguments. Nothing here acts.
package plan

import (
	"fmt"
	"strings"
)

// What steps do. Each is one call, but for Reload and Drain, which are an exec.
const (
	Create = "create"
	Copy   = "copy files to"
	Start  = "start"
	Stop   = "stop"
	Reload = "reload"
	Drain  = "drain" // make OAR end the jobs of nodes that are to go
	Remove = "remove"
)

// What steps are done to, beside containers.
const (
	Network = "network"
	Volume  = "volume"
)

// Step is one call of the engine.
type Step struct {
	Op     string
	Kind   string   // what it is done to; "" for a container
	Name   string   // the container's, the network's or the volume's name
	Host   string   // the hostname in the cluster; "" for a network or a volume
	ID     string   // the engine's ID of what exists already; "" for what the plan makes
	Paused bool     // of a Start: it goes on, and does not tell again that it is ready
	Cause  string   // why; "" when it follows from a step that it needs
	Nodes  []string // the hostnames that a Drain is about
	Needs  []int    // indexes of steps that must be done before
}

// Plan is what is to be done, in an order in which it can be.
type Plan []Step

// String writes the plan, one step a line:
//
//	[1 2] -> #3 create oarcluster_node1: not there
//
// or "nothing to do".
func (p Plan) String() string {
	if len(p) == 0 {
		return "nothing to do\n"
	}
	var b strings.Builder
	for i, s := range p {
		needs := make([]string, len(s.Needs))
		for j, n := range s.Needs {
			needs[j] = fmt.Sprint(n + 1)
		}
		fmt.Fprintf(&b, "[%s] -> #%d %s %s", strings.Join(needs, " "), i+1, strings.TrimSpace(s.Op+" "+s.Kind), s.Name)
		if s.Cause != "" {
			fmt.Fprintf(&b, ": %s", s.Cause)
		}
		if len(s.Nodes) > 0 {
			fmt.Fprintf(&b, ": %s", strings.Join(s.Nodes, " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// add appends a step and returns its index. Negative needs are none.
func (p *Plan) add(s Step, needs ...int) int {
	for _, n := range needs {
		if n >= 0 {
			s.Needs = append(s.Needs, n)
		}
	}
	*p = append(*p, s)
	return len(*p) - 1
}

// Removals is the plan reduced to what it takes away, waiting for nothing else.
func (p Plan) Removals() Plan {
	var out Plan
	index := map[int]int{}
	for i, s := range p {
		if s.Op != Remove {
			continue
		}
		index[i] = len(out)
		var needs []int
		for _, n := range s.Needs {
			if j, kept := index[n]; kept {
				needs = append(needs, j)
			}
		}
		s.Needs = needs
		out = append(out, s)
	}
	return out
}

// Started are the hostnames of the containers that the plan starts, new or not; those
// that are paused have told long ago what there is to wait for.
func (p Plan) Started() []string {
	var hosts []string
	for _, s := range p {
		if s.Op == Start && !s.Paused {
			hosts = append(hosts, s.Host)
		}
	}
	return hosts
}
