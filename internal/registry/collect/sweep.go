package collect

import (
	"context"
	"slices"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// sweep removes what is not marked: tags and manifests first, so that whoever
// comes in the middle of it finds no manifest whose layers are gone.
func (m *marker) sweep(ctx context.Context) (*Removed, error) {
	removed := &Removed{}
	vacuum := storage.NewVacuum(ctx, m.files)
	for _, t := range m.dropped {
		if m.options.DryRun {
			break
		}
		if err := t.service.Untag(ctx, t.name); err != nil && !isNotThere(err) {
			return nil, err
		}
	}
	for _, r := range m.untagged {
		removed.Manifests = append(removed.Manifests, r.String())
		if m.options.DryRun {
			continue
		}
		tags, err := m.tagsOf(ctx, r.repository)
		if err != nil {
			return nil, err
		}
		if err := vacuum.RemoveManifest(r.repository, r.digest, tags); err != nil {
			return nil, err
		}
	}
	slices.Sort(removed.Manifests)
	if err := m.sweepBlobs(ctx, vacuum, removed); err != nil {
		return nil, err
	}
	if !m.options.DryRun {
		if err := m.sweepLinks(ctx, vacuum); err != nil {
			return nil, err
		}
		// What cannot be removed is met again the next time.
		_, _ = storage.PurgeUploads(ctx, m.files, m.options.Now.Add(-24*young), true)
	}
	return removed, nil
}

// tagsOf returns the tags whose history may name a manifest.
func (m *marker) tagsOf(ctx context.Context, name string) ([]string, error) {
	repository, err := m.repository(ctx, name)
	if err != nil {
		return nil, err
	}
	tags, err := repository.Tags(ctx).All(ctx)
	if _, unknown := err.(distribution.ErrRepositoryUnknown); unknown {
		return nil, nil
	}
	return tags, err
}

func (m *marker) repository(ctx context.Context, name string) (distribution.Repository, error) {
	named, err := reference.WithName(name)
	if err != nil {
		return nil, err
	}
	return m.namespace.Repository(ctx, named)
}

// sweepBlobs removes the blobs that are neither marked nor young.
func (m *marker) sweepBlobs(ctx context.Context, vacuum storage.Vacuum, removed *Removed) error {
	var gone []digest.Digest
	err := m.namespace.Blobs().Enumerate(ctx, func(d digest.Digest) error {
		info, err := m.files.Stat(ctx, dataOf(d))
		switch {
		case isNotThere(err):
		case err != nil:
			return err
		case m.kept[d.String()] || m.isYoung(info.ModTime().UnixNano()):
			m.kept[d.String()] = true
			removed.Stays += info.Size()
		default:
			gone = append(gone, d)
			removed.Bytes += info.Size()
		}
		return nil
	})
	if err != nil && !isNotThere(err) {
		return err
	}
	removed.Blobs = len(gone)
	for _, d := range gone {
		if m.options.DryRun {
			break
		}
		if err := vacuum.RemoveBlob(d.String()); err != nil {
			return err
		}
	}
	return nil
}

// sweepLinks removes from repositories the links to blobs that are gone.
func (m *marker) sweepLinks(ctx context.Context, vacuum storage.Vacuum) error {
	return ignoreMissing(m.namespace.(distribution.RepositoryEnumerator).Enumerate(ctx, func(name string) error {
		repository, err := m.repository(ctx, name)
		if err != nil {
			return err
		}
		var gone []digest.Digest
		blobs := repository.Blobs(ctx).(distribution.ManifestEnumerator)
		err = ignoreMissing(blobs.Enumerate(ctx, func(d digest.Digest) error {
			if !m.kept[d.String()] {
				gone = append(gone, d)
			}
			return nil
		}))
		for _, d := range gone {
			if err == nil {
				err = vacuum.RemoveLayer(name, d)
			}
		}
		return err
	}))
}

// ignoreMissing takes a folder that is not there for an empty one.
func ignoreMissing(err error) error {
	if isNotThere(err) {
		return nil
	}
	return err
}
