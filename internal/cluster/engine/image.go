package engine

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster/images"
	own "github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Image tells what a reference means on the engine just now: the image's ID and
// the digests under which registries have it. An image that is not there has "";
// one for another kind of machine is an error.
func (d *Docker) Image(ctx context.Context, ref string) (id string, digests []string, err error) {
	r, err := d.api.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return "", nil, nil
	}
	if err == nil {
		err = d.fits(ctx, []string{r.Architecture})
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
// registry; Podman's engine cannot be asked that, so this machine asks. An image that
// has none for the engine's kind of machine is an error.
func (d *Docker) Published(ctx context.Context, ref string) (string, error) {
	auth, err := credentials(ctx, ref)
	if err != nil {
		return "", err
	}
	if v, err := d.version(ctx); err != nil || isPodman(v) {
		return head(ctx, ref, err)
	}
	r, err := d.api.DistributionInspect(ctx, ref, client.DistributionInspectOptions{EncodedRegistryAuth: auth})
	switch {
	case err == nil:
		var architectures []string
		for _, p := range r.Platforms {
			architectures = append(architectures, p.Architecture)
		}
		err = d.fits(ctx, architectures)
	case errdefs.IsUnauthorized(err) || errdefs.IsPermissionDenied(err):
		err = ui.WithHint(err, "log in to the registry first, with docker login")
	default:
		err = d.apart(ctx, ref, err)
	}
	if err != nil {
		return "", fmt.Errorf("asking the registry for %q: %w", ref, err)
	}
	return r.Descriptor.Digest.String(), nil
}

// apart adds what to do to the error of a registry on the loopback that Docker's engine
// did not find, when it runs without root: its network is not this machine's. Podman's
// pulls on this machine's.
func (d *Docker) apart(ctx context.Context, ref string, err error) error {
	if !own.IsLoopback(ref) {
		return err
	}
	if r, failed := d.api.Info(ctx, client.InfoOptions{}); failed != nil || !rootless(r.Info) {
		return err
	}
	return ui.WithHint(err, "the loopback of an engine without root is its own: load the images into it (oarbuild --output 'type=docker,dest={name}.tar', then docker load --input each of them), or push them to a registry that it reaches, and name that with --registry")
}

// head asks the registry for a reference's digest from this machine, unless there
// is an error already.
func head(ctx context.Context, ref string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return "", fmt.Errorf("reading image reference %q: %w", ref, err)
	}
	r, err := remote.Head(parsed, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return "", fmt.Errorf("asking the registry for %q: %w", ref, err)
	}
	return r.Digest.String(), nil
}

// fits reports an image that is for other architectures than the engine's. None
// named means that nobody knows.
func (d *Docker) fits(ctx context.Context, architectures []string) error {
	v, err := d.version(ctx)
	if err != nil {
		return err
	}
	known := slices.DeleteFunc(architectures, func(a string) bool { return a == "" || a == "unknown" })
	if len(known) == 0 || slices.Contains(known, v.Arch) {
		return nil
	}
	return ui.WithHint(fmt.Errorf("it is for %s, and the engine's machine is %s", strings.Join(known, ", "), v.Arch),
		"build it for that too: oarbuild --platform linux/%s,linux/%s --push", v.Arch, known[0])
}

// Pull makes the engine fetch an image and returns when it is there, or when nothing is
// heard of it for long. told hears of each layer as it comes.
func (d *Docker) Pull(ctx context.Context, ref string, told func(images.Layer)) error {
	auth, err := credentials(ctx, ref)
	if err != nil {
		return err
	}
	limit := d.connections.ResponseHeaderTimeout
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	messages, err := d.pull(ctx, ref, auth)
	if err != nil {
		return unpulled(ref, err)
	}
	silence := time.AfterFunc(limit, func() { cancel(fmt.Errorf("the engine told nothing of it for %s", limit)) })
	defer silence.Stop()
	for m, err := range messages {
		silence.Reset(limit)
		if err == nil && m.Error != nil {
			err = m.Error
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return unpulled(ref, err)
		}
		if l, ok := layer(m); ok {
			told(l)
		}
	}
	return nil
}

// pull begins to pull an image, as the engine wants to be asked.
func (d *Docker) pull(ctx context.Context, ref, auth string) (iter.Seq2[jsonstream.Message, error], error) {
	if own.IsLoopback(ref) {
		if v, err := d.version(ctx); err != nil {
			return nil, err
		} else if isPodman(v) {
			return d.pullPlainly(ctx, ref, auth)
		}
	}
	r, err := d.api.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: auth})
	if err != nil {
		return nil, err
	}
	return r.JSONMessages(ctx), nil
}

func unpulled(ref string, err error) error {
	return ui.WithHint(fmt.Errorf("pulling %q: %w", ref, err), "`oardeploy doctor` looks at the engine's disk; what was pulled is kept for the next try")
}

// layer reads what a message of a pull tells of a layer. Only "Downloading" counts
// its bytes: engines count something of their own while they unpack.
func layer(m jsonstream.Message) (images.Layer, bool) {
	l := images.Layer{ID: m.ID}
	switch m.Status {
	case "Pulling fs layer", "Waiting":
	case "Downloading":
		if m.Progress != nil {
			l.Done, l.Total = m.Progress.Current, m.Progress.Total
		}
	case "Already exists", "Pull complete":
		l.Ready = true
	default:
		return l, false
	}
	return l, m.ID != ""
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
		return "", noCredentials(parsed, err)
	}
	c, err := authn.Authorization(ctx, found)
	if err != nil {
		return "", noCredentials(parsed, err)
	}
	return authconfig.Encode(registry.AuthConfig{
		Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken,
	})
}

func noCredentials(ref name.Reference, err error) error {
	return ui.WithHint(fmt.Errorf("looking up the credentials for %q: %w", ref.Context().RegistryStr(), err),
		"mend credsStore and credHelpers in docker's config.json, which name helpers that keep passwords")
}
