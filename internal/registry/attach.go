package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// How BuildKit marks what it attaches to images (its docs/attestations), by
// which buildx and others find it.
const (
	attestationType     = "application/vnd.docker.attestation.manifest.v1+json"
	statementMediaType  = "application/vnd.in-toto+json"
	predicateAnnotation = "in-toto.io/predicate-type"
	refTypeAnnotation   = "vnd.docker.reference.type"
	refDigestAnnotation = "vnd.docker.reference.digest"
	attestationRefType  = "attestation-manifest"
)

// Statement is an in-toto statement that is attached to an image.
type Statement struct {
	PredicateType string
	JSON          []byte
}

// unknown is the platform of what is attached: nobody runs it.
var unknown = v1.Platform{OS: "unknown", Architecture: "unknown"}

// attachment is the image whose layers are statements about another one.
//
// One manifest serves both ways of looking for it. Its entry in the index has
// BuildKit's annotations, for buildx. It names its subject and its own type, for
// those who ask for referrers (OCI distribution specification 1.1). Its config
// is that of an ordinary image and not the empty one, which older engines,
// skopeo and go-containerregistry do not take in an index.
type attachment struct {
	manifest, config []byte
	layers           map[v1.Hash]v1.Layer
}

// attach returns the image of the statements about subject, and its entry in the
// index.
func attach(subject v1.Descriptor, statements []Statement) (v1.Image, v1.Descriptor, error) {
	entry := v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: &unknown, Annotations: map[string]string{
		refTypeAnnotation: attestationRefType, refDigestAnnotation: subject.Digest.String(),
	}}
	a, err := newAttachment(subject, statements)
	if err != nil {
		return nil, entry, err
	}
	if entry.Digest, entry.Size, err = v1.SHA256(bytes.NewReader(a.manifest)); err != nil {
		return nil, entry, err
	}
	image, err := partial.CompressedToImage(a)
	return image, entry, err
}

func newAttachment(subject v1.Descriptor, statements []Statement) (*attachment, error) {
	a := &attachment{layers: map[v1.Hash]v1.Layer{}}
	manifest := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: attestationType,
		Subject: &v1.Descriptor{MediaType: subject.MediaType, Size: subject.Size, Digest: subject.Digest},
	}
	config := v1.ConfigFile{OS: unknown.OS, Architecture: unknown.Architecture, RootFS: v1.RootFS{Type: "layers"}}
	for _, s := range statements {
		layer := static.NewLayer(s.JSON, statementMediaType)
		digest, size, err := v1.SHA256(bytes.NewReader(s.JSON))
		if err != nil {
			return nil, err
		}
		a.layers[digest] = layer
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest)
		manifest.Layers = append(manifest.Layers, v1.Descriptor{
			MediaType: statementMediaType, Size: size, Digest: digest,
			Annotations: map[string]string{predicateAnnotation: s.PredicateType},
		})
	}
	var err error
	if a.config, err = json.Marshal(config); err != nil {
		return nil, err
	}
	manifest.Config.MediaType = types.OCIConfigJSON
	if manifest.Config.Digest, manifest.Config.Size, err = v1.SHA256(bytes.NewReader(a.config)); err != nil {
		return nil, err
	}
	a.manifest, err = json.Marshal(manifest)
	return a, err
}

// RawConfigFile, MediaType, RawManifest and LayerByDigest are what
// [partial.CompressedToImage] makes an image of.
func (a *attachment) RawConfigFile() ([]byte, error)      { return a.config, nil }
func (a *attachment) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (a *attachment) RawManifest() ([]byte, error)        { return a.manifest, nil }
func (a *attachment) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if layer, ok := a.layers[h]; ok {
		return layer, nil
	}
	return nil, fmt.Errorf("no statement has digest %s", h)
}

// write writes an attachment into a repository, also when it is there already:
// its manifest may be, but not yet the list of referrers that a registry without
// such lists of its own wants from its clients.
func write(ctx context.Context, pusher *remote.Pusher, repo name.Repository, image v1.Image) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	config, err := partial.ConfigLayer(image)
	if err != nil {
		return err
	}
	for _, layer := range append(layers, config) {
		if err := pusher.Upload(ctx, repo, layer); err != nil {
			return err
		}
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	return pusher.Put(ctx, repo.Digest(digest.String()), image)
}
