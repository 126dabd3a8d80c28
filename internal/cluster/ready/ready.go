// Package ready waits until a cluster can be used, and says why when it cannot.
//
// # Policy
//
// Ready means: the API lists every core of every node as Alive, and the frontend's
// ssh answers. What a host that was started tells about itself is read from its log
// as it comes (the images write "oarcluster: …" marks); the API is asked once when
// all marks are there, and again only while its answer is not good enough. A
// container that ends fails the wait at once.
//
// # Boundaries
//
// Logs, exits and states come from the [Engine]; the two last checks go over the
// published ports, as the user's own programs will. Those of an engine on another
// machine may not be reached from here: there they are made inside the frontend.
package ready

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/logs"
	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Engine is what waiting needs of a container engine.
type Engine interface {
	Observe(ctx context.Context, name string) (cluster.Observed, error)
	// Logs writes a part of a container's log.
	Logs(ctx context.Context, id string, p logs.Part, stdout, stderr io.Writer) error
	Exits(ctx context.Context, name string, exited func(container, status string))
	// Exec runs argv as root in a container and returns its exit code.
	Exec(ctx context.Context, id string, argv []string, stdout, stderr io.Writer) (int, error)
}

// Target is the cluster to wait for.
type Target struct {
	Topology cluster.Topology
	Engine   Engine
	Started  []string      // hostnames whose containers were just started: they tell how far they are
	Timeout  time.Duration // how long to wait at most
	Note     func(string)  // told of each mark, as "node1 alive"
}

// tailLines is how much of a culprit's log an error shows.
const tailLines = 15

// culprit is an error that knows which host is to blame.
type culprit struct {
	host string
	error
}

func (c culprit) Unwrap() error { return c.error }

// Wait returns nil when the cluster is ready. Its error names every host that is
// not, the check that failed, that check's last error and the end of the host's log.
func Wait(ctx context.Context, t Target) error {
	end := trace.Span(ctx, "wait until ready")
	defer end(nil)
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(t.Timeout, func() { cancel(errTimeout) })
	defer timer.Stop()
	err := t.exits(waiting, cancel)
	if err == nil {
		err = t.checks(waiting)
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if cause := context.Cause(waiting); cause != nil && !errors.Is(cause, errTimeout) {
		err = cause
	}
	return t.explain(ctx, err, errors.Is(context.Cause(waiting), errTimeout))
}

var errTimeout = errors.New("time is up")

// checks runs the marks first, side by side, then what a user would do.
func (t Target) checks(ctx context.Context) error {
	marks, marksCtx := errgroup.WithContext(ctx)
	for host, wanted := range t.marks() {
		marks.Go(func() error { return t.follow(marksCtx, host, wanted) })
	}
	if err := marks.Wait(); err != nil {
		return err
	}
	last := []func(context.Context) error{t.api, t.ssh}
	if t.Topology.Machine != "" {
		last = []func(context.Context) error{t.apiInside, t.sshInside}
	}
	errs := make([]error, len(last))
	var g errgroup.Group
	for i, check := range last {
		ctx := trace.Lane(ctx, []string{"API", "ssh"}[i])
		g.Go(func() error { errs[i] = retry(ctx, check); return nil })
	}
	_ = g.Wait() // the checks' errors are in errs, all of them
	return errors.Join(errs...)
}

// exits ends the wait when a container of the cluster ends, or has ended already.
func (t Target) exits(ctx context.Context, cancel context.CancelCauseFunc) error {
	hostname := func(name string) string { return cluster.Container{Name: name}.Hostname(t.Topology.Name) }
	t.Engine.Exits(ctx, t.Topology.Name, func(name, status string) {
		cancel(culprit{hostname(name), fmt.Errorf("its container ended with exit status %s", status)})
	})
	o, err := t.Engine.Observe(ctx, t.Topology.Name)
	if err != nil {
		return err
	}
	for _, h := range t.Topology.Hosts {
		c, found := o.Host(t.Topology.Name, h.Name)
		if !found || c.State != "running" {
			return culprit{h.Name, fmt.Errorf("its container is not running, but %q", c.State)}
		}
	}
	return nil
}

// retry repeats a check until it passes or the context ends, and answers with the
// check's own last error then. A check costs the cluster something, hence the pace.
func retry(ctx context.Context, check func(context.Context) error) error {
	var last error
	for {
		end := trace.Span(ctx, "check")
		err := check(ctx)
		end(err)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			// A check that was cut short says less than the one before it.
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// explain makes the error that the user reads.
func (t Target) explain(ctx context.Context, err error, timeout bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "waiting for cluster %q", t.Topology.Name)
	if timeout {
		fmt.Fprintf(&b, ": not ready after %s", t.Timeout)
	}
	shown := ""
	for _, c := range culprits(err) {
		fmt.Fprintf(&b, "\n%s: %s", c.host, c.Error())
		if shown == "" {
			shown = c.host
		}
	}
	if shown == "" {
		return fmt.Errorf("%s: %w", b.String(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var log strings.Builder
	id := t.Topology.Name + "_" + shown
	if h, ok := t.Topology.Host(shown); ok {
		id = h.Container
	}
	if err := t.Engine.Logs(ctx, id, logs.Part{Tail: tailLines}, &log, &log); err == nil && log.Len() > 0 {
		fmt.Fprintf(&b, "\nthe end of the log of %s:\n  %s", shown, strings.ReplaceAll(strings.TrimSpace(log.String()), "\n", "\n  "))
	}
	return ui.WithHint(errors.New(b.String()), "--timeout gives it more time; --keep-on-failure leaves it there for `oardeploy logs --name %s %s`", t.Topology.Name, shown)
}

// culprits collects every culprit in a tree of joined errors.
func culprits(err error) []culprit {
	switch e := err.(type) {
	case culprit:
		return []culprit{e}
	case interface{ Unwrap() []error }:
		var all []culprit
		for _, err := range e.Unwrap() {
			all = append(all, culprits(err)...)
		}
		return all
	}
	return nil
}
