package build

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/oarcluster/oarcluster/internal/build/files"
	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/llb"
	"github.com/oarcluster/oarcluster/recipes"
)

// target is one image for one platform, and what the stages found out about it.
type target struct {
	recipe   *recipes.Resolved
	platform ocispec.Platform
	arch     string // as Debian calls the platform

	locked    []lock.Release     // of the lock that says which packages, nil without one
	packages  [][]debian.Package // by level, each without those of the levels below
	eatmydata []debian.Package   // what libeatmydata needs, the library's package first
	native    []debian.Package   // of another architecture, see nativeArch
	epoch     time.Time
	releases  []lock.Release // that the packages follow from
	inputs    digest.Digest  // of all that the image is made of
	layers    llb.Input      // what the graph is made of
	graph     *llb.Graph
}

func (t *target) String() string {
	return t.recipe.Name + " for " + platforms.Format(t.platform)
}

// repository returns the image's repository.
func (t *target) repository(o Options) string { return o.Registry + "/" + t.recipe.Name }

// tags returns the image's tags: those asked for, else the recipe's, else latest.
func (t *target) tags(o Options) []string {
	switch {
	case len(o.Tags) > 0:
		return o.Tags
	case len(t.recipe.Tags) > 0:
		return t.recipe.Tags
	}
	return []string{"latest"}
}

// names returns the image's full names.
func (t *target) names(o Options) []string {
	var names []string
	for _, tag := range t.tags(o) {
		names = append(names, t.repository(o)+":"+tag)
	}
	return names
}

// plan reads the recipes and pairs them with platforms, image by image: with
// this machine's when the options name none.
func plan(o Options) ([]*target, error) {
	return planFor(o, func(*recipes.Resolved) []string { return []string{platforms.DefaultString()} })
}

// planFor is plan with other platforms for when the options name none.
func planFor(o Options, platforms func(*recipes.Resolved) []string) ([]*target, error) {
	list, err := Load(o)
	if err != nil {
		return nil, err
	}
	steps, err := again(o, list)
	if err != nil {
		return nil, err
	}
	var targets []*target
	var missing error
	for _, recipe := range list {
		if err := refuse(recipe); err != nil {
			return nil, err
		}
		wanted := o.Platforms
		if len(wanted) == 0 {
			wanted = platforms(recipe)
		}
		for _, name := range wanted {
			t, err := newTarget(recipe, name)
			if err != nil {
				return nil, err
			}
			if missing == nil && !o.drawing {
				missing = o.Grants.Check(t.recipe)
			}
			t.layers.NoCache, t.layers.Again, t.layers.PassOver = o.NoCache, steps, o.passOver
			if !slices.ContainsFunc(targets, func(other *target) bool { return other.String() == t.String() }) { // linux/arm64 is linux/arm64/v8
				targets = append(targets, t)
			}
		}
	}
	return targets, missing
}

// Load reads the recipes that the options name, and looks for the folders of
// files that these name. What is wrong with them is a mistake of usage, and all
// of it is told at once; then, whether they can be built for the platforms that
// the options name.
func Load(o Options) ([]*recipes.Resolved, error) {
	names := o.Recipes
	if len(names) == 0 {
		names = recipes.Shipped()
	}
	list, err := files.Load(names, o.Set)
	if err != nil {
		return list, err
	}
	for _, recipe := range list {
		for _, name := range o.Platforms {
			if _, err := newTarget(recipe, name); err != nil {
				return list, err
			}
		}
	}
	return list, nil
}

// newTarget pairs a recipe with the platform of that name. A recipe that lists
// platforms can be built for no other one. Every error is one of usage.
func newTarget(recipe *recipes.Resolved, name string) (*target, error) {
	platform, err := platforms.Parse(name)
	if err != nil {
		return nil, ui.Usage(fmt.Errorf("reading platform %q: %w", name, err), "write it as linux/amd64 or linux/arm64")
	}
	platform = platforms.Normalize(platform)
	arch, ok := debianArch(platform)
	if !ok {
		return nil, ui.Usage(fmt.Errorf("building %s for %s: Debian has no such architecture", recipe.Name, name), "--platform linux/amd64 is one")
	}
	listed := len(recipe.Platforms) == 0 || slices.ContainsFunc(recipe.Platforms, func(p string) bool {
		other, err := platforms.Parse(p)
		return err == nil && platforms.OnlyStrict(other).Match(platform)
	})
	if !listed {
		return nil, ui.Usage(fmt.Errorf("building %s for %s: %s is for %s", recipe.Name, name, recipe.File, strings.Join(recipe.Platforms, ", ")),
			"name one of these with --platform, or add it to the recipe's platforms")
	}
	return &target{recipe: recipe.For(platforms.Format(platform)), platform: platform, arch: arch}, nil
}

// debianArch returns Debian's name of a platform (dpkg's cputable).
func debianArch(p ocispec.Platform) (string, bool) {
	if p.OS != "linux" {
		return "", false
	}
	arch, ok := map[string]string{
		"amd64": "amd64", "arm64": "arm64", "386": "i386", "arm/v7": "armhf", "arm/v5": "armel",
		"ppc64le": "ppc64el", "riscv64": "riscv64", "s390x": "s390x",
	}[strings.TrimSuffix(p.Architecture+"/"+p.Variant, "/")]
	return arch, ok
}

// cacheDir returns the folder of what can be fetched or made again.
func cacheDir() (string, error) { return cache.Dir() }
