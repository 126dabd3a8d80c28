package apply_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
)

// job is a first deploy of n nodes on a fake engine, whose calls are recorded.
func job(t *testing.T, n int) (apply.Job, *enginetest.Fake, *record) {
	t.Helper()
	fake := enginetest.New("r", "1")
	fake.Mute = []string{"frontend"} // its ports are of no concern here
	r := &record{}
	fake.Before = r.add
	spec := cluster.Spec{Name: "oarcluster", Groups: []cluster.Group{{Name: "node", Nodes: n, Cores: 1}}, Registry: "r", Tag: "1", Bind: netip.MustParseAddr("127.0.0.1")}
	o, err := fake.Observe(t.Context(), spec.Name)
	if err != nil {
		t.Fatal(err)
	}
	top, err := spec.Layout(o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Compare(top, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cleanUp(fake, top.Name) })
	return apply.Job{Plan: p, Topology: top, Engine: fake, Files: func(string) ([]byte, error) { return nil, nil }}, fake, r
}

func cleanUp(fake *enginetest.Fake, name string) {
	fake.Before = func(string) error { return nil }
	o, _ := fake.Observe(context.Background(), name)
	for _, c := range o.Containers {
		fake.RemoveContainer(context.Background(), c.ID)
	}
}

// record notes the calls of an engine and can fail one.
type record struct {
	mu    sync.Mutex
	calls []string
	fail  string
	err   error
}

func (r *record) add(call string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
	if r.fail != "" && strings.HasPrefix(call, r.fail) {
		return r.err
	}
	return nil
}

func TestRunFollowsThePlan(t *testing.T) {
	t.Parallel()
	j, fake, r := job(t, 3)
	done := 0
	j.Done = func(plan.Step) { done++ }
	if err := apply.Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if done != len(j.Plan) || len(r.calls) != len(j.Plan) {
		t.Errorf("%d steps, %d told, %d calls", len(j.Plan), done, len(r.calls))
	}
	if len(fake.Objects()) != 9 {
		t.Errorf("got %q", fake.Objects())
	}
	for _, h := range j.Topology.Hosts {
		filler := "oarcluster_server"
		if h.Role == "dns" {
			filler = h.Container
		}
		made, filled := slices.Index(r.calls, "create "+h.Container), slices.Index(r.calls, "upload "+filler)
		started := slices.Index(r.calls, "start "+h.Container)
		if made < 2 || made > started || filled < made && filler == h.Container || filled > started {
			t.Errorf("%s: create is call %d, upload %d, start %d; the first are %q", h.Name, made, filled, started, r.calls[:2])
		}
	}
}

func TestRunStopsAfterAFailure(t *testing.T) {
	t.Parallel()
	j, _, r := job(t, 3)
	r.fail, r.err = "create network", errors.New("no room")
	err := apply.Run(t.Context(), j)
	if !errors.Is(err, r.err) || err.Error() != `creating network "oarcluster": no room` {
		t.Errorf("got %v", err)
	}
	if len(r.calls) > 2 { // the volume may have been under way
		t.Errorf("calls after the failure: %q", r.calls)
	}
}

func TestRunJoinsTheFailures(t *testing.T) {
	t.Parallel()
	j, _, r := job(t, 1)
	j.Plan = plan.Plan{{Op: plan.Start, Name: "a"}, {Op: plan.Start, Name: "b"}}
	r.fail, r.err = "start", errors.New("no")
	err := apply.Run(t.Context(), j)
	if err == nil || !strings.HasPrefix(err.Error(), "starting ") {
		t.Errorf("got %v", err)
	}
}

func TestRunWaitsForCallsInFlight(t *testing.T) {
	t.Parallel()
	j, fake, _ := job(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	fake.Before = func(call string) error {
		if call == "create oarcluster_dns" {
			cancel()
		}
		return nil
	}
	if err := apply.Run(ctx, j); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := fake.Objects(); !slices.Contains(got, "container oarcluster_dns created") {
		t.Errorf("the call in flight was given up: %q", got)
	}
}

func TestRunDoesNothingWhenItIsTooLate(t *testing.T) {
	t.Parallel()
	j, _, r := job(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := apply.Run(ctx, j); !errors.Is(err, context.Canceled) || len(r.calls) > 0 {
		t.Errorf("got %v and calls %q", err, r.calls)
	}
}

func TestRunReloads(t *testing.T) {
	t.Parallel()
	j, _, r := job(t, 1)
	if err := apply.Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	j.Plan = plan.Plan{
		{Op: plan.Reload, Name: "oarcluster_dns", Host: "dns"},
		{Op: plan.Reload, Name: "oarcluster_server", Host: "server", Needs: []int{0}},
	}
	r.calls = nil
	if err := apply.Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	want := []string{"exec sh oarcluster_dns", "exec /usr/lib/oarcluster/reload oarcluster_server"}
	if !slices.Equal(r.calls, want) {
		t.Errorf("got %q, want %q", r.calls, want)
	}
}

func TestRunReportsFilesThatCannotBePacked(t *testing.T) {
	t.Parallel()
	j, _, _ := job(t, 1)
	j.Files = func(string) ([]byte, error) { return nil, errors.New("no keys") }
	if err := apply.Run(t.Context(), j); err == nil || !strings.Contains(err.Error(), `copying files to "oarcluster_`) {
		t.Errorf("got %v", err)
	}
}

// hung is an engine that never answers when it is asked to start something.
type hung struct{ apply.Engine }

func (h hung) StartContainer(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// The waits are counted on a clock of the test's own.
func TestRunIsBoundedWhenTheEngineHangs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		patience  time.Duration
		interrupt bool
		want      string
		after     time.Duration
	}{
		"for as long as was asked":       {30 * time.Second, false, "starting \"a\": the engine gave no answer within 30s", 30 * time.Second},
		"for long":                       {0, false, "starting \"a\": the engine gave no answer within 2m0s", 2 * time.Minute},
		"a little more once interrupted": {0, true, "starting \"a\": the engine gave no answer within 10s\ncontext canceled", 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.interrupt {
					time.AfterFunc(5*time.Second, cancel)
				}
				begin := time.Now()
				err := apply.Run(ctx, apply.Job{Plan: plan.Plan{{Op: plan.Start, Name: "a"}}, Engine: hung{}, Patience: tc.patience})
				if err == nil || err.Error() != tc.want || time.Since(begin) != tc.after {
					t.Errorf("after %s: %v", time.Since(begin), err)
				}
			})
		})
	}
}

// Once something has failed, who hangs is not waited for as long.
func TestRunHurriesAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := plan.Plan{{Op: plan.Start, Name: "a"}, {Op: "no such step", Name: "b"}}
		err := apply.Run(t.Context(), apply.Job{Plan: p, Engine: hung{}})
		if err == nil || !strings.Contains(err.Error(), `starting "a": the engine gave no answer within 10s`) || time.Since(begin) != 10*time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
	})
}

// talking is an engine on which every program fails after many words.
type talking struct{ *enginetest.Fake }

func (talking) Exec(_ context.Context, _ string, _ []string, stdout, _ io.Writer) (int, error) {
	for range 1 << 10 {
		io.WriteString(stdout, strings.Repeat("x", 1<<10))
	}
	return 1, nil
}

func TestAFailureShowsABoundedOutput(t *testing.T) {
	t.Parallel()
	j, fake, _ := job(t, 1)
	j.Plan, j.Engine = plan.Plan{{Op: plan.Reload, Name: "oarcluster_server", Host: "server"}}, talking{fake}
	if err := apply.Run(t.Context(), j); err == nil || !strings.Contains(err.Error(), "exit status 1\nxxx") || len(err.Error()) > 1<<17 {
		t.Errorf("got %d bytes", len(fmt.Sprint(err)))
	}
}
