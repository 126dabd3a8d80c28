package deploy

import (
	"context"
	"maps"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
)

// Plan tells what [Options.Deploy] would do, and changes nothing. Images are taken as the
// engine has them; one that it lacks is named in a line before the plan.
func (o Options) Plan(ctx context.Context, spec cluster.Spec) (string, error) {
	if err := CheckNames(spec.Name); err != nil {
		return "", err
	}
	return (&run{Options: o, spec: spec}).plan(ctx)
}

// PlanScale tells what [Options.Scale] would do, and changes nothing.
func (o Options) PlanScale(ctx context.Context, name string, nodes map[string]int) (string, error) {
	if err := CheckNames(name); err != nil {
		return "", err
	}
	return (&run{Options: o, spec: cluster.Spec{Name: name}, scale: nodes}).plan(ctx)
}

// PlanStop tells what [Options.Stop] would do, and changes nothing.
func (o Options) PlanStop(ctx context.Context, name string, hosts []string) (string, error) {
	if err := CheckNames(name); err != nil {
		return "", err
	}
	steps, err := o.stopping(ctx, name, hosts)
	return steps.String(), err
}

// PlanStart tells what [Options.Start] would do, and changes nothing.
func (o Options) PlanStart(ctx context.Context, name string, hosts []string) (string, error) {
	return o.planStart(ctx, name, hosts, false)
}

// PlanRestart tells what [Options.Restart] would do, and changes nothing: two plans, for
// it does one after the other.
func (o Options) PlanRestart(ctx context.Context, name string, hosts []string) (string, error) {
	stop, err := o.PlanStop(ctx, name, hosts)
	if err != nil {
		return "", err
	}
	start, err := o.planStart(ctx, name, hosts, true)
	return stop + start, err
}

func (o Options) planStart(ctx context.Context, name string, hosts []string, again bool) (string, error) {
	if err := CheckNames(name); err != nil {
		return "", err
	}
	steps, err := (&run{Options: o, spec: cluster.Spec{Name: name}}).starting(ctx, hosts, again)
	return steps.String(), err
}

func (r *run) plan(ctx context.Context) (string, error) {
	observed, err := r.Engine.Observe(ctx, r.spec.Name)
	if err != nil {
		return "", err
	}
	if observed.Files, err = files(ctx, r.Engine, observed); err != nil {
		return "", err
	}
	if r.scale != nil {
		if r.spec, err = scaled(r.spec.Name, r.scale, observed); err != nil {
			return "", err
		}
	}
	if err := CheckVolumes(r.spec, observed.Machine); err != nil {
		return "", err
	}
	t, err := r.spec.Layout(observed)
	if err != nil {
		return "", err
	}
	ids, err := images.Local(ctx, r.Engine, t.Images())
	if err != nil {
		return "", err
	}
	maps.Copy(ids, r.kept(observed))
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

// files is what the hosts of a cluster are told so far.
func files(ctx context.Context, e Engine, o cluster.Observed) (map[string]string, error) {
	archive, err := state(ctx, e, o)
	if err != nil || archive == nil {
		return nil, err
	}
	defer archive.Close()
	_, files, err := secrets.Read(archive)
	return files, err
}
