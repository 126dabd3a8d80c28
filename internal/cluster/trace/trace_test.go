package trace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// ticking returns a clock that goes on by a millisecond at each look.
func ticking() func() time.Time {
	now := time.Unix(1700000000, 0)
	return func() time.Time {
		now = now.Add(time.Millisecond)
		return now
	}
}

func TestSpansNestOnTheirLanes(t *testing.T) {
	t.Parallel()
	r := newRecorder(ticking())
	ctx := r.Context(context.Background(), "main")
	outer := Span(ctx, "outer")
	worker := Lane(ctx, "worker 1")
	inner := Span(worker, "inner")
	Mark(worker, "well")
	inner(errors.New("it broke"))
	again := Span(Lane(ctx, "worker 1"), "again")
	again(nil)
	outer(nil)

	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Unit   string  `json:"displayTimeUnit"`
		Events []event `json:"traceEvents"`
	}
	if err := json.Unmarshal([]byte(b.String()), &file); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	got := ""
	for _, e := range file.Events {
		got += fmt.Sprintln(e.Phase, e.Lane, e.Begin, e.Duration, e.Name, e.Args)
	}
	const want = `M 1 0 0 thread_name map[name:main]
M 1 0 0 thread_sort_index map[sort_index:1]
M 2 0 0 thread_name map[name:worker 1]
M 2 0 0 thread_sort_index map[sort_index:2]
X 1 1000 6000 outer map[]
X 2 2000 2000 inner map[error:it broke]
i 2 3000 0 well map[]
X 2 5000 1000 again map[]
`
	if got != want || file.Unit != "ms" {
		t.Errorf("unit %q, got\n%s\nwant\n%s", file.Unit, got, want)
	}
}

func TestWithoutARecorderNothingIsRecorded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	if Lane(ctx, "x") != ctx {
		t.Error("another context")
	}
	Span(ctx, "x")(errors.New("y"))
	Mark(ctx, "x")
	var b strings.Builder
	if err := New().Write(&b); err != nil || !json.Valid([]byte(b.String())) {
		t.Error(err, b.String())
	}
}
