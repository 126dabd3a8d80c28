package registry

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Manifest is one platform's image, already in the repository.
type Manifest struct {
	Digest                    string // of the image manifest: sha256:<hex>
	OS, Architecture, Variant string // as in OCI image-spec, "platform"
}

// Publish composes the index of the manifests, in the order given, with the
// annotations, and writes it to the repository (host[:port]/path) by digest and
// then under each tag. What the registry already holds is not written again.
// It returns the index's digest. The manifests must be in the repository.
func Publish(ctx context.Context, repository string, tags []string, manifests []Manifest, annotations map[string]string) (string, error) {
	digest, err := publish(ctx, repository, tags, manifests, annotations)
	if err != nil {
		return "", ui.WithHint(fmt.Errorf("publishing %s: %w", repository, err), "see that the registry can be reached and written to (docker login)")
	}
	return digest, nil
}

func publish(ctx context.Context, repository string, tags []string, manifests []Manifest, annotations map[string]string) (string, error) {
	repo, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil {
		return "", ui.WithCode(err, ui.CodeUsage)
	}
	puller, err := remote.NewPuller(remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return "", err
	}
	pusher, err := remote.NewPusher(remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return "", err
	}
	index, err := compose(ctx, puller, repo, manifests, annotations)
	if err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	refs := []name.Reference{repo.Digest(digest.String())}
	for _, tag := range tags {
		refs = append(refs, repo.Tag(tag))
	}
	for _, ref := range refs {
		if there, err := puller.Head(ctx, ref); err == nil && there.Digest == digest {
			continue
		}
		if err := pusher.Put(ctx, ref, index); err != nil {
			return "", fmt.Errorf("writing %s: %w", ref, err)
		}
	}
	return digest.String(), nil
}

// compose returns the OCI index of the manifests, which it looks up for their
// size and type.
func compose(ctx context.Context, puller *remote.Puller, repo name.Repository, manifests []Manifest, annotations map[string]string) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, m := range manifests {
		found, err := puller.Get(ctx, repo.Digest(m.Digest))
		if err != nil {
			return nil, fmt.Errorf("reading manifest %s: %w", m.Digest, err)
		}
		image, err := found.Image()
		if err != nil {
			return nil, fmt.Errorf("reading manifest %s: %w", m.Digest, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
			MediaType: found.MediaType, Size: found.Size, Digest: found.Digest,
			Platform: &v1.Platform{OS: m.OS, Architecture: m.Architecture, Variant: m.Variant},
		}})
	}
	return mutate.Annotations(index, annotations).(v1.ImageIndex), nil
}
