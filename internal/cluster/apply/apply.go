// Package apply carries out a plan on a container engine.
//
// # Policy
//
// It decides nothing: order and content come from the plan. Steps run as soon as
// those that they need are done, a bounded number at once. After the first failure
// or a cancelled context no further step begins, but calls in flight are awaited,
// so that whoever cleans up afterwards meets no late container.
//
// # Boundaries
//
// The engine is behind [Engine], declared here, where it is used. What files a
// host gets is the caller's knowledge.
package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
)

// Engine is what a plan needs of a container engine. Containers and networks are
// named by ID or by name. "Already removed" is success.
type Engine interface {
	// CreateNetwork's error wraps [ErrSubnetTaken] when that is why.
	CreateNetwork(ctx context.Context, t cluster.Topology) error
	RemoveNetwork(ctx context.Context, id string) error
	CreateContainer(ctx context.Context, t cluster.Topology, h cluster.Host) error
	StartContainer(ctx context.Context, id string) error
	RemoveContainer(ctx context.Context, id string) error
	// Upload unpacks a tar archive at the container's root.
	Upload(ctx context.Context, id string, archive []byte) error
	Signal(ctx context.Context, id, signal string) error
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
	Files    func(host string) ([]byte, error) // the archive that a host gets before it starts
	Done     func(plan.Step)                   // called after each step, one at a time; may be nil
}

// parallel bounds the calls in flight. An engine serialises much of a start (one
// iptables lock, one network lock), so more gains nothing and starves small hosts.
const parallel = 8

// patience bounds one call, for an engine may hang while it holds a lock.
const patience = 2 * time.Minute

// Run carries out the job. Its error joins those of all steps that failed.
func Run(ctx context.Context, j Job) error {
	r := runner{Job: j, state: make([]progress, len(j.Plan))}
	r.changed.L = &r.mu
	stop := context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changed.Broadcast()
	})
	defer stop()
	var workers sync.WaitGroup
	for range min(parallel, len(j.Plan)) {
		workers.Go(func() { r.work(ctx) })
	}
	workers.Wait()
	if len(r.errs) == 0 {
		return ctx.Err()
	}
	return errors.Join(append(r.errs, ctx.Err())...)
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
}

// work takes one step after the other until none will ever be ready.
func (r *runner) work(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		i := r.next(ctx)
		if i < 0 {
			return
		}
		r.state[i] = running
		r.mu.Unlock()
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		err := r.call(call, r.Plan[i])
		cancel()
		r.mu.Lock()
		if err != nil {
			r.errs = append(r.errs, fmt.Errorf("%s %q: %w", gerund[r.Plan[i].Op], r.Plan[i].Name, err))
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
var gerund = map[plan.Op]string{
	plan.CreateNetwork: "creating network",
	plan.RemoveNetwork: "removing network",
	plan.Create:        "creating",
	plan.Copy:          "copying files to",
	plan.Start:         "starting",
	plan.Reload:        "reloading",
	plan.Remove:        "removing",
}

func (r *runner) call(ctx context.Context, s plan.Step) error {
	id := s.ID
	if id == "" {
		id = s.Name
	}
	switch s.Op {
	case plan.CreateNetwork:
		return r.Engine.CreateNetwork(ctx, r.Topology)
	case plan.RemoveNetwork:
		return r.Engine.RemoveNetwork(ctx, id)
	case plan.Create:
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
	case plan.Reload:
		return r.reload(ctx, s.Host, id)
	case plan.Remove:
		return r.Engine.RemoveContainer(ctx, id)
	}
	return fmt.Errorf("unknown step %q", s.Op)
}

// reload makes a running host notice its new files: dnsmasq rereads its hosts at
// SIGHUP; on the server the image's own script makes OAR equal to the resources.
func (r *runner) reload(ctx context.Context, host, id string) error {
	if host == "dns" {
		return r.Engine.Signal(ctx, id, "SIGHUP")
	}
	var output strings.Builder
	argv := []string{"/usr/lib/oarcluster/oar-resources", "/etc/oarcluster", "reload"}
	code, err := r.Engine.Exec(ctx, id, argv, &output, &output)
	if err == nil && code != 0 {
		err = fmt.Errorf("running %s: exit status %d\n%s", argv[0], code, output.String())
	}
	return err
}
