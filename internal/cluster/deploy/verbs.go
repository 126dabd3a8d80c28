package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Plan tells what Deploy would do, and changes nothing. Images are taken as the
// engine has them; one that it lacks is named in a line before the plan.
func Plan(ctx context.Context, spec cluster.Spec, o Options) (string, error) {
	if err := errors.Join(spec.ValidateName(), CheckVolumes(spec)); err != nil {
		return "", err
	}
	observed, err := o.Engine.Observe(ctx, spec.Name)
	if err != nil {
		return "", err
	}
	t, err := spec.Layout(observed)
	if err != nil {
		return "", err
	}
	ids, err := images.Local(ctx, o.Engine, t.Images())
	if err != nil {
		return "", err
	}
	steps, err := plan.Compare(t.WithImages(ids), observed)
	if err != nil {
		return "", err
	}
	text := ""
	for _, ref := range t.Images() {
		if ids[ref] == "" {
			text += "pull " + ref + "\n"
		}
	}
	return text + steps.String(), nil
}

// Clean removes the clusters of the names given, side by side: what has their
// label, and their folders. What is not there is no error; when a name is no
// cluster's, nothing is removed and the error is wrong usage.
func Clean(ctx context.Context, names []string, o Options) error {
	if err := CheckNames(names...); err != nil {
		return err
	}
	errs := make([]error, len(names))
	var g errgroup.Group
	for i, name := range names {
		g.Go(func() error { errs[i] = clean(ctx, name, o); return nil })
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

func clean(ctx context.Context, name string, o Options) error {
	folder, err := access.Open(ctx, o.Base, name)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		// A folder that is not ours must not keep a cluster alive.
		o.Note(fmt.Sprintf("leaving %s: %v", access.Path(o.Base, name), err))
		return remove(ctx, name, o)
	}
	err = remove(ctx, name, o)
	if err != nil {
		return errors.Join(err, folder.Close())
	}
	return folder.Remove()
}

func remove(ctx context.Context, name string, o Options) error {
	observed, err := o.Engine.Observe(ctx, name)
	if err != nil {
		return err
	}
	nothing := cluster.Topology{Name: name}
	steps, err := plan.Compare(nothing, observed)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		o.Note(fmt.Sprintf("nothing of cluster %q is there", name))
	}
	return apply.Run(ctx, apply.Job{
		Plan: steps, Topology: nothing, Engine: o.Engine,
		Done: func(s plan.Step) { progress(o.Note, s) },
	})
}

// Status looks at clusters; none named means all that there are.
func Status(ctx context.Context, names []string, e Engine) (map[string]cluster.Observed, error) {
	if err := CheckNames(names...); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		var err error
		if names, err = e.Clusters(ctx); err != nil {
			return nil, err
		}
	}
	found := map[string]cluster.Observed{}
	for _, name := range names {
		o, err := e.Observe(ctx, name)
		if err != nil {
			return nil, err
		}
		found[name] = o
	}
	return found, nil
}

// Find returns the running container of a hostname of a cluster. Its error tells
// which hosts there are.
func Find(ctx context.Context, name, host string, e Engine) (cluster.Container, error) {
	if err := CheckNames(name); err != nil {
		return cluster.Container{}, err
	}
	o, err := e.Observe(ctx, name)
	if err != nil {
		return cluster.Container{}, err
	}
	c, ok := o.Host(name, host)
	if ok && c.State == "running" {
		return c, nil
	}
	if len(o.Containers) == 0 {
		return c, ui.WithHint(fmt.Errorf("looking for host %q: there is no cluster %q", host, name), "deploy one: oardeploy -n 2, or name another with --name")
	}
	if ok {
		return c, ui.WithHint(fmt.Errorf("looking for host %q: it is %s", host, c.State), "deploy again to start it")
	}
	var hosts []string
	for _, c := range o.Containers {
		hosts = append(hosts, c.Hostname(name))
	}
	slices.Sort(hosts)
	return c, ui.WithHint(fmt.Errorf("looking for host %q: cluster %q has none of that name", host, name), "its hosts are %q", hosts)
}
