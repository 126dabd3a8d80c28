// Package cluster is the model of an OAR cluster in containers: what is wanted
// ([Spec], [Topology], [Host]), what a container engine has ([Observed]), and how
// the first becomes concrete in view of the second ([Spec.Layout]).
//
// # Policy
//
// The engine is the database. Labels are the only state: oarcluster.name (which
// cluster) on every container, network and volume; on containers, too,
// oarcluster.role (which part), oarcluster.config (the configuration that it was
// made with) and oarcluster.spec (what its user asked for then). An object without
// our label is foreign: it is never touched, whatever its name; and so is a container
// of another name than its label says, for labels come with images. What root inside a
// container can write is trusted with nothing of this.
//
// A cluster has one bridge network with fixed addresses: the gateway is .1, dns
// .2, server .3, frontend .4, and the nodes count from .11.
//
// # Boundaries
//
// The package is pure: no engine, no files, no network, no clock. Package plan
// compares, package apply acts.
package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster/names"
	"github.com/oarcluster/oarcluster/internal/cluster/oar"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// DefaultName is the cluster that is meant when none is named. Only it has fixed
// ports on the host.
const DefaultName = "oarcluster"

// Labels of everything that belongs to a cluster; see the package comment.
const (
	LabelName   = "oarcluster.name"
	labelRole   = "oarcluster.role"
	labelConfig = "oarcluster.config"
	labelSpec   = "oarcluster.spec"
)

// maxNodes is what the largest network that is ever taken (/22) has room for.
const maxNodes = 1<<(32-largestBits) - firstNode - 1

// maxCores is how many cores all nodes may have: each is a line of what OAR is told, of
// which 16 MiB are read back (package secrets), and an object in its API's answer.
const maxCores = 1 << 16

// Spec is a cluster as its user asks for it.
type Spec struct {
	Name     string        // also the network's name and the prefix of the containers' names
	Groups   []Group       // the compute nodes, 1 or more in all
	Registry string        // where the images are, as "localhost:5000/oarcluster"
	Tag      string        // which images, as "2.6.1"
	Bind     netip.Addr    // host address on which ports are published
	HTTPPort uint16        // host port of the web pages; 0: the running cluster's, else the default
	Volumes  []Volume      // nil: the running cluster's, else Default
	Default  Volume        // the volume of a new cluster whose user names none; may be none as well
	OAR      *oar.Settings `json:",omitempty"` // nil: as the running cluster has them
}

// ValidateName reports a name that no cluster can have. Every name that a user
// gives is checked before anything is looked for under it: names become labels,
// and paths of folders that are removed.
func (s Spec) ValidateName() error {
	if slices.Contains([]string{"bridge", "default", "host", "none"}, s.Name) {
		return ui.WithHint(fmt.Errorf("checking cluster name %q: the cluster's network would have it, and engines keep it for one of their own", s.Name),
			"choose another one with --name")
	}
	if names.Cluster.MatchString(s.Name) {
		return nil
	}
	return ui.WithHint(fmt.Errorf("checking cluster name %q: want up to 32 lower case letters, digits and inner dashes", s.Name),
		"oardeploy status lists the clusters there are")
}

// Validate reports every value that no cluster can have, all at once.
func (s Spec) Validate() error {
	errs := []error{s.ValidateName(), s.validateImages()}
	if n := s.nodes(); n < 1 || n > maxNodes {
		errs = append(errs, fmt.Errorf("checking number of nodes %d: want 1 to %d", n, maxNodes))
	}
	cores, seen := 0, map[string]bool{}
	for _, g := range s.Groups {
		cores += g.Nodes * g.Cores
		errs = append(errs, g.validate())
		if seen[g.Name] {
			errs = append(errs, fmt.Errorf("checking groups: there are two of name %q", g.Name))
		}
		seen[g.Name] = true
	}
	if cores > maxCores {
		errs = append(errs, fmt.Errorf("checking number of cores of all nodes %d: want at most %d", cores, maxCores))
	}
	return errors.Join(append(errs, mountedTwice(s.Volumes))...)
}

// nodes is the number of compute nodes.
func (s Spec) nodes() int {
	n := 0
	for _, g := range s.Groups {
		n += g.Nodes
	}
	return n
}

// validateImages reports a registry or tag of which no reference can be made.
func (s Spec) validateImages() error {
	var errs []error
	if !validRepository(s.Registry + "/server") {
		errs = append(errs, ui.WithHint(fmt.Errorf("checking registry %q: no image can be there", s.Registry),
			"give HOST[:PORT]/PATH with a path in lower case, as localhost:5000/oarcluster"))
	}
	if !names.Tag.MatchString(s.Tag) {
		errs = append(errs, ui.WithHint(fmt.Errorf("checking tag %q: no image can have it", s.Tag),
			"give up to 128 letters, digits, dots, dashes and underscores, as 2.6.1"))
	}
	return errors.Join(errs...)
}

// Scaled is the spec with other numbers of nodes, by the names of their groups; "" is
// the only one.
func (s Spec) Scaled(nodes map[string]int) (Spec, error) {
	s.Groups = slices.Clone(s.Groups)
	var names []string
	for _, g := range s.Groups {
		names = append(names, g.Name)
	}
	for name, n := range nodes {
		i := slices.Index(names, name)
		if name == "" && len(names) == 1 {
			i = 0
		}
		if i < 0 {
			return s, ui.WithHint(fmt.Errorf("scaling cluster %q: it has no group %q", s.Name, name), "its groups are %q: oardeploy scale GROUP=NODES", names)
		}
		s.Groups[i].Nodes = n
	}
	return s, s.Validate()
}

// Widened is the spec with all nodes that there are, also those that are not
// wanted: what a run that fails goes back to.
func (s Spec) Widened(o Observed) Spec {
	s.Groups = slices.Clone(s.Groups)
	for _, c := range o.Containers {
		if c.Role == "node" {
			s.widen(c.Hostname(s.Name))
		}
	}
	return s
}

// widen makes room for a node. What is not known of a group that is not wanted any
// more plays no part: its nodes are not made again.
func (s *Spec) widen(node string) {
	for i, g := range s.Groups {
		if n, ok := g.number(node); ok {
			s.Groups[i].Nodes = max(g.Nodes, n)
			return
		}
	}
	name := strings.TrimRight(node, "0123456789")
	if n, ok := (Group{Name: name}).number(node); ok && names.Group.MatchString(name) {
		s.Groups = append(s.Groups, Group{Name: name, Nodes: n, Cores: 1})
	}
}
