package build

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

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
	stop, _, err := ensureRegistry(ctx, name)
	if err != nil {
		return nil, err
	}
	defer stop()
	statements, err := registry.Attached(ctx, name, sbom.PredicateType)
	if err != nil {
		return nil, err
	}
	if len(statements) == 0 {
		return nil, ui.WithHint(fmt.Errorf("reading the packages of %s: no list of them is attached to it", name), "push it by oarbuild, without --sbom=false")
	}
	var sets []pkgdiff.Set
	for _, platform := range slices.Sorted(maps.Keys(statements)) {
		set, err := setOf(platform, statements[platform])
		if err != nil {
			return nil, fmt.Errorf("reading the packages of %s for %s: %w", name, platform, err)
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// isReference tells whether name can only be meant for an image: a lock has no
// tag.
func isReference(name string) bool {
	_, last, found := strings.Cut(name, "/")
	return found && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, ".") && strings.ContainsAny(last, ":@")
}

// setOf returns the packages that a statement lists.
func setOf(platform string, statement []byte) (pkgdiff.Set, error) {
	set := pkgdiff.Set{Title: platform}
	spdx, err := attest.Predicate(statement)
	if err != nil {
		return set, err
	}
	packages, err := sbom.Packages(spdx)
	for _, p := range packages {
		set.Packages = append(set.Packages, pkgdiff.Package{Name: p.Name, Version: p.Version, Architecture: p.Architecture, SHA256: p.SHA256})
	}
	return set, err
}
