// Package llb turns a resolved recipe into BuildKit's graph of one image, and
// into the image's configuration.
//
// # The graph
//
// Packages and the steps that say which files they need form a chain of their
// own; all other files and steps come last:
//
//	S0 = configure(bare packages + bare files)
//	S1 = early steps of base on configure(S0 + packages of base)
//	S2 = early steps of server on configure(S1 + packages of server)
//	image = S2 + files of base + files of server
//
// "+" is BuildKit's merge: layers made elsewhere keep their digests, and a
// changed file installs no package again and runs no early step that does not
// need it. The last merge costs nothing, for BuildKit does not make a tree of it
// that nobody asks for. Where a merge's tree is dear, as that of "S1 + packages
// of server", steps run on a copy (trunk). S0 and S1 are the same vertices in all
// images that share them, so BuildKit solves them once.
//
// A step lays the files that it needs itself, from a mount, in front of its
// script. Each file is laid once: an early step's own change of it lasts. Where
// there are steps without needs, the first of them lays all files that are
// left, which spares the merge whose tree it would stand on.
//
// Packages and files enter as layers of an OCI layout store that the client
// serves (internal/oci). configure runs the maintainer scripts (configure.sh),
// without network. libeatmydata is preloaded from a mount, because the fsync calls
// of dpkg and PostgreSQL are half the time (see eatmydata(1)) and a build that
// fails is thrown away whole.
//
// # Boundaries
//
// The package is pure: no files, network, clock or environment. It is the one
// package that imports BuildKit's client/llb, by the name bk.
package llb

import (
	"context"
	"fmt"
	"strings"
	"time"

	bk "github.com/moby/buildkit/client/llb"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/oarcluster/oarcluster/recipes"
)

// Layer is one content-addressed layer of the client's OCI layout store.
type Layer struct {
	// Ref is the reference of its one-layer manifest, such as
	// oarbuild/layer@sha256:…
	Ref string
	// Name tells a user what is in it, such as "78 packages". It changes no
	// digest.
	Name string
	// DiffID is the digest of its tar, for those who are told what is in an image.
	DiffID string
}

// Input is all that a graph is made of.
type Input struct {
	Recipe   *recipes.Resolved
	Platform ocispec.Platform
	// Packages and Files hold a layer for each level of the recipe, a zero one
	// for a level that adds none. Packages[0] is the bare base. Files are those
	// that no step lays.
	Packages, Files []Layer
	// Needs holds for each level and step the files that the step lays before it
	// runs, a zero layer for none.
	Needs [][]Layer
	// Eatmydata holds Debian's package libeatmydata1 unpacked, which is below
	// usr/lib/ and the architecture's folder. A zero layer leaves it out.
	Eatmydata Layer
	// Native holds packages of another architecture unpacked, one that the machine
	// that builds may run without emulation: interpreters, and what they need. A
	// zero layer leaves it out.
	Native Layer
	// Interpreters names for each level the interpreters of the image, such as
	// /usr/bin/perl, that Native has in the same version. Nil means none.
	Interpreters [][]string
	// Labels are labels and annotations beyond those that the recipe gives rise
	// to. The recipe's own labels win over them.
	Labels map[string]string
	// Epoch is SOURCE_DATE_EPOCH, and the image's date.
	Epoch time.Time
	// Store is the id of the OCI layout store in the client's session.
	Store string
	// NoCache runs every step again.
	NoCache bool
	// Again names steps, as [Steps] does, to run again with all that come after
	// them.
	Again []string
	// Base is the configuration of the image that the recipe comes from, if any:
	// what the recipe does not say is as it is there.
	Base *ocispec.Image
	// PassOver names steps that may fail: what follows runs on what they left.
	PassOver []string
	// Proxy leads steps with network: host out. It changes no result of a cache.
	Proxy Proxy
}

// Proxy is what programs know as http_proxy, https_proxy, all_proxy and no_proxy.
type Proxy struct{ HTTP, HTTPS, All, No string }

// Image returns the graph and the configuration of one image for one platform.
func Image(ctx context.Context, in Input) (*Graph, error) {
	b, err := newBuilder(in)
	if err != nil {
		return nil, fmt.Errorf("making the graph of %s: %w", in.Recipe.Name, err)
	}
	def, err := b.rest(b.chain()).Marshal(ctx, bk.Platform(in.Platform))
	if err != nil {
		return nil, fmt.Errorf("marshalling the graph of %s: %w", in.Recipe.Name, err)
	}
	config, err := b.config()
	if err != nil {
		return nil, fmt.Errorf("making the image configuration of %s: %w", in.Recipe.Name, err)
	}
	return &Graph{
		Title:       in.Recipe.Name + " for " + platformName(in.Platform),
		Definition:  def,
		Config:      config,
		Annotations: b.annotations(),
		HostNetwork: b.hostNetwork,
	}, nil
}

// Packages returns the graph of nothing but a level's package layer, so that a
// builder can have it unpacked before the image's own graph asks for it.
func Packages(ctx context.Context, in Input, level int) (*Graph, error) {
	b := &builder{in: in}
	l := source{in.Recipe.Levels[level].Name, in.Packages[level]}
	def, err := b.source(l).Marshal(ctx, bk.Platform(in.Platform))
	if err != nil {
		return nil, fmt.Errorf("marshalling the graph of %s: %w", b.label(l.level, l.layer.Name), err)
	}
	return &Graph{Title: b.label(l.level, l.layer.Name), Definition: def}, nil
}

// chain answers the package layers, each configured and followed by its level's
// early steps. The files of the bare level lie below its configuration, for they
// rule dpkg and apt.
func (b *builder) chain() trunk {
	t := trunk{tree: bk.Scratch(), copied: bk.Scratch()}
	if base := b.in.Recipe.Base; base != "" {
		t.tree = bk.Image(base, b.name("image", "%s", base))
	}
	for i, level := range b.in.Recipe.Levels {
		if layer := b.in.Packages[i]; layer != (Layer{}) {
			over := []source{{level.Name, layer}}
			if i == 0 {
				over = append(over, source{level.Name, b.in.Files[0]})
			}
			var interpreters []string
			if b.in.Interpreters != nil {
				interpreters = b.in.Interpreters[i]
			}
			below := t.tree
			b.grow(&t, level, over)
			t.tree = b.configure(t.tree, below, level, layer, interpreters)
		}
		for j, step := range level.Run {
			if step.Needs != nil {
				t.tree = b.script(t.tree, level.Name, step, b.lay(source{level.Name, b.in.Needs[i][j]}))
			}
		}
	}
	return t
}

// rest adds the files that are left, and runs the steps that see all files, the
// lowest level's first.
func (b *builder) rest(t trunk) bk.State {
	name := b.in.Recipe.Name
	var files []source
	var steps []recipes.Step
	for i, level := range b.in.Recipe.Levels {
		if i > 0 && b.in.Files[i] != (Layer{}) {
			files = append(files, source{level.Name, b.in.Files[i]})
		}
		for _, step := range level.Run {
			if step.Needs == nil {
				steps = append(steps, step)
			}
		}
	}
	if len(steps) == 0 {
		return b.merge(b.layers(t), name, "files", files)
	}
	for i, step := range steps {
		var lay []bk.RunOption
		if i == 0 {
			lay = b.lay(files...)
		}
		t.tree = b.script(t.tree, name, step, lay)
	}
	return b.layers(t)
}

// name puts before a vertex's name which recipe and platform it is for.
func (b *builder) name(level, format string, args ...any) bk.ConstraintsOpt {
	return bk.WithCustomName(b.label(level, fmt.Sprintf(format, args...)))
}

func (b *builder) label(level, what string) string {
	return fmt.Sprintf("[%s %s] %s", level, platformName(b.in.Platform), what)
}

// platformName writes a platform as os/architecture/variant.
func platformName(p ocispec.Platform) string {
	return strings.TrimSuffix(strings.Join([]string{p.OS, p.Architecture, p.Variant}, "/"), "/")
}
