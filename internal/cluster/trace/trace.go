// Package trace tells when what happened, for a human who looks at it in Perfetto
// (https://ui.perfetto.dev) or chrome://tracing.
//
// # Policy
//
// A recorder travels in the context, and the lane on which spans are drawn with
// it: a span that is begun with the context of another lies inside it. Who works
// beside others takes a lane of its own. Without a recorder nothing is recorded,
// and nothing else changes.
//
// # Boundaries
//
// Knows no clusters. The format is the JSON of Chrome's "Trace Event Format".
package trace

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"
)

// Recorder collects events from any number of goroutines.
type Recorder struct {
	now   func() time.Time
	begin time.Time

	mu     sync.Mutex
	lanes  map[string]int
	events []event
}

// event is one entry of the format: a span ("X"), a moment ("i") or a lane's name
// ("M"). Times are in microseconds.
type event struct {
	Name     string         `json:"name"`
	Phase    string         `json:"ph"`
	Begin    int64          `json:"ts"`
	Duration int64          `json:"dur"`
	Process  int            `json:"pid"`
	Lane     int            `json:"tid"`
	Scope    string         `json:"s,omitempty"`
	Args     map[string]any `json:"args,omitempty"`
}

// New returns a recorder whose time begins at the present.
func New() *Recorder { return newRecorder(time.Now) }

func newRecorder(now func() time.Time) *Recorder {
	return &Recorder{now: now, begin: now(), lanes: map[string]int{}}
}

// place is where the spans of a context are drawn.
type place struct {
	recorder *Recorder
	lane     int
}

type key struct{}

// Context returns a context whose spans are recorded, on the lane of the name given.
func (r *Recorder) Context(ctx context.Context, lane string) context.Context {
	return context.WithValue(ctx, key{}, place{r, r.lane(lane)})
}

// lane finds or makes the lane of a name. They are numbered as they appear.
func (r *Recorder) lane(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, ok := r.lanes[name]
	if !ok {
		n = len(r.lanes) + 1
		r.lanes[name] = n
		r.events = append(r.events,
			event{Name: "thread_name", Phase: "M", Process: 1, Lane: n, Args: map[string]any{"name": name}},
			event{Name: "thread_sort_index", Phase: "M", Process: 1, Lane: n, Args: map[string]any{"sort_index": n}})
	}
	return n
}

// Lane returns a context whose spans are drawn on the lane of the name given.
func Lane(ctx context.Context, name string) context.Context {
	p, ok := ctx.Value(key{}).(place)
	if !ok {
		return ctx
	}
	return p.recorder.Context(ctx, name)
}

// Span begins a span and returns what ends it, with the error that it ended with.
func Span(ctx context.Context, name string) func(error) {
	p, ok := ctx.Value(key{}).(place)
	if !ok {
		return func(error) {}
	}
	begin := p.recorder.time()
	return func(err error) {
		e := event{Name: name, Phase: "X", Begin: begin, Duration: p.recorder.time() - begin, Lane: p.lane}
		if err != nil {
			e.Args = map[string]any{"error": err.Error()}
		}
		p.recorder.add(e)
	}
}

// Mark records that something happened just now.
func Mark(ctx context.Context, name string) {
	if p, ok := ctx.Value(key{}).(place); ok {
		p.recorder.add(event{Name: name, Phase: "i", Begin: p.recorder.time(), Lane: p.lane, Scope: "p"})
	}
}

// time is in microseconds. Ends are rounded as beginnings are, so that what lies
// inside stays there.
func (r *Recorder) time() int64 { return r.now().Sub(r.begin).Microseconds() }

func (r *Recorder) add(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Process = 1
	r.events = append(r.events, e)
}

// Write writes what was recorded so far, in the order of time, as one JSON object.
func (r *Recorder) Write(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortStableFunc(r.events, func(a, b event) int { return cmp.Compare(a.Begin, b.Begin) })
	return json.NewEncoder(w).Encode(map[string]any{"displayTimeUnit": "ms", "traceEvents": r.events})
}
