package build

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/internal/proxy"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// inputLabel is the label and annotation with the digest of all that an image is
// made of.
const inputLabel = "org.oarcluster.input-digest"

// nameInputs finds the digest of the inputs of each target, without any .deb,
// layer or builder.
//
// It covers the graph, which has the steps and names layers by what they are
// made of (the .debs by their digests, files by their bytes, the format of
// layers), and the image's configuration. It does not cover the revision of the
// sources, the versions of the programs, and how layers are compressed: with
// them, a commit that changes a comment would build five images again.
func nameInputs(ctx context.Context, a archives, targets []*target) error {
	if err := inputGraphs(ctx, a, targets); err != nil {
		return err
	}
	for _, t := range targets {
		inputs, err := json.Marshal([]string{platforms.Format(t.platform), t.graph.Digest().String(), string(t.graph.Config)})
		if err != nil {
			return err
		}
		t.inputs = digest.FromBytes(inputs)
	}
	return nil
}

// inputGraphs makes graphs whose layers, which nobody made, are named by their
// inputs instead of their bytes.
func inputGraphs(ctx context.Context, a archives, targets []*target) error {
	byInputs := func(_ context.Context, key string, _ func(io.Writer) error) (oci.Layer, error) {
		return oci.Layer{Manifest: digest.FromString(key)}, nil
	}
	if err := eachLayer(ctx, a, byInputs, targets, nil); err != nil {
		return err
	}
	return makeGraphs(ctx, targets)
}

// inputsOf returns the digest of the inputs of an image: of its targets, for all
// platforms, in any order.
func inputsOf(targets []*target) string {
	if len(targets) == 1 {
		return targets[0].inputs.String()
	}
	var list []string
	for _, t := range targets {
		list = append(list, platforms.Format(t.platform)+" "+t.inputs.String())
	}
	slices.Sort(list)
	return digest.FromString(strings.Join(list, "\n")).String()
}

// label gives each target what its image does not depend on: the labels that
// say where it comes from, and the way out of this machine's network.
func label(o Options, targets []*target) {
	for _, t := range targets {
		t.layers.Proxy = proxy.Environment()
		t.layers.Labels = map[string]string{inputLabel: t.inputs.String()}
		if t.recipe.Base == "" {
			t.layers.Labels[ocispec.AnnotationBaseImageDigest] = t.layers.Packages[0].DiffID
		}
		if o.Revision != "" {
			t.layers.Labels[ocispec.AnnotationRevision] = o.Revision
		}
	}
}

// onlyChanged returns the targets of those images that are not published under
// each of their tags with the same inputs. It returns an error with the exit code
// of nothing to do when that leaves none.
func onlyChanged(ctx context.Context, o Options, targets []*target) ([]*target, error) {
	sets := byImage(targets)
	changed := make([]atomic.Bool, len(sets))
	group, ctx := errgroup.WithContext(ctx)
	for i, set := range sets {
		image := pick(targets, set)
		want := inputsOf(image)
		for _, tag := range image[0].tags(o) {
			group.Go(func() error {
				notes, err := registry.Annotations(ctx, image[0].repository(o)+":"+tag)
				if notes[inputLabel] != want {
					changed[i].Store(true)
				}
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var left []*target
	for i, set := range sets {
		if changed[i].Load() {
			left = append(left, pick(targets, set)...)
		}
	}
	if len(left) == 0 {
		o.say("nothing to do: %s in %s with the same inputs", are(len(sets)), o.Registry)
		return nil, ui.WithCode(errors.New(""), ui.CodeNothing)
	}
	return left, nil
}

// are writes how many images there are.
func are(n int) string {
	if n == 1 {
		return "the image is"
	}
	return "all " + count(n, "image") + " are"
}

// pick returns the targets of those numbers.
func pick(targets []*target, numbers []int) []*target {
	picked := make([]*target, len(numbers))
	for i, n := range numbers {
		picked[i] = targets[n]
	}
	return picked
}
