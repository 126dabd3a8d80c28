package registry

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Compose returns the index of the images, one for each manifest, with what is
// attached to them, for a place other than a registry: all that it names is in
// it. [Publish] would write the same index of the same images.
func Compose(images []v1.Image, manifests []Manifest, annotations map[string]string) (v1.ImageIndex, error) {
	index, _, err := indexOf(images, manifests, annotations)
	return index, err
}

// indexOf returns the index, and the images of what is attached. These come last
// in the index, for there are programs that take its first entry.
func indexOf(images []v1.Image, manifests []Manifest, annotations map[string]string) (v1.ImageIndex, []v1.Image, error) {
	var entries, attachments []mutate.IndexAddendum
	var attached []v1.Image
	for i := range manifests {
		m := &manifests[i]
		entry, err := partial.Descriptor(images[i])
		if err != nil {
			return nil, nil, err
		}
		subject := *entry
		entry.Platform = &v1.Platform{OS: m.OS, Architecture: m.Architecture, Variant: m.Variant}
		entries = append(entries, mutate.IndexAddendum{Add: images[i], Descriptor: *entry})
		if len(m.Statements) == 0 {
			continue
		}
		about, entryOfIt, err := attach(subject, m.Statements)
		if err != nil {
			return nil, nil, err
		}
		m.Attached = entryOfIt.Digest.String()
		attached = append(attached, about)
		attachments = append(attachments, mutate.IndexAddendum{Add: about, Descriptor: entryOfIt})
	}
	index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), append(entries, attachments...)...)
	return mutate.Annotations(index, annotations).(v1.ImageIndex), attached, nil
}
