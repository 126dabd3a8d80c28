package mirror

import (
	"slices"

	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/debian/release"
)

// Reopen returns the archive at a state that [Archive.Releases] told earlier.
// Nothing is asked of the mirror, and nothing can be resolved: Fetch brings
// packages that are known by their digests.
func Reopen(source Source, further []Further, releases []lock.Release) (*Archive, error) {
	a, err := newArchive(source)
	if err != nil {
		return nil, err
	}
	for _, f := range further {
		if err := a.addBase(f); err != nil {
			return nil, err
		}
	}
	for _, r := range releases {
		a.suites = append(a.suites, suite{name: r.Suite, archive: r.Archive, url: a.bases[r.Archive] + "/dists/" + r.Suite,
			sha256: r.SHA256, indexes: r.Indexes, release: &release.Release{Codename: r.Suite, Date: r.Date}})
	}
	return a, nil
}

// Releases tells which Release files the archive is the state of, and which
// Packages files of them are for the architectures.
func (a *Archive) Releases(archs ...string) ([]lock.Release, error) {
	releases := make([]lock.Release, len(a.suites))
	for i, s := range a.suites {
		releases[i] = lock.Release{Suite: s.name, Archive: s.archive, Date: s.release.Date.UTC(), SHA256: s.sha256}
		if s.indexes != nil && len(archs) > 0 {
			releases[i].Indexes = s.indexes
			continue
		}
		for _, arch := range slices.Compact(slices.Sorted(slices.Values(archs))) {
			lists, err := s.lists(arch)
			if err != nil {
				return nil, err
			}
			for _, l := range lists {
				releases[i].Indexes = append(releases[i].Indexes, lock.Index{Path: l.path, SHA256: l.file.SHA256, Size: l.file.Size})
			}
		}
	}
	return releases, nil
}
