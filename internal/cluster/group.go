package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/oarcluster/oarcluster/internal/cluster/names"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Group is compute nodes of one kind.
type Group struct {
	Name       string            // what their hostnames begin with: node makes node1, node2, …
	Nodes      int               // how many
	Cores      int               // cores that OAR sees on each, 1 or more
	Memory     int64             `json:",omitempty"` // bytes that each may use; 0: no limit
	Image      string            `json:",omitempty"` // reference of their image; "": the registry's node of the spec's tag
	Env        []string          `json:",omitempty"` // further environment, NAME=VALUE
	Volumes    []Volume          `json:",omitempty"` // beside the cluster's, or in place of one with the same mount point
	Properties map[string]string `json:",omitempty"` // what OAR is told of each core
}

// MostCores is how many cores OAR may see on a node.
const MostCores = 1024

// Reserved reports whether another host has the group's name.
func (g Group) Reserved() bool {
	return slices.Contains([]string{"dns", "server", "frontend", "localhost"}, g.Name)
}

// leastMemory is what the engine asks for at least.
const leastMemory = 6 << 20

func (g Group) validate() error {
	var errs []error
	if !names.Group.MatchString(g.Name) || g.Reserved() {
		errs = append(errs, fmt.Errorf("checking group %q: want up to 20 lower case letters, digits and dashes that begin and end with a letter, and no other host's name", g.Name))
	}
	if g.Nodes < 0 {
		errs = append(errs, fmt.Errorf("checking group %q: it cannot have %d nodes", g.Name, g.Nodes))
	}
	if g.Cores < 1 || g.Cores > MostCores {
		errs = append(errs, fmt.Errorf("checking number of cores %d: want 1 to %d", g.Cores, MostCores))
	}
	if g.Memory != 0 && g.Memory < leastMemory {
		errs = append(errs, fmt.Errorf("checking memory of group %q: %d bytes, want at least %d", g.Name, g.Memory, leastMemory))
	}
	if g.Image != "" && !validReference(g.Image) {
		errs = append(errs, ui.WithHint(fmt.Errorf("checking image %q: it is no reference", g.Image),
			"give HOST[:PORT]/PATH:TAG with a path in lower case, as localhost:5000/oarcluster/mine:1"))
	}
	return errors.Join(append(errs, mountedTwice(g.Volumes))...)
}

// number is which of the group's nodes has the hostname, counted from 1.
func (g Group) number(hostname string) (int, bool) {
	digits, ok := strings.CutPrefix(hostname, g.Name)
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n > 0 && digits == strconv.Itoa(n)
}

// recall takes cores and properties from what OAR was told of the group's first
// node, by lines as [Topology.Resources] writes them.
func (g *Group) recall(resources string) {
	cores := 0
	for line := range strings.Lines(resources) {
		place, properties, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		host, _, _ := strings.Cut(place, " ")
		if n, ok := g.number(host); !ok || n != 1 {
			continue
		}
		if cores++; cores > 1 {
			continue
		}
		g.Properties = nil
		for pair := range strings.SplitSeq(properties, "\t") {
			if name, value, ok := strings.Cut(pair, "="); ok {
				if g.Properties == nil {
					g.Properties = map[string]string{}
				}
				g.Properties[name] = value
			}
		}
	}
	if cores > 0 {
		g.Cores = cores
	}
}

// volumes are those of the cluster, but where the group has one of its own.
func (g Group) volumes(common []Volume) []Volume {
	own := func(v Volume) bool {
		return slices.ContainsFunc(g.Volumes, func(o Volume) bool { return o.Container == v.Container })
	}
	return append(slices.DeleteFunc(slices.Clone(common), own), g.Volumes...)
}

// mountedTwice reports mount points that two volumes have, or that is no user's to give.
func mountedTwice(volumes []Volume) error {
	var errs []error
	seen := map[string]bool{}
	for _, v := range volumes {
		if seen[v.Container] {
			errs = append(errs, fmt.Errorf("checking volumes: %q is mounted twice", v.Container))
		}
		if v.Container == statePath {
			errs = append(errs, fmt.Errorf("checking volumes: %q holds the cluster's own keys", v.Container))
		}
		seen[v.Container] = true
	}
	return errors.Join(errs...)
}

// validPath is the engine's grammar of references (distribution's reference.go), where
// the registry client's is wider.
var validPath = regexp.MustCompile(`^[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*$`)

func validRepository(text string) bool {
	repository, err := name.NewRepository(text)
	return err == nil && validPath.MatchString(repository.RepositoryStr())
}

// validReference reports whether the engine can be asked for an image by the text.
func validReference(text string) bool {
	ref, err := name.ParseReference(text)
	if err != nil || !validPath.MatchString(ref.Context().RepositoryStr()) {
		return false
	}
	return strings.Contains(ref.Identifier(), ":") || names.Tag.MatchString(ref.Identifier())
}
