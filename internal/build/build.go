// Package build is the pipe of oarbuild, from recipes to published images:
//
//	recipes ─► package sets ─► .debs ─► layers ─► graphs ─► BuildKit ─► registry or Engine
//
// [Run] is the whole of it. Each stage does all images and platforms at once,
// so that what they share is resolved, fetched, unpacked and built once. What a
// stage knows already from an earlier run it does not do again: nothing changed
// means a round trip to the mirror for each part of the suite, and one to the
// registry for each blob.
//
// Nothing is decided here about packages, graphs or builders; this package
// knows in which order to ask whom, and what to say meanwhile.
package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/buildkit/grant"
	"github.com/oarcluster/oarcluster/internal/buildkit/rescue"
	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/internal/output"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/llb"
)

// DefaultRegistry is the repository below which images go, on a registry that
// this program serves itself when nobody else does.
const DefaultRegistry = "localhost:5000/oarcluster"

// Options say what to build and what to do with it. The zero value of a field
// means its default.
type Options struct {
	Recipes   []string          // files, or names of shipped recipes; default: all shipped ones
	Set       map[string]string // variables, over those of recipes
	Platforms []string          // os/architecture[/variant]; default: this machine's
	Registry  string            // host[:port]/path above the images' names
	Tags      []string          // default: each recipe's own
	To        buildkit.Destination
	Mirror    string   // URL of a Debian mirror; default: that of this machine's apt, else the public one
	NoCache   bool     // run every step again
	Again     []string // steps to run again, with all that come after them; see [llb.Steps]
	Builders  []string // addresses of BuildKits, [PLATFORM=]ADDRESS; default: see package endpoint
	TLSDir    string   // certificates for builders at tcp:// addresses
	Delivery

	Locked       bool   // build the packages that the lock beside each recipe names
	Offline      bool   // use no network, but for the builder and a registry of this machine
	AllowStale   bool   // take an archive whose Release files are out of date
	IfChanged    bool   // build only the images whose inputs are not those of the published ones
	NoSBOM       bool   // attach no list of packages
	NoProvenance bool   // attach no provenance
	Revision     string // of the sources of the recipes, for the images' labels

	Epoch    time.Time // newest time in the images (SOURCE_DATE_EPOCH), to which later ones are set; default: see [mirror.Archive.Date]
	Progress string    // display of BuildKit's work: auto, plain, tty, quiet, rawjson
	Err      io.Writer // gets progress and what else there is to say
	// Console, if any, is asked what becomes of a step that fails.
	Console *rescue.Console

	// Grants are what steps may use of this machine.
	Grants grant.Grants

	passOver []string // steps that failed, and may
	keyring  [][]byte // keys that may sign the Debian archive; default: those of this program
	drawing  bool     // nothing runs: what steps would be granted matters not
}

// Image is a finished image.
type Image struct {
	Name        string              `json:"name"`
	Reference   string              `json:"reference"` // REPO/NAME:TAG@sha256:…; "" for a root file system
	Digest      string              `json:"digest"`    // of the index, or of the manifest in an Engine
	InputDigest string              `json:"inputDigest"`
	Tags        []string            `json:"tags"`
	Files       []string            `json:"files,omitempty"` // where it was written to
	Platforms   map[string]Platform `json:"platforms"`       // by os/architecture[/variant]
	Releases    []Release           `json:"releases"`        // the signed files from which the packages follow
}

// Release is a signed file from which packages of an image follow.
type Release struct {
	Suite  string    `json:"suite"` // "trixie-updates"
	URL    string    `json:"url"`   // of the InRelease file, where everybody has it
	SHA256 string    `json:"sha256"`
	Date   time.Time `json:"date"`
}

// Platform is a finished image for one platform.
type Platform struct {
	Digest      string `json:"digest"`                // of the manifest
	Attestation string `json:"attestation,omitempty"` // digest of the manifest of what is attached
	InputDigest string `json:"inputDigest"`
	BuildKit    string `json:"buildkit"` // version of the one that built it
}

// withDefaults refuses what contradicts itself and fills in the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Registry == "" {
		o.Registry = DefaultRegistry
	}
	if o.Progress == "" {
		o.Progress = "auto"
	}
	if o.To == buildkit.Engine && len(o.Platforms) > 1 {
		return o, ui.WithCode(errors.New("a Docker Engine takes images of one platform: name one --platform, or --push"), ui.CodeUsage)
	}
	if err := o.checkOffline(); err != nil {
		return o, err
	}
	if o.IfChanged && o.To == buildkit.Engine {
		return o, ui.Usage(errors.New("--if-changed compares with what is in a registry, and --load brings nothing there"), "write --push instead of --load, or neither")
	}
	if err := o.checkBuilders(); err != nil {
		return o, err
	}
	if _, err := o.delivery(); err != nil {
		return o, err
	}
	return o, registry.CheckNames(o.Registry, o.Tags)
}

func (o Options) say(format string, args ...any) {
	if o.Progress != "quiet" && o.Progress != "rawjson" {
		fmt.Fprintf(o.Err, format+"\n", args...)
	}
}

// warn tells of what may go wrong, however little else is told.
func (o Options) warn(line string) { fmt.Fprintln(o.Err, "warning: "+line) }

// Run builds the images that the options ask for and brings them where they
// should go. It returns them in the order of the recipes, or none when they
// stay in the builder's cache. With a console, the user may have it all done
// again after a failure.
func Run(ctx context.Context, o Options) ([]Image, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	defer o.tidy()
	images, err := once(ctx, o)
	err = aboutDisk(err)
	if o.Console == nil {
		return images, err
	}
	return o.rescue(ctx, err, images)
}

// once goes through all stages.
func once(ctx context.Context, o Options) ([]Image, error) {
	targets, archives, leave, err := prepare(ctx, o)
	defer leave()
	if err != nil {
		return nil, err
	}
	if err := nameInputs(ctx, archives, targets); err != nil {
		return nil, err
	}
	stop, err := o.serveRegistry(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	if o.IfChanged {
		if targets, err = onlyChanged(ctx, o, targets); err != nil {
			return nil, err
		}
	}
	builder, err := connect(ctx, o, targets)
	if err != nil {
		return nil, err
	}
	defer builder.Close()
	sink, err := openSink(o, targets)
	if err != nil {
		return nil, err
	}
	defer sink.Abort()
	dir, err := cacheDir()
	if err != nil {
		return nil, err
	}
	store, err := oci.Open(path.Join(dir, "layers"))
	if err != nil {
		return nil, err
	}
	layers, err := makeLayers(ctx, o, archives, store, targets)
	if err != nil {
		return nil, err
	}
	defer layers.stop(o)
	return solve(ctx, o, builder, sink, store, layers, targets)
}

// prepare finds out what is to be built, and of which packages. Until leave is
// called, nobody prunes the cache.
func prepare(ctx context.Context, o Options) (targets []*target, a archives, leave func(), err error) {
	leave = func() {}
	if targets, err = plan(o); err != nil {
		return nil, nil, leave, err
	}
	dir, entered, err := enterCache(ctx)
	if err != nil {
		return nil, nil, leave, err
	}
	leave = entered
	if err := serveBases(ctx, targets); err != nil {
		return nil, nil, leave, err
	}
	if err := readBases(ctx, o, dir, targets); err != nil {
		return nil, nil, leave, err
	}
	packaged := overArchive(targets)
	if o.Locked {
		if err := takeLocks(packaged); err != nil {
			return nil, nil, leave, err
		}
	}
	if len(packaged) == 0 {
		return targets, nil, leave, nil
	}
	if o.Locked {
		a, err = openLocks(ctx, o, dir, packaged)
	} else if a, err = openArchives(ctx, o, dir, packaged); err == nil {
		err = a.resolve(ctx, o, packaged)
	}
	return targets, a, leave, err
}

// enterCache returns the cache folder. Until leave is called, nobody prunes it.
func enterCache(ctx context.Context) (dir string, leave func(), err error) {
	if dir, err = cacheDir(); err != nil {
		return "", nil, err
	}
	leave, err = cache.Enter(ctx, dir)
	return dir, leave, err
}

// serveRegistry sees to it that the registry that is pushed to answers, until
// stop is called.
func (o Options) serveRegistry(ctx context.Context) (stop func(), err error) {
	if o.To != buildkit.Registry && !o.IfChanged {
		return func() {}, nil
	}
	stop, said, err := ensureRegistry(ctx, o.Registry, o.To == buildkit.Registry)
	if said != "" {
		o.say("%s", said)
	}
	return stop, err
}

// ensureRegistry sees to it that the registry of a repository answers, and tells
// who serves it when that is on this machine. Who wants to push, and may not, is told so
// before all is built.
func ensureRegistry(ctx context.Context, repository string, push bool) (stop func(), said string, err error) {
	root, err := registry.Root()
	if err != nil {
		return func() {}, "", err
	}
	stop, serving, err := registry.EnsureLoopback(ctx, repository, root, false)
	if err != nil {
		return stop, "", err
	}
	who, refuses := registry.Owner(ctx, repository)
	switch {
	case serving:
		said = fmt.Sprintf("serving the registry of %s at %s while this runs", root, repository)
	case push && refuses != nil:
		stop()
		return stop, "", refuses
	case who != "":
		said = fmt.Sprintf("the registry at %s is served by %s", repository, who)
	}
	return stop, said, nil
}

// solve has BuildKit build the targets' graphs, each as soon as its layers are
// there, and publishes the results.
func solve(ctx context.Context, o Options, builder *buildkit.Builder, sink *output.Sink, store *oci.Store, layers *making, targets []*target) ([]Image, error) {
	content, err := store.Content()
	if err != nil {
		return nil, err
	}
	d, err := o.delivery()
	if err != nil {
		return nil, err
	}
	jobs := d.jobs(o, targets, sink)
	for i, t := range targets {
		jobs[i].Await = func(ctx context.Context) (*llb.Graph, error) { return layers.graph(ctx, o, t) }
	}
	options := buildkit.Options{
		To: o.To, Loopback: registry.IsLoopback(o.Registry), Compress: d.compress,
		StoreID: storeID, Store: content, Progress: o.Progress, Out: o.Err, Console: o.Console, Grants: o.Grants,
	}
	var unpacking sync.WaitGroup
	early, stop := context.WithCancel(ctx)
	unpacking.Go(func() {
		layers.unpack(early, func(ctx context.Context, platform string, g *llb.Graph) error {
			return builder.Unpack(ctx, platform, g, options)
		})
	})
	digests, err := patiently(ctx, o, pauses, func() ([]string, error) { return builder.Solve(ctx, jobs, options) })
	stop()
	unpacking.Wait()
	if err != nil {
		return nil, err
	}
	images, err := finish(ctx, o, targets, digests, builder.Version)
	if err == nil && sink != nil {
		err = deliver(o, sink, targets, images)
	}
	return images, err
}
