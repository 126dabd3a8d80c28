package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/trace"
)

// span is a span or a mark of a trace; times are in microseconds.
type span struct {
	Name     string
	Phase    string `json:"ph"`
	Begin    int64  `json:"ts"`
	Duration int64  `json:"dur"`
	Lane     int    `json:"tid"`
	Args     map[string]any
}

func (s span) end() int64 { return s.Begin + s.Duration }

// inside reports whether s lies in outer, in time.
func (s span) inside(outer span) bool { return s.Begin >= outer.Begin && s.end() <= outer.end() }

// record deploys with a trace, and returns its events and the names of its lanes.
func (w *world) record(t *testing.T) ([]span, map[int]string, error) {
	t.Helper()
	return record(t, func(ctx context.Context) error {
		_, err := w.o.Deploy(ctx, w.spec)
		return err
	})
}

// record does something with a trace.
func record(t *testing.T, do func(context.Context) error) ([]span, map[int]string, error) {
	t.Helper()
	r := trace.New()
	failed := do(r.Context(t.Context(), "oardeploy"))
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Events []span `json:"traceEvents"`
	}
	if err := json.Unmarshal(b.Bytes(), &file); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	lanes := map[int]string{}
	for _, s := range file.Events {
		if s.Name == "thread_name" {
			lanes[s.Lane] = s.Args["name"].(string)
		}
	}
	return file.Events, lanes, failed
}

func TestTheTraceShowsTheDeploy(t *testing.T) {
	t.Parallel()
	events, lanes, err := newWorld(t).record(t)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]span{}
	for _, s := range events {
		named[s.Name] = s
		if s.Phase != "X" {
			continue
		}
		for _, other := range events {
			// What overlaps on one lane is one in the other.
			if other.Phase == "X" && other.Lane == s.Lane && other.Begin > s.Begin && other.Begin < s.end() && other.end() > s.end() {
				t.Errorf("%q and %q overlap on lane %q", s.Name, other.Name, lanes[s.Lane])
			}
		}
	}
	plan, wait := named["carry out the plan"], named["wait until ready"]
	for step, call := range map[string]string{
		"oarcluster: create network":            "engine: create network",
		"oarcluster_state: create volume":       "engine: create volume",
		"oarcluster_server: copy files to":      "engine: copy in",
		"oarcluster_node2: create":              "engine: create",
		"oarcluster_node2: start":               "engine: start",
		"registry.invalid/oarcluster/node:1":    "engine: inspect image",
		"registry.invalid/oarcluster/dnsmasq:1": "engine: ask registry",
	} {
		outer, ok := named[step]
		found := false
		for _, s := range events {
			found = found || s.Name == call && s.Lane == outer.Lane && s.inside(outer)
		}
		if !ok || !found {
			t.Errorf("no %q in a %q", call, step)
		}
		if worker := strings.HasPrefix(lanes[outer.Lane], "worker "); worker != outer.inside(plan) {
			t.Errorf("%q is on lane %q", step, lanes[outer.Lane])
		}
	}
	for mark, lane := range map[string]string{"node2 alive": "log of server", "frontend ready": "log of frontend"} {
		if m := named[mark]; m.Phase != "i" || lanes[m.Lane] != lane || !m.inside(wait) {
			t.Errorf("mark %q is %+v on lane %q", mark, m, lanes[m.Lane])
		}
	}
	if check := named["check"]; !check.inside(wait) || wait.Begin < plan.end() {
		t.Errorf("a check at %+v, the wait %+v, the plan %+v", check, wait, plan)
	}
}

func TestTheTraceOfAFailureTellsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Before = func(call string) error {
		if call == "start oarcluster_node1" {
			return errFault
		}
		return nil
	}
	events, _, err := w.record(t)
	if !errors.Is(err, errFault) {
		t.Fatal(err)
	}
	for _, s := range events {
		if s.Name == "oarcluster_node1: start" && s.Args["error"] == errFault.Error() {
			return
		}
	}
	t.Errorf("no failed start in %+v", events)
}

// Whatever changes a cluster can be looked at, each call of the engine in its step.
func TestEveryVerbIsTraced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	for _, verb := range []struct {
		name  string
		calls []string
		do    func(context.Context) error
	}{
		{"scale", []string{"lock", "list", "create", "start", "unlock"}, func(ctx context.Context) error {
			return second(w.o.Scale(ctx, "oarcluster", map[string]int{"": 2}))
		}},
		{"stop", []string{"lock", "list", "stop", "unlock"}, func(ctx context.Context) error { return w.o.Stop(ctx, "oarcluster", nil) }},
		{"start", []string{"lock", "list", "copy out", "start", "unlock"}, func(ctx context.Context) error {
			return second(w.o.Start(ctx, "oarcluster", nil))
		}},
		{"restart", []string{"lock", "stop", "start", "unlock"}, func(ctx context.Context) error {
			return second(w.o.Restart(ctx, "oarcluster", []string{"node1"}))
		}},
		{"clean", []string{"lock", "list", "remove", "remove network", "unlock"}, func(ctx context.Context) error { return w.o.Clean(ctx, []string{"oarcluster"}) }},
	} {
		events, _, err := record(t, verb.do)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range verb.calls {
			if !slices.ContainsFunc(events, func(s span) bool { return s.Name == "engine: "+call }) {
				t.Errorf("no %q in the trace of %s", call, verb.name)
			}
		}
	}
}
