package build

import (
	"context"
	"io"

	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/llb"
)

// Graph is the graph of one image for one platform, for people to look at.
type Graph struct {
	Title string // "node for linux/amd64"
	*llb.Graph
}

// Graphs returns the graphs that [Run] would have built. It fetches nothing but
// the archive's indexes; so layers, which nobody made, are named by their inputs
// instead of their bytes.
func Graphs(ctx context.Context, o Options) ([]Graph, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	targets, archives, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	byInputs := func(_ context.Context, key string, _ func(io.Writer) error) (oci.Layer, error) {
		return oci.Layer{Manifest: digest.FromString(key)}, nil
	}
	if err := eachLayer(ctx, archives, byInputs, targets); err != nil {
		return nil, err
	}
	if err := makeGraphs(ctx, o, targets); err != nil {
		return nil, err
	}
	graphs := make([]Graph, len(targets))
	for i, t := range targets {
		graphs[i] = Graph{t.String(), t.graph}
	}
	return graphs, nil
}

// makeGraphs makes the graph of each target.
func makeGraphs(ctx context.Context, o Options, targets []*target) (err error) {
	for _, t := range targets {
		in := t.layers
		in.Recipe, in.Platform, in.Epoch, in.Store, in.NoCache = t.recipe, t.platform, t.epoch, storeID, o.NoCache
		if t.graph, err = llb.Image(ctx, in); err != nil {
			return err
		}
	}
	return nil
}
