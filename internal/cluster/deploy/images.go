package deploy

import (
	"context"

	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/registry"
)

// ensureImages gets the images while the registry of this machine is being served,
// should they come from there and nothing else serve it.
func ensureImages(ctx context.Context, o Options, repository string, refs []string) (map[string]string, error) {
	stop, _, err := registry.EnsureLoopback(ctx, repository, o.Registry, true)
	defer stop()
	if err != nil {
		return nil, err
	}
	return images.Ensure(ctx, o.Engine, refs, o.Note)
}
