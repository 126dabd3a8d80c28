package deploy

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/cluster/lock"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Clean removes the clusters of the names given, side by side: what has their
// label, and their folders. What is not there is no error; when a name is no
// cluster's, nothing is removed and the error is wrong usage.
func (o Options) Clean(ctx context.Context, names []string) error {
	if err := CheckNames(names...); err != nil {
		return err
	}
	o.Engine = traced{o.Engine}
	errs := make([]error, len(names))
	var g errgroup.Group
	for i, name := range names {
		g.Go(func() error { errs[i] = o.clean(trace.Lane(ctx, "clean "+name), name); return nil })
	}
	_ = g.Wait() // the errors are in errs, all of them
	return errors.Join(errs...)
}

// CheckNames refuses what cannot be a cluster's name. Its errors are wrong usage.
func CheckNames(names ...string) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, cluster.Spec{Name: name}.ValidateName())
	}
	return ui.WithCode(errors.Join(errs...), ui.CodeUsage)
}

func (o Options) clean(ctx context.Context, name string) error {
	held, err := lock.Force(ctx, o.Engine, name, o.Note)
	switch {
	case errors.Is(err, lock.ErrForeign):
		o.Note(fmt.Sprintf("leaving volume %s: %v", lock.Volume(name), lock.ErrForeign))
	case err != nil:
		return err
	default:
		defer release(ctx, held, o)
	}
	folder, err := access.Open(ctx, o.Base, name, o.Machine)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		// A folder that is not ours must not keep a cluster alive.
		o.Note(fmt.Sprintf("leaving %s: %v", access.Path(o.Base, name), err))
		return o.remove(ctx, name)
	}
	err = o.remove(ctx, name)
	if err != nil {
		return errors.Join(err, folder.Close())
	}
	return folder.Remove()
}

// looks is how often is looked whether all of a cluster is gone: of what a killed
// oardeploy asked for, the engine may make something when the rest was seen already.
const looks = 3

func (o Options) remove(ctx context.Context, name string) error {
	for look := range looks {
		observed, err := o.Engine.Observe(ctx, name)
		if err != nil {
			return err
		}
		nothing := cluster.Topology{Name: name}
		steps, err := plan.Compare(nothing, observed)
		if err != nil {
			return err
		}
		if len(steps) == 0 && look == 0 {
			o.Note(fmt.Sprintf("nothing of cluster %q is there", name))
		}
		if len(steps) == 0 {
			break
		}
		err = apply.Run(ctx, apply.Job{
			Plan: steps, Topology: nothing, Engine: o.Engine,
			Done: func(s plan.Step) { progress(o.Note, s) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Look looks at clusters, by name; none named means all that there are.
func (o Options) Look(ctx context.Context, names []string) (map[string]cluster.Observed, error) {
	if err := CheckNames(names...); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		var err error
		if names, err = o.Engine.Clusters(ctx); err != nil {
			return nil, err
		}
	}
	found := map[string]cluster.Observed{}
	for _, name := range names {
		observed, err := o.Engine.Observe(ctx, name)
		if err != nil {
			return nil, err
		}
		found[name] = observed
	}
	return found, nil
}

// Find returns the container of a hostname of a cluster, running or not. Its error
// tells which hosts there are.
func (o Options) Find(ctx context.Context, name, host string) (cluster.Container, error) {
	if err := CheckNames(name); err != nil {
		return cluster.Container{}, err
	}
	observed, err := o.Engine.Observe(ctx, name)
	if err != nil {
		return cluster.Container{}, err
	}
	c, ok := observed.Host(name, host)
	switch {
	case ok:
		return c, nil
	case len(observed.Containers) == 0:
		return c, noCluster(name)
	}
	return c, noHost(name, host, observed)
}

// scaled is what the cluster of the name was last asked to be, with other numbers of
// nodes.
func scaled(name string, nodes map[string]int, o cluster.Observed) (cluster.Spec, error) {
	spec, ok := o.Spec()
	switch {
	case len(o.Containers) == 0:
		return spec, noCluster(name)
	case !ok || spec.Name != name:
		return spec, ui.WithHint(fmt.Errorf("scaling cluster %q: an older oardeploy made it, its labels do not tell how", name),
			"deploy over it with the flags that it had, and -n NODES")
	}
	spec, err := spec.Scaled(nodes)
	return spec, ui.WithCode(err, ui.CodeUsage)
}

// noCluster is the error of a verb on a cluster that is not there.
func noCluster(name string) error {
	return ui.WithHint(fmt.Errorf("looking for cluster %q: there is none", name), "deploy it: oardeploy -n 2, or name another with --name")
}
