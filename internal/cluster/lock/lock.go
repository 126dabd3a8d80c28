// Package lock keeps two programs from changing one cluster at once, from
// whatever machines they reach its engine.
//
// # Policy
//
// The lock is an object of the engine, with its holder's identity in a label, so
// it outlives a holder that is killed. On the holder's own machine that shows: its
// process has ended, or the machine was started again since; then it is taken over
// from. A holder on another machine cannot be asked. Whoever deploys is refused,
// and told who it is and what to do; whoever cleans asks for the end of all that
// the holder may be making, so the lock is broken, after saying so.
//
// This lock guards the cluster, against all who reach its engine. Beside it whoever
// changes a cluster locks its folder on this machine (package access), which programs on
// two engines, and one that cleans past a foreign object in this lock's place, share.
//
// An engine cannot remove a lock on condition that it still is the dead holder's: one
// that was made between the look and the removal is lost. So whoever gets a lock looks
// again whose it is, which makes one that was lost anew.
//
// # Boundaries
//
// How the engine keeps the lock is its matter: see [Engine].
package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Engine is what locking needs of a container engine.
type Engine interface {
	// Lock gives the cluster's lock to the holder if nobody has it, and answers who
	// has it then. Of any number of calls at once, one gets it. The error wraps
	// [ErrForeign] when something that is not ours is in the lock's place.
	Lock(ctx context.Context, cluster, holder string) (string, error)
	// Unlock takes the lock from the holder; one who has it not is a success.
	Unlock(ctx context.Context, cluster, holder string) error
}

// ErrForeign means that what has the lock's name is no lock of ours.
var ErrForeign = errors.New("it exists already, and oardeploy did not make it")

// releasePatience bounds the giving back, which happens after an interrupt, too.
const releasePatience = 10 * time.Second

// pace is between two looks at a lock that is waited for. settle is what the engine
// gets to end the calls that a killed holder left in flight: it shows a container
// only when it is made, and nobody is told of one that comes after a look.
const (
	pace   = 100 * time.Millisecond
	settle = time.Second
)

// Lock is held by this process.
type Lock struct {
	engine          Engine
	cluster, holder string
}

// Take takes the cluster's lock, or says at once who has it. note is told of a dead
// holder from which it is taken over.
func Take(ctx context.Context, e Engine, cluster string, note func(string)) (*Lock, error) {
	return take(ctx, e, cluster, note, false)
}

// Force takes the lock for somebody who removes the cluster: it waits for a holder
// that lives, and breaks the lock of one that cannot be asked, telling note of it.
func Force(ctx context.Context, e Engine, cluster string, note func(string)) (*Lock, error) {
	return take(ctx, e, cluster, note, true)
}

func take(ctx context.Context, e Engine, cluster string, note func(string), force bool) (*Lock, error) {
	me := self()
	l := &Lock{e, cluster, me.text()}
	for waiting, sure := false, false; ; {
		text, err := e.Lock(ctx, cluster, l.holder)
		if err != nil {
			if errors.Is(err, ErrForeign) {
				return nil, ui.WithHint(fmt.Errorf("locking cluster %q: volume %s: %w", cluster, Volume(cluster), err),
					"remove it (`docker volume rm %s`), or deploy under another --name", Volume(cluster))
			}
			// The engine may have carried out the call whose answer we did not get.
			return nil, errors.Join(ui.WithHint(fmt.Errorf("locking cluster %q: %w", cluster, err), "`oardeploy doctor` looks at the engine"), l.Release(ctx))
		}
		if text == l.holder {
			if sure {
				return l, nil
			}
			sure = true
			continue
		}
		sure = false
		has := parse(text)
		switch fate := has.fate(me); {
		case fate == ended:
			note(fmt.Sprintf("taking over from %s, which has ended", has))
			err = errors.Join(e.Unlock(ctx, cluster, text), pause(ctx, settle))
		case !force:
			return nil, refusal(cluster, has, fate)
		case fate == unknown:
			note(fmt.Sprintf("breaking the lock of %s, which cannot be asked from here whether it still runs", has))
			err = e.Unlock(ctx, cluster, text)
		case !waiting:
			waiting = true
			note(fmt.Sprintf("waiting for %s; `kill %d` interrupts it", has, has.PID))
		default:
			err = pause(ctx, pace)
		}
		if err != nil {
			return nil, fmt.Errorf("locking cluster %q: %w", cluster, err)
		}
	}
}

// refusal tells who has the lock and what can be done.
func refusal(cluster string, has holder, f fate) error {
	err := fmt.Errorf("locking cluster %q: it is being changed by %s", cluster, has)
	if f == alive {
		return ui.WithHint(err, "wait until it has ended, or interrupt it: kill %d", has.PID)
	}
	return ui.WithHint(err, "wait until it has ended there; if it runs no more, `docker volume rm %s` removes its lock alone, and `oardeploy clean %s` the cluster with it",
		Volume(cluster), cluster)
}

// Volume is the name of the engine's volume that is a cluster's lock.
func Volume(cluster string) string { return cluster + "_lock" }

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Release gives the lock back, also after ctx has ended. One that was broken
// meanwhile is a success.
func (l *Lock) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releasePatience)
	defer cancel()
	if err := l.engine.Unlock(ctx, l.cluster, l.holder); err != nil {
		return fmt.Errorf("unlocking cluster %q: %w", l.cluster, err)
	}
	return nil
}
