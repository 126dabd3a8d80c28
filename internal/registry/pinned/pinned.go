// Package pinned reads images of registries that recipes name by their digests.
package pinned

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Config returns the configuration of the image for a platform that a reference
// names by its digest.
func Config(ctx context.Context, reference string, platform v1.Platform) ([]byte, error) {
	ref, err := name.NewDigest(reference)
	if err != nil {
		return nil, ui.Usage(fmt.Errorf("reading reference %q: %w", reference, err), "write NAME@sha256:…")
	}
	found, err := remote.Get(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("reading %s: %w", reference, err), "see that the registry can be reached and read from (docker login)")
	}
	image, err := found.Image()
	if found.MediaType.IsIndex() {
		index, err2 := found.ImageIndex()
		if err2 != nil {
			return nil, fmt.Errorf("reading %s: %w", reference, err2)
		}
		image, err = inIndex(index, platform)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", reference, err)
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of %s: %w", reference, err)
	}
	return config, nil
}

// inIndex returns the image for a platform.
func inIndex(index v1.ImageIndex, platform v1.Platform) (v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var has []string
	for _, m := range manifest.Manifests {
		if m.Platform == nil || m.Platform.Architecture == "unknown" {
			continue
		}
		if m.Platform.Satisfies(platform) {
			return index.Image(m.Digest)
		}
		has = append(has, m.Platform.String())
	}
	return nil, ui.Usage(fmt.Errorf("it has nothing for %s", platform), "it is for %s", strings.Join(has, ", "))
}
