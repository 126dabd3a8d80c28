package collect

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// marker finds out what stays.
type marker struct {
	options   Options
	files     driver.StorageDriver
	namespace distribution.Namespace

	kept      map[string]bool // blobs that stay, by digest
	bytes     int64           // of these
	manifests map[string]bool // that stay, by repository@digest
	untagged  []revision      // that do not, newest first
	dropped   []tag           // lists of referrers of what does not stay
}

// revision is a manifest in a repository.
type revision struct {
	repository string
	digest     digest.Digest
	service    distribution.ManifestService
	age        int64 // its time, in Unix nanoseconds
}

// tag is a tag to be removed.
type tag struct {
	name    string
	service distribution.TagService
}

// referrers is the form of tags under which clients keep the list of referrers
// of a manifest (OCI distribution specification, "Referrers Tag Schema").
var referrers = regexp.MustCompile(`^sha256-[0-9a-f]{64}$`)

func (r revision) String() string { return r.repository + "@" + r.digest.String() }

// mark goes through all repositories.
func (m *marker) mark(ctx context.Context) error {
	var lists []func() error
	err := m.namespace.(distribution.RepositoryEnumerator).Enumerate(ctx, func(name string) error {
		later, err := m.markTags(ctx, name)
		lists = append(lists, later...)
		return err
	})
	if err != nil && !isNotThere(err) {
		return err
	}
	slices.SortFunc(m.untagged, func(a, b revision) int {
		if a.age != b.age {
			return int(min(max(b.age-a.age, -1), 1))
		}
		return strings.Compare(a.String(), b.String())
	})
	for _, r := range m.untagged {
		if err := m.markIfItFits(ctx, r); err != nil {
			return err
		}
	}
	for _, list := range lists {
		if err := list(); err != nil {
			return err
		}
	}
	m.untagged = slices.DeleteFunc(m.untagged, func(r revision) bool { return m.manifests[r.String()] })
	return nil
}

// markTags marks what the tags of a repository lead to, and notes its other
// manifests. Lists of referrers are left for later: what they refer to must be
// known by then.
func (m *marker) markTags(ctx context.Context, name string) (later []func() error, err error) {
	named, err := reference.WithName(name)
	if err != nil {
		return nil, err
	}
	repository, err := m.namespace.Repository(ctx, named)
	if err != nil {
		return nil, err
	}
	manifests, err := repository.Manifests(ctx)
	if err != nil {
		return nil, err
	}
	tags := repository.Tags(ctx)
	all, err := tags.All(ctx)
	if _, unknown := err.(distribution.ErrRepositoryUnknown); err != nil && !unknown {
		return nil, err
	}
	for _, one := range all {
		at, err := tags.Get(ctx, one)
		if err != nil {
			return nil, fmt.Errorf("reading tag %s:%s: %w", name, one, err)
		}
		r := revision{repository: name, digest: at.Digest, service: manifests}
		if !referrers.MatchString(one) {
			if err := m.keep(ctx, r); err != nil {
				return nil, err
			}
			continue
		}
		subject := name + "@" + strings.Replace(one, "-", ":", 1)
		later = append(later, func() error {
			if m.manifests[subject] {
				return m.keep(ctx, r)
			}
			m.dropped = append(m.dropped, tag{one, tags})
			return nil
		})
	}
	err = manifests.(distribution.ManifestEnumerator).Enumerate(ctx, func(d digest.Digest) error {
		r := revision{repository: name, digest: d, service: manifests}
		info, err := m.files.Stat(ctx, dataOf(d))
		if isNotThere(err) {
			return nil
		}
		if err == nil {
			r.age = info.ModTime().UnixNano()
		}
		m.untagged = append(m.untagged, r)
		return err
	})
	if isNotThere(err) {
		err = nil
	}
	return later, err
}

// keep marks a manifest and all that it names.
func (m *marker) keep(ctx context.Context, r revision) error {
	blobs, manifests, size, err := m.reach(ctx, r)
	if err != nil {
		return err
	}
	m.take(blobs, manifests, size)
	return nil
}

func (m *marker) take(blobs []digest.Digest, manifests []string, size int64) {
	for _, d := range blobs {
		m.kept[d.String()] = true
	}
	for _, r := range manifests {
		m.manifests[r] = true
	}
	m.bytes += size
}

// markIfItFits marks a manifest that no tag leads to when it is young, or when
// it fits.
func (m *marker) markIfItFits(ctx context.Context, r revision) error {
	if m.manifests[r.String()] {
		return nil
	}
	blobs, manifests, size, err := m.reach(ctx, r)
	if err != nil {
		return err
	}
	if m.isYoung(r.age) || m.bytes+size <= m.options.Keep {
		m.take(blobs, manifests, size)
	}
	return nil
}

func (m *marker) isYoung(nanoseconds int64) bool {
	return m.options.Now.Add(-young).UnixNano() < nanoseconds
}

// reach lists what a manifest leads to that is not marked yet, and its size. A
// blob that is missing counts as nothing: the image is broken as it is.
func (m *marker) reach(ctx context.Context, r revision) (blobs []digest.Digest, manifests []string, size int64, err error) {
	todo, seen := []digest.Digest{r.digest}, map[digest.Digest]bool{}
	for len(todo) > 0 {
		d := todo[0]
		todo = todo[1:]
		if seen[d] {
			continue
		}
		seen[d] = true
		if !m.kept[d.String()] {
			info, err := m.files.Stat(ctx, dataOf(d))
			if isNotThere(err) {
				continue
			}
			if err != nil {
				return nil, nil, 0, err
			}
			blobs, size = append(blobs, d), size+info.Size()
		}
		if there, err := r.service.Exists(ctx, d); err != nil || !there {
			continue
		}
		manifest, err := r.service.Get(ctx, d)
		if err != nil {
			return nil, nil, 0, fmt.Errorf("reading manifest %s@%s: %w", r.repository, d, err)
		}
		manifests = append(manifests, revision{repository: r.repository, digest: d}.String())
		for _, named := range manifest.References() {
			todo = append(todo, named.Digest)
		}
	}
	return blobs, manifests, size, nil
}

// dataOf returns the place of a blob in the distribution's folder.
func dataOf(d digest.Digest) string {
	hex := d.Encoded()
	return "/docker/registry/v2/blobs/" + d.Algorithm().String() + "/" + hex[:2] + "/" + hex + "/data"
}
