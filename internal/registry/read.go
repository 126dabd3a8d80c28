package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Annotations returns those of the index or manifest that a reference
// (REPOSITORY:TAG or REPOSITORY@DIGEST) names, none when there is no such image.
func Annotations(ctx context.Context, reference string) (map[string]string, error) {
	_, found, err := get(ctx, reference)
	failed, ok := errors.AsType[*transport.Error](err)
	if ok && failed.StatusCode == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(found.Manifest, &manifest); err != nil {
		return nil, fmt.Errorf("reading the manifest of %s: %w", reference, err)
	}
	return manifest.Annotations, nil
}

// get reads what a reference names, and in which repository that is.
func get(ctx context.Context, reference string) (repo name.Repository, found *remote.Descriptor, err error) {
	ref, err := name.ParseReference(reference, name.StrictValidation)
	if err != nil {
		return repo, nil, ui.Usage(fmt.Errorf("reading reference %q: %w", reference, err), "write HOST:PORT/REPOSITORY:TAG or HOST:PORT/REPOSITORY@sha256:…")
	}
	repo = ref.Context()
	found, err = remote.Get(ref, append(options(), remote.WithContext(ctx))...)
	if err != nil {
		return repo, nil, ui.WithHint(fmt.Errorf("reading %s: %w", reference, err), "see that the registry can be reached and read from (docker login)")
	}
	return repo, found, nil
}
