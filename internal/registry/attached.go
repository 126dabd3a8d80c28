package registry

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// maxStatement bounds the size of a statement that is read. A list of a thousand
// packages has 1 MB.
const maxStatement = 64 << 20

// Attached returns the manifests of the index that a reference names, one for
// each image in it, each with all statements of a type that are attached to it.
// Other programs' are found as this one's, where they are in the index. Whether
// they are about the manifest is in them, and not looked at.
func Attached(ctx context.Context, reference, predicateType string) ([]Manifest, error) {
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
	var manifests []Manifest
	for _, entry := range entries.Manifests {
		if p := entry.Platform; p != nil && entry.Annotations[refTypeAnnotation] == "" {
			manifests = append(manifests, Manifest{Digest: entry.Digest.String(), OS: p.OS, Architecture: p.Architecture, Variant: p.Variant})
		}
	}
	for _, entry := range entries.Manifests {
		about := slices.IndexFunc(manifests, func(m Manifest) bool { return m.Digest == entry.Annotations[refDigestAnnotation] })
		if entry.Annotations[refTypeAnnotation] != attestationRefType || about < 0 {
			continue
		}
		statements, err := statementsOf(ctx, repo, index, entry.Digest, predicateType)
		if err != nil {
			return nil, fail(err)
		}
		manifests[about].Statements = append(manifests[about].Statements, statements...)
	}
	return manifests, nil
}

// statementsOf reads the statements of a type out of an attachment.
func statementsOf(ctx context.Context, repo name.Repository, index v1.ImageIndex, attachment v1.Hash, predicateType string) ([]Statement, error) {
	image, err := index.Image(attachment)
	if err != nil {
		return nil, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	var statements []Statement
	for _, l := range manifest.Layers {
		if l.Annotations[predicateAnnotation] != predicateType || l.MediaType != statementMediaType {
			continue
		}
		data, err := statementIn(ctx, repo, l.Digest)
		if err != nil {
			return nil, err
		}
		statements = append(statements, Statement{PredicateType: predicateType, JSON: data})
	}
	return statements, nil
}

// statementIn reads the blob of a statement.
func statementIn(ctx context.Context, repo name.Repository, digest v1.Hash) ([]byte, error) {
	layer, err := remote.Layer(repo.Digest(digest.String()), append(options(), remote.WithContext(ctx))...)
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
