// Package logs shows what the hosts of a cluster say.
//
// # Policy
//
// Who follows hears of hosts that come: a cluster grows, a host is started again or
// made anew. These are heard from their start on. One that goes ends nothing; the last
// one of the cluster does.
//
// # Boundaries
//
// What is read comes from an [Engine], what is written goes where [Options] say.
package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Part is a part of a container's log.
type Part struct {
	Tail   int           // so many of the last lines; negative is all
	Since  time.Duration // not older than that; 0 is any age
	Life   bool          // from its last start on
	Follow bool          // and what it says until it ends
}

// Engine is what showing logs needs of a container engine.
type Engine interface {
	Observe(ctx context.Context, name string) (cluster.Observed, error)
	// Logs writes a part of a container's log, until all is written or the context ends.
	Logs(ctx context.Context, id string, p Part, stdout, stderr io.Writer) error
	// Life tells a container's last start from those before.
	Life(ctx context.Context, id string) (string, error)
	// Lives tells of each container of a cluster that starts or is removed, until the
	// context or the engine ends. It returns once the engine listens.
	Lives(ctx context.Context, name string, told func(id string)) (ended <-chan error)
}

// Options are what is shown, and where.
type Options struct {
	Part
	Host string // one host; "" is all
	// To is where a host's log goes, asked for each time that one begins.
	To func(host string) (stdout, stderr io.Writer)
}

// Show shows what the hosts of a cluster say, side by side.
func Show(ctx context.Context, e Engine, name string, o Options) error {
	showing, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &shown{Engine: e, Options: o, name: name, lives: map[string]string{}, cancel: cancel}
	err := s.show(showing)
	cancel()
	s.streams.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(s.errs) > 0:
		return errors.Join(s.errs...)
	}
	return err
}

// shown is one Show under way.
type shown struct {
	Engine
	Options
	name    string
	lives   map[string]string // container → which of its lives is shown
	streams sync.WaitGroup
	cancel  context.CancelFunc

	mu   sync.Mutex
	errs []error // of streams
}

func (s *shown) show(ctx context.Context) error {
	changed, ended := make(chan string), (<-chan error)(nil)
	if s.Follow {
		ended = s.Lives(ctx, s.name, func(id string) {
			select {
			case changed <- id:
			case <-ctx.Done():
			}
		})
	}
	there, err := s.look(ctx, s.Part, "")
	if err == nil && !there {
		return ui.WithHint(fmt.Errorf("reading logs: there is no cluster %q", s.name), "oardeploy status lists the clusters")
	}
	for s.Follow && there && err == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err = <-ended:
		case id := <-changed:
			there, err = s.look(ctx, Part{Tail: -1, Life: true, Follow: true}, id)
		}
	}
	if err == nil {
		s.streams.Wait() // they have ended, or will: what is left of them is shown
	}
	return err
}

// look shows a part of the log of each container, or of the one with the ID given, if
// it is of a life that is not shown yet. It reports whether the cluster has any.
func (s *shown) look(ctx context.Context, p Part, id string) (there bool, err error) {
	o, err := s.Observe(ctx, s.name)
	if err != nil {
		return false, err
	}
	for _, c := range o.Containers {
		host := c.Hostname(s.name)
		if id != "" && c.ID != id || s.Host != "" && s.Host != host {
			continue
		}
		life, err := s.Life(ctx, c.ID)
		if err != nil {
			if err = s.unlessGone(ctx, c.ID, err); err != nil {
				return true, err
			}
			continue
		}
		if s.lives[c.ID] == life {
			continue
		}
		s.lives[c.ID] = life
		stdout, stderr := s.To(host)
		s.streams.Go(func() {
			s.failed(ctx, s.unlessGone(ctx, c.ID, s.Logs(ctx, c.ID, p, stdout, stderr)))
		})
	}
	return len(o.Containers) > 0, nil
}

// failed keeps the error of a stream. Who follows must not miss a host without
// knowing: the other streams end.
func (s *shown) failed(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs = append(s.errs, err)
	if s.Follow {
		s.cancel()
	}
}

// unlessGone drops the error of a container that was removed meanwhile.
func (s *shown) unlessGone(ctx context.Context, id string, err error) error {
	if err == nil {
		return nil
	}
	o, failed := s.Observe(ctx, s.name)
	if failed != nil || slices.ContainsFunc(o.Containers, func(c cluster.Container) bool { return c.ID == id }) {
		return err
	}
	return nil
}
