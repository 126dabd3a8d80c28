package deploy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// kept are the images that scaling takes, by reference: those that run, whatever their
// tags mean by now.
func (r *run) kept(o cluster.Observed) map[string]string {
	have := map[string]string{}
	if r.scale == nil {
		return have
	}
	oldest := slices.SortedFunc(slices.Values(o.Containers), func(a, b cluster.Container) int { return cmp.Compare(a.Created, b.Created) })
	for _, c := range oldest {
		if made, ok := c.Made(); ok {
			have[made.Image] = made.ImageID
		}
	}
	return have
}

// images are the images that the run needs, by reference.
func (r *run) images(ctx context.Context, o cluster.Observed) (map[string]string, error) {
	have := r.kept(o)
	if !slices.ContainsFunc(r.topology.Images(), func(ref string) bool { return have[ref] == "" }) {
		return have, nil
	}
	ids, err := ensureImages(ctx, r.Options, r.topology)
	if err == nil {
		maps.Copy(ids, have)
	}
	return ids, err
}

// ensureImages gets the images while their registry can be asked.
func ensureImages(ctx context.Context, o Options, t cluster.Topology) (map[string]string, error) {
	stop, err := open(ctx, o, t)
	defer stop()
	if err != nil {
		return nil, err
	}
	ids, err := images.Ensure(ctx, o.Engine, t.Images(), o.Note, o.Meter)
	if err != nil && ctx.Err() == nil && t.Machine != "" && registry.IsLoopback(t.Spec.Registry) {
		// What else could be done about it does not help here: only the words are kept.
		err = ui.WithHint(fmt.Errorf("on the engine's machine %s, whose loopback is not this one's: %v", t.Machine, err),
			"push the images to a registry that both machines reach, and name it with --registry")
	}
	return ids, err
}

// open serves the registry of this machine, should the images come from there and
// nothing else serve it, and makes it one of the engine's machine, where ssh leads
// there. Where that machine has the port itself, it has a registry of its own.
func open(ctx context.Context, o Options, t cluster.Topology) (stop func(), err error) {
	here, overSSH := t.Machine == "", strings.HasPrefix(t.Machine, "ssh:")
	if !here && !overSSH {
		return func() {}, nil
	}
	unserve, _, err := registry.EnsureLoopback(ctx, t.Spec.Registry, o.Registry, true)
	if err != nil || here || !registry.IsLoopback(t.Spec.Registry) {
		return unserve, err
	}
	host, _, _ := strings.Cut(t.Spec.Registry, "/")
	port := "80"
	if _, given, err := net.SplitHostPort(host); err == nil {
		port = given
	}
	unlend, err := o.Engine.Lend(ctx, port)
	if err != nil {
		o.Note(fmt.Sprintf("leaving %s to the engine's machine: %v", host, err))
		return unserve, nil
	}
	return func() { unlend(); unserve() }, nil
}
