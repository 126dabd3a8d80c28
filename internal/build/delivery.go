package build

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/buildkit/cache"
	"github.com/oarcluster/oarcluster/internal/buildkit/compression"
	"github.com/oarcluster/oarcluster/internal/output"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Delivery says what becomes of the images, as it is written on the command
// line. The zero value of a field means its default.
type Delivery struct {
	Output      string    // type=TYPE,dest=FILE, when the images go to files; see package output
	Stdout      io.Writer // gets an output whose dest is "-"
	Compression string    // TYPE[:LEVEL] of layers; default: uncompressed on the loopback, which costs less than it saves, else gzip
	CacheTo     []string  // where BuildKit's cache goes to, beside its own; see package cache
	CacheFrom   []string  // where it comes from
}

// delivery is the same, read.
type delivery struct {
	output   output.Spec
	compress compression.Kind
	to, from []cache.Spec
}

// delivery reads what becomes of the images. Every error is one of usage.
func (o Options) delivery() (d delivery, err error) {
	if o.To == buildkit.Files {
		if d.output, err = output.Parse(o.Output); err != nil {
			return d, err
		}
	}
	fallback := "gzip"
	if o.To == buildkit.Registry && registry.IsLoopback(o.Registry) {
		fallback = "uncompressed"
	}
	if d.compress, err = compression.Parse(cmp.Or(o.Compression, fallback)); err != nil {
		return d, ui.Usage(fmt.Errorf("reading --compression %q: %w", o.Compression, err),
			"write uncompressed, gzip, estargz or zstd, with a level as in zstd:19 if need be")
	}
	if o.Compression != "" && o.To != buildkit.Registry && d.output.Type != "oci" {
		return d, ui.Usage(errors.New("--compression is for images in a registry or an image layout alone"), "use it with --push or --output type=oci")
	}
	if d.to, err = cache.ParseTo(o.CacheTo); err != nil {
		return d, err
	}
	d.from, err = cache.ParseFrom(o.CacheFrom)
	return d, err
}

// checkOffline refuses what cannot be had from this machine alone.
func (o Options) checkOffline() error {
	if !o.Offline {
		return nil
	}
	if away := !registry.IsLoopback(o.Registry); away && o.To == buildkit.Registry {
		return ui.Usage(fmt.Errorf("--offline excludes pushing to %s, which is not on this machine", o.Registry), "push to a registry at localhost, or leave --offline out")
	} else if away && o.IfChanged {
		return ui.Usage(fmt.Errorf("--offline excludes comparing with %s, which is not on this machine", o.Registry), "leave --if-changed or --offline out")
	}
	d, err := o.delivery()
	if err != nil {
		return err
	}
	for _, s := range slices.Concat(d.to, d.from) {
		if s.Away(registry.IsLoopback) {
			return ui.Usage(errors.New("--offline excludes a cache of BuildKit that is not on this machine"), "write type=local with --cache-to and --cache-from, or leave --offline out")
		}
	}
	return nil
}

// openSink prepares the files that the targets go to, if they do.
func openSink(o Options, targets []*target) (*output.Sink, error) {
	d, err := o.delivery()
	if err != nil || o.To != buildkit.Files {
		return nil, err
	}
	items := make([]output.Item, len(targets))
	for i, t := range targets {
		items[i] = output.Item{Name: t.recipe.Name, Arch: t.archName()}
	}
	return output.Open(d.output, items, o.Stdout)
}

// archName is the target's architecture in names of files and tags.
func (t *target) archName() string {
	return strings.TrimSuffix(t.platform.Architecture+"-"+t.platform.Variant, "-")
}

// jobs returns what the builder is to do for the targets.
func (d delivery) jobs(o Options, targets []*target, sink *output.Sink) []buildkit.Job {
	jobs := make([]buildkit.Job, len(targets))
	for i, t := range targets {
		job := buildkit.Job{Title: t.String(), Platform: platforms.Format(t.platform), Epoch: t.epoch, Names: t.names(o)}
		if sink != nil {
			job.Export = sink.Export(i)
		}
		for _, s := range d.to {
			job.CacheTo = append(job.CacheTo, s.For(t.recipe.Name, t.archName(), registry.IsLoopback))
		}
		for _, s := range d.from {
			e := s.For(t.recipe.Name, t.archName(), registry.IsLoopback)
			if dir := cache.Missing(e); dir != "" {
				o.warn(fmt.Sprintf("%s has no cache to read yet (--cache-from)", dir))
				continue
			}
			job.CacheFrom = append(job.CacheFrom, e)
		}
		jobs[i] = job
	}
	return jobs
}

// deliver brings what the builder wrote to its files, and tells of each image
// where it is.
func deliver(o Options, sink *output.Sink, targets []*target, images []Image) error {
	sets := byImage(targets)
	parts := make([]output.Image, len(sets))
	described := make([][]registry.Manifest, len(sets))
	for i, set := range sets {
		image, own := &images[i], pick(targets, set)
		parts[i] = output.Image{Items: set, Full: own[0].names(o)}
		for _, tag := range image.Tags {
			parts[i].Names = append(parts[i].Names, image.Name+":"+tag)
		}
		parts[i].Compose = func(find func(v1.Hash) (v1.Image, error)) (v1.ImageIndex, error) {
			manifests, notes, err := describe(o, own, image)
			if err != nil {
				return nil, err
			}
			described[i] = manifests
			found := make([]v1.Image, len(manifests))
			for n, m := range manifests {
				hash, err := v1.NewHash(m.Digest)
				if err != nil {
					return nil, err
				}
				if found[n], err = find(hash); err != nil {
					return nil, err
				}
			}
			return registry.Compose(found, manifests, notes)
		}
	}
	digests, err := sink.Commit(parts)
	if err != nil {
		return err
	}
	for i, set := range sets {
		image := &images[i]
		image.Files, image.Reference = sink.Dests(set), ""
		if digests[i] != "" {
			image.Digest = digests[i]
			image.attached(pick(targets, set), described[i])
		}
		if image.Digest != "" {
			image.Reference = targets[set[0]].names(o)[0] + "@" + image.Digest
		}
	}
	return nil
}
