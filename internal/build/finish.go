package build

import (
	"context"

	"github.com/containerd/platforms"
	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/registry"
)

// finish names what was built: it publishes an index for each image, once all
// images are in the registry. digests are those of the targets' manifests.
func finish(ctx context.Context, o Options, targets []*target, digests []string) ([]Image, error) {
	if o.To == buildkit.Nowhere && len(o.passOver) > 0 {
		return nil, nil
	}
	if o.To == buildkit.Nowhere {
		o.say("the images are in the builder's cache alone: --push brings them to %s, --load to the Docker Engine", o.Registry)
		return nil, nil
	}
	var images []Image
	group, ctx := errgroup.WithContext(ctx)
	sets := byImage(targets)
	images = make([]Image, len(sets))
	for i, set := range sets {
		first := targets[set[0]]
		image := &images[i]
		*image = Image{Name: first.recipe.Name, Tags: first.tags(o), Digest: digests[set[0]], Platforms: map[string]string{}}
		var manifests []registry.Manifest
		for _, n := range set {
			p := targets[n].platform
			image.Platforms[platforms.Format(p)] = digests[n]
			manifests = append(manifests, registry.Manifest{Digest: digests[n], OS: p.OS, Architecture: p.Architecture, Variant: p.Variant})
		}
		group.Go(func() (err error) {
			if o.To == buildkit.Registry {
				image.Digest, err = registry.Publish(ctx, first.repository(o), image.Tags, manifests, first.graph.Annotations)
			}
			image.Reference = first.names(o)[0] + "@" + image.Digest
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return images, nil
}

// byImage groups the numbers of targets by image, in order.
func byImage(targets []*target) [][]int {
	var sets [][]int
	place := map[string]int{}
	for n, t := range targets {
		i, ok := place[t.recipe.Name]
		if !ok {
			i = len(sets)
			place[t.recipe.Name] = i
			sets = append(sets, nil)
		}
		sets[i] = append(sets[i], n)
	}
	return sets
}
