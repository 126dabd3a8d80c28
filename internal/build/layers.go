package build

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/configs"
	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/layer"
	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/llb"
)

// storeID is the name by which graphs know the layer store. It is part of every
// source's digest and so must not change.
const storeID = "oarbuild"

// layerFormat is part of every package layer's key: raise it when package
// layer writes other bytes for the same packages.
const layerFormat = "3"

// filterFile is where, in the files of the bare base, dpkg is told which paths
// to leave out. Layers leave out the same.
const filterFile = "debian/etc/dpkg/dpkg.cfg.d/oarcluster"

// layerMaker makes a layer or finds it again; see [oci.Store.Layer].
type layerMaker func(ctx context.Context, key string, write func(io.Writer) error) (oci.Layer, error)

// makeLayers starts to put the package and file layers of all targets into the
// store. The packages are fetched only when a layer is not there yet, and before
// it returns.
func makeLayers(ctx context.Context, o Options, a archives, store *oci.Store, targets []*target) (*making, error) {
	var missing atomic.Bool
	find := func(_ context.Context, key string, _ func(io.Writer) error) (oci.Layer, error) {
		l, ok := store.Find(key)
		if !ok {
			missing.Store(true)
		}
		return l, nil
	}
	if err := eachLayer(ctx, a, find, targets, nil); err != nil {
		return nil, err
	}
	m := &making{missing: missing.Load()}
	if !m.missing {
		return m, nil
	}
	if err := a.fetch(ctx, o, targets); err != nil {
		return nil, err
	}
	m.start(ctx, targets, func(ctx context.Context, tell func(*target, int)) error {
		return eachLayer(ctx, a, m.tally.counting(store.Layer), targets, tell)
	})
	return m, nil
}

// everyLayer stands for a level when all layers of a target are meant.
const everyLayer = -1

// eachLayer calls put for every layer that a target needs, and tell when it has
// the packages of a level, and then every layer of a target. Targets are taken
// side by side. The levels of each come one after the other, for a layer wants to
// know what is in those beneath, which the catalog knows once they are made.
func eachLayer(ctx context.Context, a archives, put layerMaker, targets []*target, tell func(t *target, level int)) error {
	filter, rules, err := readFilter()
	if err != nil {
		return err
	}
	catalogs := map[string]*layer.Catalog{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, t := range targets {
		if catalogs[t.arch] == nil {
			catalogs[t.arch] = &layer.Catalog{}
		}
		m := maker{a: a, put: put, tell: tell, target: t, filter: filter, rules: rules, catalog: catalogs[t.arch]}
		group.Go(func() error { return m.all(ctx) })
	}
	return group.Wait()
}

// maker makes the layers of one target.
type maker struct {
	a       archives
	put     layerMaker
	tell    func(t *target, level int) // nil for nobody
	target  *target
	filter  layer.Filter
	rules   string // the filter's text
	catalog *layer.Catalog
}

// all makes all layers of the target.
func (m maker) all(ctx context.Context) (err error) {
	t := m.target
	if t.layers.Eatmydata, err = m.packages(ctx, t.arch, nil, t.eatmydata); err != nil {
		return err
	}
	if t.layers.Native, err = m.packages(ctx, nativeArch, nil, t.native); err != nil {
		return err
	}
	t.layers.Interpreters = t.interpreters()
	t.layers.Packages = make([]llb.Layer, len(t.packages))
	for i, added := range t.packages {
		if t.layers.Packages[i], err = m.packages(ctx, t.arch, t.packages[:i], added); err != nil {
			return err
		}
		if m.tell != nil && len(added) > 0 {
			m.tell(t, i)
		}
	}
	if err = m.allFiles(ctx); err == nil && m.tell != nil {
		m.tell(t, everyLayer)
	}
	return err
}

// packages makes the layer of some packages of an architecture over those below.
// Its key is all that its bytes depend on.
func (m maker) packages(ctx context.Context, arch string, below [][]debian.Package, added []debian.Package) (llb.Layer, error) {
	if len(added) == 0 {
		return llb.Layer{}, nil
	}
	spec := layer.Spec{New: m.debs(added), Filter: m.filter, Epoch: m.target.epoch, Arch: arch, Catalog: m.catalog}
	for _, group := range below {
		spec.Below = append(spec.Below, m.debs(group)...)
	}
	key := fmt.Sprintf("packages %s %s %d %q", layerFormat, arch, m.target.epoch.Unix(), m.rules)
	for _, list := range [][]layer.Deb{spec.Below, spec.New} {
		key += "\n"
		for _, d := range list {
			key += " " + d.Package.SHA256
		}
	}
	l, err := m.put(ctx, key, func(w io.Writer) error {
		return layer.Write(ctx, w, spec)
	})
	if err != nil {
		return llb.Layer{}, fmt.Errorf("unpacking packages of %s: %w", m.target, err)
	}
	return named(l, count(len(added), "package")), nil
}

func (m maker) debs(packages []debian.Package) []layer.Deb {
	debs := make([]layer.Deb, len(packages))
	for i, p := range packages {
		debs[i] = layer.Deb{Package: p, Path: m.a.of(m.target).Deb(p)}
	}
	return debs
}

// allFiles makes the layers of files: those that steps lay, and what is left of
// each level.
func (m maker) allFiles(ctx context.Context) error {
	levels, in := m.target.recipe.Levels, &m.target.layers
	shares, err := newShares(m.target.recipe)
	if err != nil {
		return err
	}
	in.Files, in.Needs = make([]llb.Layer, len(levels)), make([][]llb.Layer, len(levels))
	for i, level := range levels {
		in.Needs[i] = make([]llb.Layer, len(level.Run))
		for j, step := range level.Run {
			trees, check := shares.take(i, step)
			if in.Needs[i][j], err = m.files(ctx, "files for "+step.Name, trees); err != nil {
				return fmt.Errorf("%s: %w", step.At, err)
			}
			if err := check(); err != nil {
				return err
			}
		}
	}
	for i, level := range levels {
		in.Files[i], err = m.files(ctx, "files of "+level.Name, shares.rest(i))
		if len(level.Files) > 0 && err != nil {
			return fmt.Errorf("%s: %w", level.Files[0].At, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// files makes the layer of some trees, a zero one when nothing is in them. They
// are small: the layer is written each time, and named by its bytes.
func (m maker) files(ctx context.Context, name string, trees []oci.Tree) (llb.Layer, error) {
	var tar bytes.Buffer
	n, err := oci.WriteTrees(&tar, trees, m.target.epoch)
	if n == 0 || err != nil {
		return llb.Layer{}, err
	}
	l, err := m.put(ctx, "files\n"+tar.String(), func(w io.Writer) error {
		_, err := w.Write(tar.Bytes())
		return err
	})
	if err != nil {
		return llb.Layer{}, fmt.Errorf("writing the %s: %w", name, err)
	}
	return named(l, name), nil
}

// named gives a layer of the store the name by which a graph asks for it.
func named(l oci.Layer, name string) llb.Layer {
	return llb.Layer{Ref: "oarbuild/layer@" + l.Manifest.String(), Name: name, DiffID: l.Blob.String()}
}

// readFilter reads which paths packages are unpacked without.
func readFilter() (layer.Filter, string, error) {
	rules, err := configs.FS.ReadFile(filterFile)
	if err != nil {
		return layer.Filter{}, "", fmt.Errorf("reading which paths to leave out: %w", err)
	}
	filter, err := layer.ParseFilter(strings.NewReader(string(rules)))
	if err != nil {
		return layer.Filter{}, "", fmt.Errorf("reading %s: %w", filterFile, err)
	}
	return filter, string(rules), nil
}
