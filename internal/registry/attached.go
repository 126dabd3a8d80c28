package registry

import (
	"context"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// maxStatement bounds the size of a statement that is read. A list of a thousand
// packages has 1 MB.
const maxStatement = 64 << 20

// Attached returns the statements of a type that are attached to the images of
// the index that a reference names, by platform (os/architecture[/variant]).
// Other programs' are found as this one's, where they are in the index.
func Attached(ctx context.Context, reference, predicateType string) (map[string][]byte, error) {
	repo, found, err := get(ctx, reference)
	if err != nil {
		return nil, err
	}
	fail := func(err error) error { return fmt.Errorf("reading what is attached to %s: %w", reference, err) }
	index, err := found.ImageIndex()
	if err != nil {
		return nil, ui.WithHint(fail(err), "name an index by its tag: what is attached to one platform's image is found through it")
	}
	entries, err := index.IndexManifest()
	if err != nil {
		return nil, fail(err)
	}
	platforms, statements := map[string]string{}, map[string][]byte{}
	for _, entry := range entries.Manifests {
		if entry.Platform != nil && entry.Annotations[refTypeAnnotation] == "" {
			platforms[entry.Digest.String()] = entry.Platform.String()
		}
	}
	for _, entry := range entries.Manifests {
		platform, known := platforms[entry.Annotations[refDigestAnnotation]]
		if entry.Annotations[refTypeAnnotation] != attestationRefType || !known {
			continue
		}
		statement, err := statementOf(ctx, repo, index, entry.Digest, predicateType)
		if err != nil {
			return nil, fail(err)
		}
		if statement != nil {
			statements[platform] = statement
		}
	}
	return statements, nil
}

// statementOf reads the first statement of a type out of an attachment, nil when
// there is none.
func statementOf(ctx context.Context, repo name.Repository, index v1.ImageIndex, attachment v1.Hash, predicateType string) ([]byte, error) {
	image, err := index.Image(attachment)
	if err != nil {
		return nil, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	for _, l := range manifest.Layers {
		if l.Annotations[predicateAnnotation] != predicateType || l.MediaType != statementMediaType {
			continue
		}
		layer, err := remote.Layer(repo.Digest(l.Digest.String()), append(options(), remote.WithContext(ctx))...)
		if err != nil {
			return nil, err
		}
		content, err := layer.Compressed() // it is not, and the digest is verified
		if err != nil {
			return nil, err
		}
		defer content.Close()
		return io.ReadAll(io.LimitReader(content, maxStatement))
	}
	return nil, nil
}
