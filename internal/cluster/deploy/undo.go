package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
)

// undoPatience bounds the undoing of a run that failed.
const undoPatience = time.Minute

// undo goes back to the hosts that were there before and still are.
func (r *run) undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, undoPatience)
	defer cancel()
	r.Note("undoing what was done")
	now, err := r.Engine.Observe(ctx, r.spec.Name)
	if err != nil {
		return fmt.Errorf("undoing: %w", err)
	}
	back := survivors(r.wide, *r.before, &now)
	steps, err := plan.Compare(back, now)
	if err == nil && r.apply(ctx, back, steps) != nil {
		// Whatever could not be told to the hosts that stay, what was made goes.
		err = r.apply(ctx, back, steps.Removals())
	}
	if err == nil && r.told && len(back.Hosts) > 0 {
		err = r.apply(ctx, back, plan.Refresh(back, now))
	}
	if err != nil {
		return fmt.Errorf("undoing: %w", err)
	}
	return dropDefault(r.made)
}

// survivors is the topology of the hosts that were there before and still are, and
// in now they are marked as being what is wanted. A cluster without its server is
// none: then no host survives.
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
	}
	return t
}
