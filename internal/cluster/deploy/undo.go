package deploy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// undoPatience bounds one try at undoing a run that failed.
const undoPatience = time.Minute

// aboutDisk makes room the first thing to do when an error says that the engine's disk
// is full, whatever else failed for that reason.
func aboutDisk(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || !doctor.Full(err.Error()) {
		return err
	}
	return ui.WithHint(errors.New(err.Error()), "the disk is full; %s", doctor.Room)
}

// undo goes back to the hosts that were there before and still are. It tries twice,
// for whatever ended the run may meet one call of the undoing, too.
func (r *run) undo(ctx context.Context) error {
	r.Note("undoing what was done")
	err := r.goBack(ctx)
	if err != nil {
		err = r.goBack(ctx)
	}
	return err
}

func (r *run) goBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, undoPatience)
	defer cancel()
	now, err := r.Engine.Observe(ctx, r.spec.Name)
	if err != nil {
		return err
	}
	back := survivors(r.wide, *r.before, &now)
	back.Was = r.before.Files
	steps, err := plan.Compare(back, now)
	if err == nil && r.apply(ctx, back, steps) != nil {
		// Whatever could not be told to the hosts that stay, what was made goes.
		err = r.apply(ctx, back, steps.Removals())
	}
	if err == nil && r.told && len(back.Hosts) > 0 {
		var refresh plan.Plan
		refresh.Refresh(back, now)
		err = r.apply(ctx, back, refresh)
	}
	return err
}

// survivors is the topology of the hosts that were there before and still are, and
// in now they are marked as being what is wanted. A cluster without its server is
// none: then no host survives, and of the volumes only those that this run made are
// left in now, to be removed: in the others are the users' homes.
func survivors(t cluster.Topology, before cluster.Observed, now *cluster.Observed) cluster.Topology {
	hosts := t.Hosts
	t.Hosts = nil
	for _, h := range hosts {
		was, existed := before.Host(t.Name, h.Name)
		for i, is := range now.Containers {
			if existed && is.ID == was.ID {
				now.Containers[i].Config = h.Config()
				t.Hosts = append(t.Hosts, h)
			}
		}
	}
	if _, ok := t.Host("server"); !ok {
		t.Hosts = nil
		now.Stores = slices.DeleteFunc(now.Stores, func(store string) bool { return slices.Contains(before.Stores, store) })
	}
	return t
}
