// Package cluster is the model of an OAR cluster in containers: what is wanted
// ([Spec], [Topology], [Host]), what a container engine has ([Observed]), and how
// the first becomes concrete in view of the second ([Spec.Layout]).
//
// # Policy
//
// The engine is the database. Three labels on every container and network are
// the only state: oarcluster.name (which cluster), oarcluster.role (which part)
// and oarcluster.config (a hash of the configuration that it was made with). An
// object without our label is foreign: it is never touched, whatever its name.
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
	"regexp"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// DefaultName is the cluster that is meant when none is named. Only it has fixed
// ports on the host.
const DefaultName = "oarcluster"

// Labels of everything that belongs to a cluster; see the package comment.
const (
	LabelName   = "oarcluster.name"
	LabelRole   = "oarcluster.role"
	LabelConfig = "oarcluster.config"
)

// maxNodes is what the largest network that is ever taken (/20) has room for.
const maxNodes = 1<<(32-largestBits) - firstNode - 1

// Spec is a cluster as its user asks for it.
type Spec struct {
	Name     string     // also the network's name and the prefix of the containers' names
	Nodes    int        // number of compute nodes, 1 or more
	Cores    int        // cores that OAR sees on each node, 1 or more
	Registry string     // where the images are, as "localhost:5000/oarcluster"
	Tag      string     // which images, as "2.6.1"
	Bind     netip.Addr // host address on which ports are published
	HTTPPort uint16     // host port of the web pages; 0: the running cluster's, else the default
	Volumes  []Volume   // nil: the running cluster's, else Default
	Default  Volume     // the volume of a new cluster whose user names none
}

var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// The engine's grammar of references (distribution's reference.go), where the
// registry client's is wider.
var (
	validPath = regexp.MustCompile(`^[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*$`)
	validTag  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
)

// ValidateName reports a name that no cluster can have. Every name that a user
// gives is checked before anything is looked for under it: names become labels,
// and paths of folders that are removed.
func (s Spec) ValidateName() error {
	if validName.MatchString(s.Name) {
		return nil
	}
	return ui.WithHint(fmt.Errorf("checking cluster name %q: want up to 32 lower case letters, digits and inner dashes", s.Name),
		"oardeploy status lists the clusters there are")
}

// Validate reports every value that no cluster can have, all at once.
func (s Spec) Validate() error {
	errs := []error{s.ValidateName(), s.validateImages()}
	if s.Nodes < 1 || s.Nodes > maxNodes {
		errs = append(errs, fmt.Errorf("checking number of nodes %d: want 1 to %d", s.Nodes, maxNodes))
	}
	if s.Cores < 1 || s.Cores > 1024 {
		errs = append(errs, fmt.Errorf("checking number of cores %d: want 1 to 1024", s.Cores))
	}
	seen := map[string]bool{}
	for _, v := range s.Volumes {
		if seen[v.Container] {
			errs = append(errs, fmt.Errorf("checking volumes: %q is mounted twice", v.Container))
		}
		seen[v.Container] = true
	}
	return errors.Join(errs...)
}

// validateImages reports a registry or tag of which no reference can be made.
func (s Spec) validateImages() error {
	var errs []error
	if repository, err := name.NewRepository(s.Registry + "/server"); err != nil || !validPath.MatchString(repository.RepositoryStr()) {
		errs = append(errs, ui.WithHint(fmt.Errorf("checking registry %q: no image can be there", s.Registry),
			"give HOST[:PORT]/PATH with a path in lower case, as localhost:5000/oarcluster"))
	}
	if !validTag.MatchString(s.Tag) {
		errs = append(errs, ui.WithHint(fmt.Errorf("checking tag %q: no image can have it", s.Tag),
			"give up to 128 letters, digits, dots, dashes and underscores, as 2.6.1"))
	}
	return errors.Join(errs...)
}
