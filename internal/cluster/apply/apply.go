// Package apply carries out a plan on a container engine.
//
// # Policy
//
// It decides nothing: order and content come from the plan. Steps run as soon as
// those that they need are done, a bounded number at once. After the first failure
// or a cancelled context no further step begins, but calls in flight are awaited,
// for a bounded time, so that whoever cleans up afterwards meets no late container.
//
// # Boundaries
//
// The engine is behind [Engine], declared here, where it is used. What files a
// host gets is the caller's knowledge.
package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/bounded"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Engine is what a plan needs of a container engine. Containers and networks are
// named by ID or by name. "Already removed" is success.
type Engine interface {
	// CreateNetwork's error wraps [ErrSubnetTaken] when that is why.
	CreateNetwork(ctx context.Context, t cluster.Topology) error
	// RemoveNetwork waits for the containers on it that are being removed.
	RemoveNetwork(ctx context.Context, id string) error
	// CreateVolume makes a volume of the cluster named, or finds it again.
	CreateVolume(ctx context.Context, cluster, volume string) error
	RemoveVolume(ctx context.Context, volume string) error
	CreateContainer(ctx context.Context, t cluster.Topology, h cluster.Host) error
	StartContainer(ctx context.Context, id string) error
	// StopContainer lets the container's processes end, for a limited time.
	StopContainer(ctx context.Context, id string) error
	RemoveContainer(ctx context.Context, id string) error
	// Upload unpacks a tar archive at the container's root.
	Upload(ctx context.Context, id string, archive []byte) error
	// Exec runs argv as root and returns its exit code.
	Exec(ctx context.Context, id string, argv []string, stdout, stderr io.Writer) (int, error)
}

// ErrSubnetTaken means that another network got the addresses since they were
// looked at: look again, and other ones are chosen.
var ErrSubnetTaken = errors.New("another network just took the subnet")

// Job is a plan and all that is needed to carry it out.
type Job struct {
	Plan     plan.Plan
	Topology cluster.Topology
	Engine   Engine
	Files    func(host string) ([]byte, error) // the archive that dns or server gets before it starts
	Done     func(plan.Step)                   // called after each step, one at a time; may be nil
	Parallel int                               // calls in flight at most; 0: [parallel]
	Patience time.Duration                     // how long one call may take; 0: [patience]
}

// parallel bounds the calls in flight. An engine serialises much of a start (one
// iptables lock, one network lock), so more gains nothing and starves small hosts.
const parallel = 8

// patience bounds one call, for an engine may hang while it holds a lock. After a
// failure or an interrupt somebody waits to clean up: calls in flight get grace.
const (
	patience = 2 * time.Minute
	grace    = 10 * time.Second
)

// Run carries out the job. Its error joins those of all steps that failed.
func Run(ctx context.Context, j Job) error {
	r := runner{Job: j, state: make([]progress, len(j.Plan))}
	r.changed.L = &r.mu
	if r.Patience == 0 {
		r.Patience = patience
	}
	r.inFlight, r.abandon = context.WithCancelCause(context.WithoutCancel(ctx))
	defer r.abandon(nil)
	stop := context.AfterFunc(ctx, func() {
		r.hurry()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changed.Broadcast()
	})
	defer stop()
	var workers sync.WaitGroup
	for i := range min(cmp.Or(j.Parallel, parallel), len(j.Plan)) {
		workers.Go(func() { r.work(ctx, fmt.Sprintf("worker %d", i+1)) })
	}
	workers.Wait()
	if len(r.errs) == 0 {
		return ctx.Err()
	}
	return errors.Join(append(r.errs, ctx.Err())...)
}

// silence is the error of a call that the engine did not answer.
func silence(limit time.Duration) error {
	return ui.WithHint(fmt.Errorf("the engine gave no answer within %s", limit),
		"its log may tell why (`journalctl -u docker`); `sudo systemctl restart docker` ends a hang")
}

// progress is how far a step is.
type progress int

const (
	waiting progress = iota
	running
	done
)

// runner is the state of one Run.
type runner struct {
	Job
	mu      sync.Mutex
	changed sync.Cond // of what follows
	state   []progress
	errs    []error

	inFlight context.Context // of all calls; it outlives an interrupt, for they are awaited
	abandon  context.CancelCauseFunc
}

// hurry gives the calls in flight little more time: somebody waits to clean up.
func (r *runner) hurry() {
	timer := time.AfterFunc(grace, func() { r.abandon(silence(grace)) })
	context.AfterFunc(r.inFlight, func() { timer.Stop() })
}

// work takes one step after the other until none will ever be ready. lane is where
// a trace shows them.
func (r *runner) work(ctx context.Context, lane string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		i := r.next(ctx)
		if i < 0 {
			return
		}
		r.state[i] = running
		r.mu.Unlock()
		err := r.bounded(lane, r.Plan[i])
		r.mu.Lock()
		if err != nil {
			if len(r.errs) == 0 {
				r.hurry()
			}
			r.errs = append(r.errs, failure(r.Plan[i], err))
		} else {
			r.state[i] = done
			if r.Done != nil {
				r.Done(r.Plan[i])
			}
		}
		r.changed.Broadcast()
	}
}

// next waits for a step that can run, the plan's first: it begins with the hosts
// for which the others wait. It returns -1 when there is none to come.
func (r *runner) next(ctx context.Context) int {
	for len(r.errs) == 0 && ctx.Err() == nil {
		left := false
		for i, s := range r.Plan {
			if r.state[i] == waiting && r.ready(s) {
				return i
			}
			left = left || r.state[i] == waiting
		}
		if !left {
			break
		}
		r.changed.Wait()
	}
	return -1
}

func (r *runner) ready(s plan.Step) bool {
	for _, n := range s.Needs {
		if r.state[n] != done {
			return false
		}
	}
	return true
}

// gerund is how an error names a step.
var gerund = map[string]string{
	plan.Create: "creating",
	plan.Copy:   "copying files to",
	plan.Start:  "starting",
	plan.Stop:   "stopping",
	plan.Reload: "reloading",
	plan.Drain:  "draining",
	plan.Remove: "removing",
}

func failure(s plan.Step, err error) error {
	return ui.WithHint(fmt.Errorf("%s %q: %w", strings.TrimSpace(gerund[s.Op]+" "+s.Kind), s.Name, err),
		"`oardeploy doctor` looks at the engine, its disk and its limits")
}

// bounded is call, with an error that says so when the engine did not answer.
func (r *runner) bounded(lane string, s plan.Step) (err error) {
	ctx, cancel := context.WithTimeoutCause(trace.Lane(r.inFlight, lane), r.Patience, silence(r.Patience))
	defer cancel()
	end := trace.Span(ctx, s.Name+": "+strings.TrimSpace(s.Op+" "+s.Kind))
	defer func() { end(err) }()
	err = r.call(ctx, s)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (r *runner) call(ctx context.Context, s plan.Step) error {
	id := s.ID
	if id == "" {
		id = s.Name
	}
	switch s.Op {
	case plan.Create:
		switch s.Kind {
		case plan.Network:
			return r.Engine.CreateNetwork(ctx, r.Topology)
		case plan.Volume:
			return r.Engine.CreateVolume(ctx, r.Topology.Name, s.Name)
		}
		h, _ := r.Topology.Host(s.Host)
		return r.Engine.CreateContainer(ctx, r.Topology, h)
	case plan.Copy:
		archive, err := r.Files(s.Host)
		if err != nil {
			return err
		}
		return r.Engine.Upload(ctx, id, archive)
	case plan.Start:
		return r.Engine.StartContainer(ctx, id)
	case plan.Stop:
		return r.Engine.StopContainer(ctx, id)
	case plan.Reload:
		return r.reload(ctx, s.Host, id)
	case plan.Drain:
		return r.exec(ctx, id, append([]string{"/usr/lib/oarcluster/oar-end-jobs", "away"}, s.Nodes...))
	case plan.Remove:
		switch s.Kind {
		case plan.Network:
			return r.Engine.RemoveNetwork(ctx, id)
		case plan.Volume:
			return r.Engine.RemoveVolume(ctx, id)
		}
		return r.Engine.RemoveContainer(ctx, id)
	}
	return fmt.Errorf("unknown step %q", s.Op)
}

// reload makes a running host notice its new files: dnsmasq rereads its hosts at
// SIGHUP; elsewhere the image's own script makes the host equal to them, and on the
// server OAR. The engine's own way to send a signal would make dns one that was
// stopped by its user, which does not come back when the engine does.
func (r *runner) reload(ctx context.Context, host, id string) error {
	argv := []string{"/usr/lib/oarcluster/reload"}
	if host == "dns" {
		argv = []string{"sh", "-c", "kill -HUP 1"}
	}
	return r.exec(ctx, id, argv)
}

// maxOutput is how much of what a program of the image says is kept.
const maxOutput = 1 << 16

// exec runs a program of the image; a failure shows what it said.
func (r *runner) exec(ctx context.Context, id string, argv []string) error {
	output := bounded.Buffer{Max: maxOutput}
	code, err := r.Engine.Exec(ctx, id, argv, &output, &output)
	if err == nil && code != 0 {
		err = ui.WithHint(fmt.Errorf("running %s: exit status %d\n%s", argv[0], code, strings.TrimSpace(output.String())),
			"the end of the log may tell more: docker logs --tail 50 %s", id)
	}
	return err
}
