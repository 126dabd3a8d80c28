package build

import (
	"context"

	"github.com/oarcluster/oarcluster/llb"
)

// Graphs returns the graphs that [Run] would have built. It fetches nothing but
// the archive's indexes; so layers, which nobody made, are named by their inputs
// instead of their bytes.
func Graphs(ctx context.Context, o Options) ([]*llb.Graph, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	o.drawing = true
	targets, archives, leave, err := prepare(ctx, o)
	defer leave()
	if err != nil {
		return nil, err
	}
	if err := inputGraphs(ctx, archives, targets); err != nil {
		return nil, err
	}
	graphs := make([]*llb.Graph, len(targets))
	for i, t := range targets {
		graphs[i] = t.graph
	}
	return graphs, nil
}

// makeGraphs makes the graph of each target.
func makeGraphs(ctx context.Context, targets []*target) (err error) {
	for _, t := range targets {
		if t.graph, err = llb.Image(ctx, t.input()); err != nil {
			return err
		}
	}
	return nil
}

// input is what the target's graph is made of.
func (t *target) input() llb.Input {
	in := t.layers
	in.Recipe, in.Platform, in.Epoch, in.Store = t.recipe, t.platform, t.epoch, storeID
	return in
}
