package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Stop ends the processes of hosts of a cluster, of all when none is named, and
// keeps everything for [Options.Start]: files, database, accounts, addresses.
func (o Options) Stop(ctx context.Context, name string, hosts []string) error {
	return o.alone(ctx, name, func(o Options) error { return o.stop(ctx, name, hosts) })
}

func (o Options) stop(ctx context.Context, name string, hosts []string) (err error) {
	end := trace.Span(ctx, "stop")
	defer func() { end(err) }()
	steps, err := o.stopping(ctx, name, hosts)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		o.Note(fmt.Sprintf("nothing of cluster %q runs", name))
	}
	return apply.Run(ctx, apply.Job{
		Plan: steps, Engine: o.Engine, Parallel: stops(o.Machine), Done: func(s plan.Step) { progress(o.Note, s) },
	})
}

// stops is how many hosts are stopped at once: an engine waits for their processes
// meanwhile, and does nothing. Over ssh each is a session of the one login, of which
// sshd allows ten (MaxSessions of sshd_config(5)): more would be logins of their own.
func stops(machine string) int {
	if strings.HasPrefix(machine, "ssh:") {
		return 8
	}
	return 64
}

// stopping plans a stop.
func (o Options) stopping(ctx context.Context, name string, hosts []string) (plan.Plan, error) {
	observed, err := o.Engine.Observe(ctx, name)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(name, hosts, observed)
	return each(plan.Stop, name, chosen, func(state string) bool { return state == "running" || state == "paused" || state == "restarting" }), err
}

// Start brings up the hosts of a cluster that do not run, all or those that are
// named, and waits until the cluster is ready. Nothing is made anew but what a
// reboot takes away: the cluster's folder on this machine.
func (o Options) Start(ctx context.Context, name string, hosts []string) (info access.Info, err error) {
	err = o.alone(ctx, name, func(o Options) error {
		info, err = o.start(ctx, name, hosts)
		return err
	})
	return info, err
}

// Restart is [Options.Stop], then [Options.Start], and nobody changes the cluster
// between the two.
func (o Options) Restart(ctx context.Context, name string, hosts []string) (info access.Info, err error) {
	err = o.alone(ctx, name, func(o Options) error {
		if err := o.stop(ctx, name, hosts); err != nil {
			return err
		}
		info, err = o.start(ctx, name, hosts)
		return err
	})
	return info, err
}

func (o Options) start(ctx context.Context, name string, hosts []string) (access.Info, error) {
	folder, err := access.Open(ctx, o.Base, name, o.Machine)
	if err != nil {
		return access.Info{}, err
	}
	r := &run{Options: o, spec: cluster.Spec{Name: name}, folder: folder}
	steps, err := r.starting(ctx, hosts, false)
	if err == nil {
		err = r.act(ctx, steps)
	}
	if err != nil && folder.New {
		return access.Info{}, errors.Join(err, folder.Remove())
	}
	return access.Describe(folder.Path, r.topology), errors.Join(err, folder.Close())
}

// starting plans a start: of what does not run, or of all when that is stopped before.
func (r *run) starting(ctx context.Context, hosts []string, stopped bool) (plan.Plan, error) {
	name := r.spec.Name
	observed, err := r.Engine.Observe(ctx, name)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(name, hosts, observed)
	if err != nil {
		return nil, err
	}
	found, err := r.findShared(ctx, name, observed)
	if err != nil {
		return nil, err
	}
	r.shared = func() (shared, error) { return found, nil }
	observed.Files = found.files
	var whole bool
	if r.topology, whole = observed.Topology(name); !whole || found.files == nil { // keys that were not read were made, and are nobody's
		return nil, ui.WithHint(fmt.Errorf("starting cluster %q: it is not whole, or an older oardeploy made it", name),
			"deploy over it with the flags that it had: what is there stays, what is missing is made")
	}
	r.spec = r.topology.Spec
	steps := each(plan.Start, name, chosen, func(state string) bool { return stopped || state != "running" && state != "restarting" })
	anew := stopped && slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Host == "server" })
	server, _ := observed.Host(name, "server")
	if (server.State == "running" || server.State == "paused") && len(steps) > 0 && !anew {
		// It takes back nodes as soon as they answer; by itself it would look once a minute.
		reload := plan.Step{Op: plan.Reload, Name: server.Name, Host: "server", ID: server.ID}
		for i := range steps {
			reload.Needs = append(reload.Needs, i)
		}
		steps = append(steps, reload)
	}
	return steps, nil
}

// choose finds the containers of the hosts that are named, of all when none is.
func choose(name string, hosts []string, o cluster.Observed) ([]cluster.Container, error) {
	if len(o.Containers) == 0 {
		return nil, noCluster(name)
	}
	if len(hosts) == 0 {
		return o.Containers, nil
	}
	var chosen []cluster.Container
	var errs []error
	for _, host := range hosts {
		c, ok := o.Host(name, host)
		if !ok {
			errs = append(errs, noHost(name, host, o))
			continue
		}
		chosen = append(chosen, c)
	}
	return chosen, errors.Join(errs...)
}

// each plans one thing for each container in one of the states that are meant: dns
// and server first, for the others wait for them.
func each(op, name string, containers []cluster.Container, meant func(state string) bool) plan.Plan {
	var steps plan.Plan
	for _, c := range containers {
		if !meant(c.State) {
			continue
		}
		s := plan.Step{Op: op, Name: c.Name, Host: c.Hostname(name), ID: c.ID, Paused: c.State == "paused"}
		if c.Role == "dns" || c.Role == "server" {
			steps = slices.Insert(steps, 0, s)
		} else {
			steps = append(steps, s)
		}
	}
	return steps
}

// noHost is the error of a verb on a host that the cluster has not.
func noHost(name, host string, o cluster.Observed) error {
	var hosts []string
	for _, c := range o.Containers {
		hosts = append(hosts, c.Hostname(name))
	}
	slices.Sort(hosts)
	return ui.WithHint(fmt.Errorf("looking for host %q: cluster %q has none of that name", host, name), "its hosts are %q", hosts)
}
