package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Manifest is one platform's image, already in the repository.
type Manifest struct {
	Digest                    string // of the image manifest: sha256:<hex>
	OS, Architecture, Variant string // as in OCI image-spec, "platform"

	Statements []Statement // are attached to it
	Attached   string      // digest of the manifest by which they are; Publish fills it in
}

// Publish composes the index of the manifests, in the order given, with the
// annotations, and writes it to the repository (host[:port]/path): what is
// attached to the manifests first, then the index by digest, and then each tag,
// so that nobody meets half of it. What the registry already holds is not written
// again. It returns the index's digest. The manifests must be in the repository.
func Publish(ctx context.Context, repository string, tags []string, manifests []Manifest, annotations map[string]string) (string, error) {
	digest, err := publish(ctx, repository, tags, manifests, annotations)
	if err != nil {
		return "", ui.WithHint(fmt.Errorf("publishing %s: %w", repository, err), "see that the registry can be reached and written to (docker login)")
	}
	return digest, nil
}

// CheckNames returns an error of usage unless repository (host[:port]/path) can
// be the name of a repository and each of tags that of a tag, as the OCI
// distribution specification has them ("Pulling manifests").
func CheckNames(repository string, tags []string) error {
	refused := func(what, text string, why error, hint string) error {
		return ui.Usage(fmt.Errorf("reading %s %q: it can be no name: %w", what, text, why), "%s", hint)
	}
	repo, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil {
		return refused("repository", repository, err, "write HOST/NAME or HOST:PORT/NAME, the host with a dot or as localhost, the name in lower case")
	}
	for _, tag := range tags {
		_, err := name.NewTag(repo.Name()+":"+tag, name.StrictValidation)
		if tag == "" {
			err = errors.New("it is empty")
		}
		if err != nil {
			return refused("tag", tag, err, "write at most 128 letters, digits, underscores, dots and dashes")
		}
	}
	return nil
}

// closedBefore is how net/http says that a connection was closed before it could send the
// request: it has no value for that which others could compare.
const closedBefore = "server closed idle connection"

// passing tells whether a failed request may succeed when it is sent again: the
// registry says so, or the connection was cut or refused, as it is while one
// process takes the place of another.
func passing(err error) bool {
	if refused, ok := errors.AsType[*transport.Error](err); ok && refused.StatusCode == http.StatusTooManyRequests {
		return false // it was waited for already, see [patient]
	}
	if err != nil && strings.Contains(err.Error(), closedBefore) {
		return true
	}
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.EPIPE, syscall.ECONNRESET, syscall.ECONNREFUSED, net.ErrClosed} {
		if errors.Is(err, cause) {
			return true
		}
	}
	temporary, is := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return is && temporary.Temporary() && !errors.Is(err, context.DeadlineExceeded)
}

func publish(ctx context.Context, repository string, tags []string, manifests []Manifest, annotations map[string]string) (string, error) {
	repo, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil {
		return "", err
	}
	puller, err := remote.NewPuller(options()...)
	if err != nil {
		return "", err
	}
	pusher, err := remote.NewPusher(options()...)
	if err != nil {
		return "", err
	}
	index, attached, err := compose(ctx, puller, repo, manifests, annotations)
	if err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	refs := references(repo, digest, tags)
	there := naming(ctx, puller, refs, digest)
	for i, ref := range refs {
		if there[i] {
			continue
		}
		if i == 0 { // whoever wrote the index wrote all that it names before
			for _, image := range attached {
				if err := write(ctx, pusher, repo, image); err != nil {
					return "", fmt.Errorf("writing what is attached: %w", err)
				}
			}
		}
		if err := pusher.Put(ctx, ref, index); err != nil {
			return "", fmt.Errorf("writing %s: %w", ref, err)
		}
	}
	return digest.String(), nil
}

// naming tells of each reference whether it names what has that digest. It asks for
// all of them at once: mostly nothing changed, and then nothing else is asked.
func naming(ctx context.Context, puller *remote.Puller, refs []name.Reference, digest v1.Hash) []bool {
	there := make([]bool, len(refs))
	var asked sync.WaitGroup
	for i, ref := range refs {
		asked.Go(func() {
			found, err := puller.Head(ctx, ref)
			there[i] = err == nil && found.Digest == digest
		})
	}
	asked.Wait()
	return there
}

// options are those of every client of a registry.
func options() []remote.Option {
	return []remote.Option{
		remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithRetryPredicate(passing),
		remote.WithTransport(patient{remote.DefaultTransport, sleep}),
		remote.WithRetryStatusCodes(http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout),
	}
}

// references names the index by its digest and by each tag, in the order in
// which they may be written.
func references(repo name.Repository, digest v1.Hash, tags []string) []name.Reference {
	refs := []name.Reference{repo.Digest(digest.String())}
	for _, tag := range tags {
		refs = append(refs, repo.Tag(tag))
	}
	return refs
}

// compose returns the OCI index of the manifests, which it looks up in the
// repository, and what is attached to them; see [Compose].
func compose(ctx context.Context, puller *remote.Puller, repo name.Repository, manifests []Manifest, annotations map[string]string) (v1.ImageIndex, []v1.Image, error) {
	images := make([]v1.Image, len(manifests))
	for i, m := range manifests {
		found, err := puller.Get(ctx, repo.Digest(m.Digest))
		if err != nil {
			return nil, nil, fmt.Errorf("reading manifest %s: %w", m.Digest, err)
		}
		if images[i], err = found.Image(); err != nil {
			return nil, nil, fmt.Errorf("reading manifest %s: %w", m.Digest, err)
		}
	}
	return indexOf(images, manifests, annotations)
}
