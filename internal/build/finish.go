package build

import (
	"context"
	"maps"

	"github.com/containerd/platforms"
	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/registry"
)

// finish names what was built: it publishes an index for each image, once all
// images are in the registry. digests are those of the targets' manifests.
// versions tells the version of the BuildKit that built for a platform.
func finish(ctx context.Context, o Options, targets []*target, digests []string, versions func(platform string) string) ([]Image, error) {
	if o.To == buildkit.Nowhere && len(o.passOver) > 0 {
		return nil, nil
	}
	if o.To == buildkit.Nowhere {
		o.say("the images are in the builder's cache alone: --push brings them to %s, --load to the Docker Engine", o.Registry)
		return nil, nil
	}
	sets := byImage(targets)
	images := make([]Image, len(sets))
	group, ctx := errgroup.WithContext(ctx)
	for i, set := range sets {
		first := targets[set[0]]
		image := &images[i]
		*image = Image{
			Name: first.recipe.Name, Digest: digests[set[0]], InputDigest: inputsOf(pick(targets, set)), Tags: first.tags(o),
			Platforms: map[string]Platform{}, Releases: first.signed(),
		}
		for _, n := range set {
			name := platforms.Format(targets[n].platform)
			image.Platforms[name] = Platform{Digest: digests[n], InputDigest: targets[n].inputs.String(), BuildKit: versions(name)}
		}
		group.Go(func() (err error) {
			if o.To == buildkit.Registry {
				err = publish(ctx, o, pick(targets, set), image)
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

// publish writes the index of an image, with what is attested about each
// platform.
func publish(ctx context.Context, o Options, targets []*target, image *Image) error {
	manifests, notes, err := describe(o, targets, image)
	if err != nil {
		return err
	}
	if image.Digest, err = registry.Publish(ctx, targets[0].repository(o), image.Tags, manifests, notes); err != nil {
		return err
	}
	image.attached(targets, manifests)
	return nil
}

// describe returns what the index of an image is made of, with what is attested
// about each platform, and its annotations.
func describe(o Options, targets []*target, image *Image) ([]registry.Manifest, map[string]string, error) {
	var manifests []registry.Manifest
	for _, t := range targets {
		done := image.Platforms[platforms.Format(t.platform)]
		statements, err := t.statements(o, done.Digest, done.BuildKit)
		if err != nil {
			return nil, nil, err
		}
		manifests = append(manifests, registry.Manifest{
			Digest: done.Digest, OS: t.platform.OS, Architecture: t.platform.Architecture, Variant: t.platform.Variant, Statements: statements,
		})
	}
	notes := maps.Clone(targets[0].graph.Annotations)
	notes[inputLabel] = image.InputDigest
	return manifests, notes, nil
}

// attached notes what is attached to the image's platforms.
func (i *Image) attached(targets []*target, manifests []registry.Manifest) {
	for n, t := range targets {
		name := platforms.Format(t.platform)
		done := i.Platforms[name]
		done.Attestation = manifests[n].Attached
		i.Platforms[name] = done
	}
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
