package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/containerd/platforms"

	"github.com/oarcluster/oarcluster/internal/attest"
	"github.com/oarcluster/oarcluster/internal/pkgdiff"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/sbom"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Sets reads the sets of packages, one for each platform, of a lock file or of
// a published image (REPOSITORY:TAG or REPOSITORY@DIGEST), to compare them with
// others.
func Sets(ctx context.Context, name string) ([]pkgdiff.Set, error) {
	if _, err := os.Stat(name); err == nil || !isReference(name) {
		return setsOfLock(name)
	}
	if !strings.ContainsAny(path.Base(name), ":@") {
		return nil, ui.Usage(fmt.Errorf("reading the packages of %s: it has neither a tag nor a digest", name), "add :TAG, or name a lock that is there")
	}
	stop, _, err := ensureRegistry(ctx, name, false)
	if err != nil {
		return nil, err
	}
	defer stop()
	manifests, err := registry.Attached(ctx, name, sbom.PredicateType)
	if err != nil {
		return nil, err
	}
	sets, err := setsOf(manifests)
	if err != nil {
		return nil, fmt.Errorf("reading the packages of %s: %w", name, err)
	}
	if len(sets) == 0 {
		return nil, ui.WithHint(fmt.Errorf("reading the packages of %s: no list of them is attached to it", name), "push it by oarbuild, without --sbom=false")
	}
	return sets, nil
}

// setsOf returns the packages of those manifests that have a list of them, by
// platform.
func setsOf(manifests []registry.Manifest) ([]pkgdiff.Set, error) {
	byPlatform := map[string]pkgdiff.Set{}
	for _, m := range manifests {
		if len(m.Statements) == 0 {
			continue
		}
		title := strings.TrimSuffix(m.OS+"/"+m.Architecture+"/"+m.Variant, "/")
		set, err := setOf(title, m)
		if _, twice := byPlatform[title]; twice && err == nil {
			err = errors.New("there are two images for it")
		}
		if err != nil {
			return nil, fmt.Errorf("for platform %q: %w", title, err)
		}
		byPlatform[title] = set
	}
	var sets []pkgdiff.Set
	for _, platform := range slices.Sorted(maps.Keys(byPlatform)) {
		sets = append(sets, byPlatform[platform])
	}
	return sets, nil
}

// isReference tells whether name can only be meant for an image: it has a tag or
// a digest, or begins with a registry.
func isReference(name string) bool {
	first, rest, found := strings.Cut(name, "/")
	if !found || first == "" || first == "." || first == ".." {
		return false
	}
	return strings.ContainsAny(rest, ":@") || strings.ContainsAny(first, ".:") || first == "localhost"
}

// setOf returns the packages that the one statement attached to a manifest lists.
func setOf(platform string, m registry.Manifest) (pkgdiff.Set, error) {
	set := pkgdiff.Set{Title: platform}
	if _, err := platforms.Parse(platform); err != nil {
		return set, err // it is to be printed
	}
	if n := len(m.Statements); n != 1 {
		return set, fmt.Errorf("%d lists of them are attached, and which one is true nobody knows", n)
	}
	spdx, err := attest.Predicate(m.Statements[0].JSON, m.Digest, sbom.PredicateType)
	if err != nil {
		return set, err
	}
	packages, err := sbom.Packages(spdx)
	for _, p := range packages {
		set.Packages = append(set.Packages, pkgdiff.Package{Name: p.Name, Version: p.Version, Architecture: p.Architecture, SHA256: p.SHA256})
	}
	return set, err
}
