// Package deploy is what oardeploy can do with a cluster, one method of [Options] a
// verb: bring it to what its user asked for, show the way there, stop and start it,
// remove it, look at it. What changes a cluster has beside it a method that plans so
// and changes nothing.
//
// # Policy
//
// Look, lay out, compare, act, wait. What a failed or interrupted run made is
// undone, by a plan as well: back to the hosts that were there before. One process
// at a time changes a cluster.
//
// # Boundaries
//
// Here the rooms around meet; each knows its own part. Nothing prints: what there
// is to say goes to [Options.Note].
package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/cluster/lock"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/cluster/ready"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Engine is a container engine as all the parts together need it.
type Engine interface {
	apply.Engine
	ready.Engine
	images.Engine
	lock.Engine
	Clusters(ctx context.Context) ([]string, error)
	Download(ctx context.Context, id, path string) (io.ReadCloser, error)
	// TryFolders fails when containers could not have folders of the engine's machine.
	TryFolders(ctx context.Context, name, image string, folders []string) error
	// About tells what the engine says of itself and its machine.
	About(ctx context.Context) (doctor.Engine, doctor.Host, error)
	// Lend makes a port of this machine's loopback one of the engine's machine, if that
	// is another one and there is a way.
	Lend(ctx context.Context, port string) (stop func(), err error)
}

// Options are how to go about it.
type Options struct {
	Engine   Engine
	Machine  string        // where the engine is; see [cluster.Observed]
	Base     string        // where the clusters' folders are: "/tmp"
	Registry string        // folder of the registry to serve while pulling when nothing listens on the loopback
	Timeout  time.Duration // how long readiness may take
	Keep     bool          // leave a failed cluster for its user to look at
	Unready  bool          // return when the containers run, whatever they say
	Note     func(string)  // told what happens, a line at a time; called from several goroutines

	// Meter is told how far pulling is, nothing under way at the end; nil for nobody.
	Meter func(images.Progress)

	// NewKeys makes the keys of a new cluster: secrets.New, unless a test saves time.
	NewKeys func(comment string) (secrets.Keys, error)
}

// Deploy brings the cluster to what spec asks for and waits until it is ready.
func (o Options) Deploy(ctx context.Context, spec cluster.Spec) (access.Info, error) {
	return o.bring(ctx, run{spec: spec})
}

// Scale brings groups of a cluster to other numbers of nodes ("" is its only group)
// and leaves everything else as it runs, images too. Jobs on nodes that go are ended
// by OAR before.
func (o Options) Scale(ctx context.Context, name string, nodes map[string]int) (access.Info, error) {
	return o.bring(ctx, run{spec: cluster.Spec{Name: name}, scale: nodes})
}

// alone does something with a cluster while nobody else changes it. Its calls of the
// engine are traced.
func (o Options) alone(ctx context.Context, name string, do func(Options) error) (err error) {
	defer func() { err = aboutDisk(err) }()
	if err := CheckNames(name); err != nil {
		return err
	}
	o.Engine = traced{o.Engine}
	held, err := lock.Take(ctx, o.Engine, name, o.Note)
	if err != nil {
		return err
	}
	defer release(ctx, held, o)
	return do(o)
}

// bring carries a run out.
func (o Options) bring(ctx context.Context, asked run) (info access.Info, err error) {
	err = o.alone(ctx, asked.spec.Name, func(o Options) error {
		asked.Options = o
		info, err = try(ctx, asked)
		return err
	})
	return info, err
}

// try carries a run out, again where another one was faster.
func try(ctx context.Context, asked run) (access.Info, error) {
	folder, err := access.Open(ctx, asked.Base, asked.spec.Name, asked.Machine)
	if err != nil {
		return access.Info{}, err
	}
	asked.folder = folder
	once := func() (*run, access.Info, error) {
		r := asked
		info, err := r.deploy(ctx)
		return &r, info, err
	}
	r, info, err := once()
	for tries := 1; err != nil && tries < maxTries && r.outrun(ctx, err); tries++ {
		asked.shared, asked.avoid = r.shared, append(asked.avoid, r.topology.Subnet)
		r, info, err = once()
	}
	if err != nil && folder.New && (r.before == nil || !r.Keep) {
		return info, errors.Join(err, folder.Remove())
	}
	return info, errors.Join(err, folder.Close())
}

// maxTries is how often one deploy is begun, when others take what it chose: as many
// as may be deploying at once.
const maxTries = 16

// outrun reports that a deploy failed since another one took its subnet or a port
// after we had looked, so that looking again helps: to choose others, or to say who
// has them.
func (r *run) outrun(ctx context.Context, err error) bool {
	if r.before == nil || r.Keep || ctx.Err() != nil {
		return false
	}
	if errors.Is(err, apply.ErrSubnetTaken) {
		return true
	}
	now, err := r.Engine.Observe(ctx, r.spec.Name)
	return err == nil && slices.ContainsFunc(r.topology.Hosts, func(h cluster.Host) bool {
		for _, at := range h.Ports {
			if now.Holder(at) != "" {
				return true
			}
		}
		return false
	})
}

// release gives a cluster's lock back. What was done stays done if it cannot.
func release(ctx context.Context, held *lock.Lock, o Options) {
	if err := held.Release(ctx); err != nil {
		o.Note(fmt.Sprintf("leaving the lock for the next oardeploy on this machine to take over: %v", err))
	}
}

// run is one Deploy under way.
type run struct {
	Options
	spec     cluster.Spec
	scale    map[string]int // not nil: so many nodes of these groups, and all else as it runs
	folder   *access.Folder
	avoid    []netip.Prefix         // taken, though the engine may not list who has them yet
	topology cluster.Topology       // what is wanted
	wide     cluster.Topology       // the same with the nodes that are to go
	shared   func() (shared, error) // waits for it
	before   *cluster.Observed      // nil until the first step may have been taken
	told     bool                   // running hosts may have been told of other hosts
}

func (r *run) deploy(ctx context.Context) (access.Info, error) {
	observed, steps, err := r.prepare(ctx)
	if err != nil {
		return access.Info{}, err
	}
	r.before = &observed
	r.told = slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Op == plan.Reload })
	err = r.act(ctx, steps)
	if err == nil {
		return access.Describe(r.folder.Path, r.topology), nil
	}
	if r.Keep {
		r.Note("leaving what there is, as --keep-on-failure asks")
		return access.Info{}, err
	}
	return access.Info{}, r.undone(err, r.undo(context.WithoutCancel(ctx)))
}

// undone is the error of a failed run that was undone. When it could not be, that
// is what the user must do something about first.
func (r *run) undone(err, undoing error) error {
	if undoing == nil {
		return err
	}
	// The hints of both errors go, for this comes first.
	err = fmt.Errorf("%v\nundoing what was done: %v", err, undoing)
	if len(r.before.Containers) > 0 {
		return ui.WithHint(err, "deploy again when the engine is well: that repairs the cluster; `oardeploy clean %s` would remove all of it", r.spec.Name)
	}
	return ui.WithHint(err, "`oardeploy clean %s` removes what is left", r.spec.Name)
}

// prepare does all that changes nothing in the cluster: it looks, gets images and
// keys, and plans.
func (r *run) prepare(ctx context.Context) (cluster.Observed, plan.Plan, error) {
	end := trace.Span(ctx, "prepare")
	defer end(nil)
	observed, err := r.Engine.Observe(ctx, r.spec.Name)
	if err != nil {
		return observed, nil, err
	}
	observed.Taken = append(observed.Taken, r.avoid...)
	if r.shared == nil || len(observed.Containers) > 0 {
		o, name, seen := r.Options, r.spec.Name, observed // of this moment: the run goes on meanwhile
		r.shared = later(func() (shared, error) { return o.findShared(ctx, name, seen) })
	}
	if len(observed.Containers) > 0 {
		// It comes out of a container that may be about to be replaced.
		found, err := r.shared()
		if err != nil {
			return observed, nil, err
		}
		observed.Files = found.files
	}
	if r.scale != nil {
		if r.spec, err = scaled(r.spec.Name, r.scale, observed); err != nil {
			return observed, nil, err
		}
	}
	if err := CheckVolumes(r.spec, observed.Machine); err != nil {
		return observed, nil, err
	}
	if r.topology, r.wide, err = layouts(r.spec, observed); err != nil {
		return observed, nil, err
	}
	ids, err := r.images(ctx, observed)
	if err != nil {
		return observed, nil, err
	}
	r.topology, r.wide = r.topology.WithImages(ids), r.wide.WithImages(ids)
	steps, err := plan.Compare(r.topology, observed)
	if err == nil && len(observed.Containers) > 0 {
		err = tryVolumes(ctx, r.Engine, r.topology, steps)
	}
	return observed, steps, err
}

// act changes the cluster and waits until it is ready.
func (r *run) act(ctx context.Context, steps plan.Plan) error {
	if err := makeDefault(r.spec, r.topology); err != nil {
		return err
	}
	if len(steps) == 0 {
		r.Note("nothing to do")
	}
	if err := r.apply(ctx, r.topology, steps); err != nil {
		return err
	}
	found, err := r.shared()
	if err == nil {
		err = r.folder.Write(r.topology, found.keys)
	}
	if err != nil {
		return err
	}
	if r.Unready {
		return nil
	}
	return ready.Wait(ctx, ready.Target{
		Topology: r.topology, Engine: r.Engine, Started: steps.Started(), Timeout: r.Timeout, Note: r.Note,
	})
}

func (r *run) apply(ctx context.Context, t cluster.Topology, steps plan.Plan) error {
	end := trace.Span(ctx, "carry out the plan")
	defer end(nil)
	return apply.Run(ctx, apply.Job{
		Plan: steps, Topology: t, Engine: r.Engine, Patience: r.Timeout,
		Files: func(host string) ([]byte, error) {
			found, err := r.shared()
			if err != nil {
				return nil, err
			}
			return found.keys.Archive(t, host)
		},
		Done: func(s plan.Step) { progress(r.Note, s) },
	})
}

// layouts lays the cluster out as it is wanted, and as wide as it is wanted or was.
func layouts(spec cluster.Spec, o cluster.Observed) (wanted, wide cluster.Topology, err error) {
	if wanted, err = spec.Layout(o); err != nil {
		return wanted, wide, err
	}
	wide, err = spec.Widened(o).Layout(o)
	return wanted, wide, err
}

// progress tells note of the steps that a user can tell apart.
func progress(note func(string), s plan.Step) {
	if s.Op == plan.Drain {
		note(strings.Join(s.Nodes, " ") + " out of service")
	}
	past := map[string]string{plan.Start: "started", plan.Stop: "stopped", plan.Reload: "knows the hosts", plan.Remove: "removed"}
	if s.Kind != "" {
		past[plan.Create] = "made"
	}
	if text, ok := past[s.Op]; ok {
		note(strings.TrimSpace(s.Kind + " " + s.Name + " " + text))
	}
}
