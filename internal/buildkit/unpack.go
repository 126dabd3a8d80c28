package buildkit

import (
	"context"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/oarcluster/oarcluster/llb"
)

// Unpack has the platform's BuildKit unpack the result of a graph into its cache,
// and shows nothing of it. To solve a graph of sources fetches nothing: that takes
// somebody who looks into the result.
func (b *Builder) Unpack(ctx context.Context, platform string, g *llb.Graph, o Options) error {
	opt := client.SolveOpt{OCIStores: map[string]content.Store{o.StoreID: o.Store}}
	_, err := b.endpoints[platform].Client.Build(ctx, opt, "", func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		result, err := gw.Solve(ctx, gateway.SolveRequest{Definition: g.Definition.ToPB()})
		if err != nil {
			return nil, err
		}
		ref, err := result.SingleRef()
		if err == nil {
			_, err = ref.StatFile(ctx, gateway.StatRequest{Path: "/"})
		}
		return nil, err
	}, nil)
	return err
}
