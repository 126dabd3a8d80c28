package build

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/registry/pinned"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// overArchive returns the targets that are made of packages, as opposed to those
// that come from an image.
func overArchive(targets []*target) []*target {
	var list []*target
	for _, t := range targets {
		if t.recipe.Base == "" {
			list = append(list, t)
		}
	}
	return list
}

// readBases reads the configurations of the images that targets come from.
func readBases(ctx context.Context, o Options, dir string, targets []*target) error {
	for _, t := range targets {
		if t.recipe.Base == "" {
			continue
		}
		base, err := readBase(ctx, o, dir, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.recipe.File, err)
		}
		t.layers.Base, t.packages, t.epoch = base, make([][]debian.Package, len(t.recipe.Levels)), o.Epoch
		if t.epoch.IsZero() && base.Created != nil {
			t.epoch = *base.Created
		}
		if t.epoch.IsZero() {
			t.epoch = time.Unix(0, 0)
		}
	}
	return nil
}

// readBase reads the configuration of the image that a target comes from. It is
// named by a digest, so what was read once is never asked for again.
func readBase(ctx context.Context, o Options, dir string, t *target) (*ocispec.Image, error) {
	name, err := reference.ParseNormalizedNamed(t.recipe.Base)
	if err != nil {
		return nil, ui.WithCode(fmt.Errorf("reading from image %q: %w", t.recipe.Base, err), ui.CodeUsage)
	}
	platform := platforms.Format(t.platform)
	file := filepath.Join(dir, "bases", digest.FromString(name.String()+" "+platform).Encoded()+".json")
	if base := keptBase(file); base != nil {
		return base, nil
	}
	config, err := fetchBase(ctx, o, name, platform)
	if err != nil {
		return nil, err
	}
	var base ocispec.Image
	if err := json.Unmarshal(config, &base); err != nil {
		return nil, fmt.Errorf("reading the configuration of %s: %w", name, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("keeping the configuration of %s: %w", name, err)
	}
	if err := replaceFile(file, config); err != nil {
		return nil, fmt.Errorf("keeping the configuration of %s: %w", name, err)
	}
	return &base, nil
}

// keptBase returns the configuration that is kept in a file, nil when there is no
// whole one. Its use is noted, for what was not used for longest is pruned first.
func keptBase(file string) *ocispec.Image {
	config, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var base ocispec.Image
	if json.Unmarshal(config, &base) != nil {
		return nil
	}
	_ = os.Chtimes(file, time.Time{}, time.Now()) // a cache that cannot be written serves as well
	return &base
}

// fetchBase asks the registry. The program's own is served for as long as the
// context lives: the builder reads the image's layers from it.
func fetchBase(ctx context.Context, o Options, name reference.Named, platform string) ([]byte, error) {
	if o.Offline && !registry.IsLoopback(name.Name()) {
		return nil, ui.Usage(fmt.Errorf("--offline excludes reading %s, which is on another machine", name), "build once without it, or push the image to a registry at localhost")
	}
	wanted, err := v1.ParsePlatform(platform)
	if err != nil {
		return nil, err
	}
	return pinned.Config(ctx, name.String(), *wanted)
}

// serveBases serves the program's own registry while the context lives when an
// image that a target comes from is there.
func serveBases(ctx context.Context, targets []*target) error {
	for _, t := range targets {
		if t.recipe.Base == "" || !registry.IsLoopback(t.recipe.Base) {
			continue
		}
		root, err := registry.Root()
		if err != nil {
			return err
		}
		stop, _, err := registry.EnsureLoopback(ctx, t.recipe.Base, root, false)
		if err != nil {
			return err
		}
		context.AfterFunc(ctx, stop)
	}
	return nil
}

// aptStep is a step that installs packages by the image's own apt.
func aptStep(list string) string {
	return `{name: install ` + list + `, network: host, sh: "apt-get update && apt-get install -y --no-install-recommends ` + list + ` && rm -rf /var/lib/apt/lists/*"}`
}

// refuse says so when a recipe asks for packages over an image, and what to write
// instead. Which packages are in an image is known to its own dpkg alone, in
// versions that the archive may not have any more: what Depends and Breaks mean
// for them is for apt to say, in that image.
func refuse(r *recipes.Resolved) error {
	if r.Base == "" {
		return nil
	}
	var names []string
	at := recipes.Position{}
	for _, level := range r.Levels {
		for _, p := range level.Packages {
			if names = append(names, p.Name); len(names) == 1 {
				at = p.At
			}
		}
	}
	if len(names) > 0 {
		list := strings.Join(names, " ")
		return ui.Usage(fmt.Errorf("%s: packages over the image %s: what is installed there is known to its own dpkg alone", at, r.Base),
			"when you have the recipe of the image, come from that: from: NAME, or from: {recipe: …} as oarbuild --print writes it; else install them in a step: %s", aptStep(list))
	}
	for _, s := range r.Sources {
		return ui.Usage(fmt.Errorf("%s: archive %s over the image %s: nothing can be taken from it", s.At, s.Name, r.Base), "write from: {debian: \"${suite}\"}")
	}
	return nil
}
