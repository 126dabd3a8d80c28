// Package deploy is what oardeploy can do with a cluster, one exported function a
// verb: bring it to what its user asked for, show the way there, remove it, look
// at it.
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
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/cluster/ready"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
)

// Engine is a container engine as all the parts together need it.
type Engine interface {
	apply.Engine
	ready.Engine
	images.Engine
	Clusters(ctx context.Context) ([]string, error)
	Download(ctx context.Context, id, path string) (io.ReadCloser, error)
}

// Options are how to go about it.
type Options struct {
	Engine   Engine
	Base     string        // where the clusters' folders are: "/tmp"
	Registry string        // folder of the registry to serve while pulling when nothing listens on the loopback
	Timeout  time.Duration // how long readiness may take
	Keep     bool          // leave a failed cluster for its user to look at
	Note     func(string)  // told what happens, a line at a time; called from several goroutines

	// NewKeys makes the keys of a new cluster: secrets.New, unless a test saves time.
	NewKeys func(comment string) (secrets.Keys, error)
}

// Deploy brings the cluster to what spec asks for and waits until it is ready.
func Deploy(ctx context.Context, spec cluster.Spec, o Options) (access.Info, error) {
	if err := CheckVolumes(spec); err != nil {
		return access.Info{}, err
	}
	folder, err := access.Open(ctx, o.Base, spec.Name)
	if err != nil {
		return access.Info{}, err
	}
	r := &run{Options: o, spec: spec, folder: folder}
	info, err := r.deploy(ctx)
	for tries := 1; tries < 3 && errors.Is(err, apply.ErrSubnetTaken); tries++ {
		// A new one: the goroutine that finds keys may still read the other.
		r = &run{Options: o, spec: spec, folder: folder, avoid: append(r.avoid, r.topology.Subnet)}
		info, err = r.deploy(ctx)
	}
	if err != nil && folder.New && (r.before == nil || !o.Keep) {
		return info, errors.Join(err, folder.Remove())
	}
	return info, errors.Join(err, folder.Close())
}

// run is one Deploy under way.
type run struct {
	Options
	spec     cluster.Spec
	folder   *access.Folder
	avoid    []netip.Prefix               // taken, though the engine may not list who has them yet
	topology cluster.Topology             // what is wanted
	wide     cluster.Topology             // the same with the nodes that are to go
	keys     func() (secrets.Keys, error) // waits for them
	before   *cluster.Observed            // nil until the first step may have been taken
	told     bool                         // running hosts may have been told of other hosts
	made     string                       // the default volume's folder, when this run made it
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
	return access.Info{}, errors.Join(err, r.undo(context.WithoutCancel(ctx)))
}

// prepare does all that changes nothing in the cluster: it looks, gets images and
// keys, and plans.
func (r *run) prepare(ctx context.Context) (cluster.Observed, plan.Plan, error) {
	observed, err := r.Engine.Observe(ctx, r.spec.Name)
	if err != nil {
		return observed, nil, err
	}
	observed.Taken = append(observed.Taken, r.avoid...)
	if r.topology, r.wide, err = layouts(r.spec, observed); err != nil {
		return observed, nil, err
	}
	r.keys = later(func() (secrets.Keys, error) { return r.findKeys(ctx, observed) })
	if len(observed.Containers) > 0 {
		// They come out of a container that may be about to be replaced.
		if _, err := r.keys(); err != nil {
			return observed, nil, err
		}
	}
	ids, err := ensureImages(ctx, r.Options, r.spec.Registry, r.topology.Images())
	if err != nil {
		return observed, nil, err
	}
	r.topology, r.wide = r.topology.WithImages(ids), r.wide.WithImages(ids)
	steps, err := plan.Compare(r.topology, observed)
	return observed, steps, err
}

// act changes the cluster and waits until it is ready.
func (r *run) act(ctx context.Context, steps plan.Plan) error {
	var err error
	if r.made, err = makeDefault(r.spec, r.topology); err != nil {
		return err
	}
	if len(steps) == 0 {
		r.Note("nothing to do")
	}
	if err := r.apply(ctx, r.topology, steps); err != nil {
		return err
	}
	keys, err := r.keys()
	if err == nil {
		err = r.folder.Write(r.topology, keys)
	}
	if err != nil {
		return err
	}
	return ready.Wait(ctx, ready.Target{
		Topology: r.topology, Engine: r.Engine, Started: steps.Started(), Timeout: r.Timeout, Note: r.Note,
	})
}

func (r *run) apply(ctx context.Context, t cluster.Topology, steps plan.Plan) error {
	return apply.Run(ctx, apply.Job{
		Plan: steps, Topology: t, Engine: r.Engine,
		Files: func(host string) ([]byte, error) {
			keys, err := r.keys()
			if err != nil {
				return nil, err
			}
			return keys.Archive(t, host)
		},
		Done: func(s plan.Step) { progress(r.Note, s) },
	})
}

// layouts lays the cluster out as it is wanted, and as wide as it is wanted or was.
func layouts(spec cluster.Spec, o cluster.Observed) (wanted, wide cluster.Topology, err error) {
	if wanted, err = spec.Layout(o); err != nil {
		return wanted, wide, err
	}
	for _, c := range o.Containers {
		var n int
		if _, err := fmt.Sscanf(c.Hostname(spec.Name), "node%d", &n); err == nil {
			spec.Nodes = max(spec.Nodes, n)
		}
	}
	wide, err = spec.Layout(o)
	return wanted, wide, err
}

// progress tells note of the steps that a user can tell apart.
func progress(note func(string), s plan.Step) {
	past := map[plan.Op]string{
		plan.CreateNetwork: "network %s made", plan.RemoveNetwork: "network %s removed",
		plan.Start: "%s started", plan.Reload: "%s knows the hosts", plan.Remove: "%s removed",
	}
	if text, ok := past[s.Op]; ok {
		note(fmt.Sprintf(text, s.Name))
	}
}

// later begins f at once and returns what waits for its answer: making keys takes
// as long as making the first containers.
func later[T any](f func() (T, error)) func() (T, error) {
	once := sync.OnceValues(f)
	go once()
	return once
}

// findKeys reads the keys of a running cluster from one of its containers, and
// makes new ones for a cluster that has none.
func (r *run) findKeys(ctx context.Context, o cluster.Observed) (secrets.Keys, error) {
	i := slices.IndexFunc(o.Containers, func(c cluster.Container) bool {
		return c.Role != "dns" && (c.State == "running" || c.State == "exited")
	})
	if i < 0 {
		return r.NewKeys(r.spec.Name)
	}
	archive, err := r.Engine.Download(ctx, o.Containers[i].ID, "/etc/oarcluster")
	if err != nil {
		return secrets.Keys{}, err
	}
	defer archive.Close()
	return secrets.Read(archive)
}
