package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
)

// Image tells what a reference means on the engine just now: the image's ID and
// the digests under which registries have it. An image that is not there has "".
func (d *Docker) Image(ctx context.Context, ref string) (id string, digests []string, err error) {
	r, err := d.api.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("inspecting image %q: %w", ref, err)
	}
	for _, repo := range r.RepoDigests {
		_, digest, _ := strings.Cut(repo, "@")
		digests = append(digests, digest)
	}
	return r.ID, digests, nil
}

// Published asks, through the engine, for the digest that a reference has in its
// registry.
func (d *Docker) Published(ctx context.Context, ref string) (string, error) {
	auth, err := credentials(ctx, ref)
	if err != nil {
		return "", err
	}
	r, err := d.api.DistributionInspect(ctx, ref, client.DistributionInspectOptions{EncodedRegistryAuth: auth})
	if err != nil {
		return "", fmt.Errorf("asking the registry for %q: %w", ref, err)
	}
	return r.Descriptor.Digest.String(), nil
}

// Pull makes the engine fetch an image and returns when it is there.
func (d *Docker) Pull(ctx context.Context, ref string) error {
	auth, err := credentials(ctx, ref)
	if err != nil {
		return err
	}
	r, err := d.api.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: auth})
	if err != nil {
		return fmt.Errorf("pulling %q: %w", ref, err)
	}
	defer r.Close()
	if err := r.Wait(ctx); err != nil {
		return fmt.Errorf("pulling %q: %w", ref, err)
	}
	return nil
}

// credentials finds what Docker's config and credential helpers hold for the
// registry of ref, in the form in which the engine takes it.
func credentials(ctx context.Context, ref string) (string, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return "", fmt.Errorf("reading image reference %q: %w", ref, err)
	}
	found, err := authn.Resolve(ctx, authn.DefaultKeychain, parsed.Context().Registry)
	if err != nil {
		return "", fmt.Errorf("looking up the credentials for %q: %w", parsed.Context().RegistryStr(), err)
	}
	c, err := authn.Authorization(ctx, found)
	if err != nil {
		return "", fmt.Errorf("looking up the credentials for %q: %w", parsed.Context().RegistryStr(), err)
	}
	return authconfig.Encode(registry.AuthConfig{
		Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken,
	})
}
