package buildkit

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

var vertex = digest.FromString("vertex")

// failing returns a display that has seen a step with some output.
func failing(t *testing.T) *display {
	t.Helper()
	d, err := newDisplay(t.Context(), io.Discard, "quiet")
	if err != nil {
		t.Fatal(err)
	}
	feed := d.channel()
	feed <- &client.SolveStatus{
		Vertexes: []*client.Vertex{{Digest: vertex, Name: "[node] run: enable oar-node"}},
		Logs:     []*client.VertexLog{{Vertex: vertex, Data: []byte("one\ntw")}, {Vertex: vertex, Data: []byte("o\n")}},
	}
	close(feed)
	if err := d.wait(); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestExplain(t *testing.T) {
	t.Parallel()
	exit := func(code uint32) error {
		return errdefs.WrapVertex(&gateway.ExitError{ExitCode: code, Err: errors.New("cause")}, vertex)
	}
	source := func(err error) error {
		return errdefs.WithSource(err, &errdefs.Source{
			Info:   &pb.SourceInfo{Filename: "recipes/node.yaml"},
			Ranges: []*pb.Range{{Start: &pb.Position{Line: 31}, End: &pb.Position{Line: 33}}},
		})
	}
	const output = "\n  | one\n  | two"
	for _, tc := range []struct {
		name, want string
		err        error
	}{
		{"a step of a recipe", `building node for linux/amd64: recipes/node.yaml:31: step "[node] run: enable oar-node" ended with exit status 3` + output, source(exit(3))},
		{"a step of none", `building node for linux/amd64: step "[node] run: enable oar-node" ended with exit status 1` + output, exit(1)},
		{"a step that was killed", `building node for linux/amd64: step "[node] run: enable oar-node" could not be started or was killed: cause` + output, exit(gateway.UnknownExitStatus)},
		{"a source", `building node for linux/amd64: step "[node] run: enable oar-node" failed: no such layer` + output, errdefs.WrapVertex(errors.New("failed to solve: no such layer"), vertex)},
		{"the builder itself", "building node for linux/amd64: connection reset", errors.New("connection reset")},
	} {
		got := explain(Job{Title: "node for linux/amd64", Graph: job(t, "node").Graph}, tc.err, failing(t))
		if got.Error() != tc.want {
			t.Errorf("%s: got\n%v\nwant\n%s", tc.name, got, tc.want)
		}
		if !errors.Is(got, tc.err) {
			t.Errorf("%s: the cause is lost", tc.name)
		}
	}
}

// A script may end with the status of timeout(1), too; only one that took as long
// as it may was ended by it.
func TestATimeoutIsTold(t *testing.T) {
	t.Parallel()
	status := func(code uint32) error { return &gateway.ExitError{ExitCode: code} }
	const ended = "took longer than its timeout of 2s and was ended"
	for _, tc := range []struct {
		code        uint32
		limit, took time.Duration
		want        string
	}{
		{124, 2 * time.Second, 2001 * time.Millisecond, ended},
		{137, 2 * time.Second, 12 * time.Second, ended},
		{124, 2 * time.Second, time.Second, "ended with exit status 124"},
		{124, 0, time.Hour, "ended with exit status 124"},
		{1, 2 * time.Second, time.Minute, "ended with exit status 1"},
	} {
		if got := ending(status(tc.code), tc.limit, tc.took); got != tc.want {
			t.Errorf("status %d after %v of %v: %s", tc.code, tc.took, tc.limit, got)
		}
	}
}

func TestAppendLinesKeepsTheLast(t *testing.T) {
	t.Parallel()
	var lines []string
	for range 100 {
		lines = appendLines(lines, "some\nmore ")
	}
	lines = appendLines(lines, "end")
	if len(lines) != tailLines || lines[0] != "more some\n" || lines[tailLines-1] != "more end" {
		t.Errorf("got %q", lines)
	}
	if got := appendLines(nil, ""); len(got) != 0 {
		t.Errorf("nothing became %q", got)
	}
}

func TestSharedStepsAreShownOnce(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	d, err := newDisplay(t.Context(), &out, "plain")
	if err != nil {
		t.Fatal(err)
	}
	feeds := []chan *client.SolveStatus{d.channel(), d.channel()}
	for _, feed := range feeds {
		feed <- &client.SolveStatus{
			Vertexes: []*client.Vertex{{Digest: vertex, Name: "shared"}},
			Logs:     []*client.VertexLog{{Vertex: vertex, Data: []byte("said once\n")}},
		}
	}
	for _, feed := range feeds {
		close(feed)
	}
	if err := d.wait(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "said once"); got != 1 {
		t.Errorf("shown %d times:\n%s", got, out.String())
	}
}

// Once a display has ended, the terminal is others'; what comes then is still
// remembered, for the error about it.
func TestADisplayThatEndedShowsNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	d, err := newDisplay(t.Context(), &out, "plain")
	if err != nil {
		t.Fatal(err)
	}
	feed := d.channel()
	over := d.failure(vertex.String())
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	feed <- &client.SolveStatus{
		Vertexes: []*client.Vertex{{Digest: vertex, Name: "late", Started: &now, Completed: &now, Error: "x"}},
		Logs:     []*client.VertexLog{{Vertex: vertex, Data: []byte("words\n")}},
	}
	<-over
	<-d.failure(vertex.String())
	close(feed)
	if err := d.wait(); err != nil {
		t.Fatal(err)
	}
	if name, tail := d.step(vertex.String()); name != "late" || len(tail) != 1 || out.Len() > 0 {
		t.Errorf("remembered %q, %q, shown %q", name, tail, out.String())
	}
}

// BuildKit tells a failed process with all its arguments, which are scripts.
func TestNoScriptIsShownAsAnError(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	d, err := newDisplay(t.Context(), &out, "plain")
	if err != nil {
		t.Fatal(err)
	}
	feed, now := d.channel(), time.Now()
	failed := &client.Vertex{Digest: vertex, Name: "step", Started: &now, Completed: &now,
		Error: "process \"/bin/sh -c a\nwhole script\" did not complete successfully: exit code: 1"}
	feed <- &client.SolveStatus{Vertexes: []*client.Vertex{failed}}
	close(feed)
	if err := d.wait(); err != nil || strings.Contains(out.String(), "script") || !strings.Contains(out.String(), "ERROR: exit code: 1") {
		t.Errorf("got %v\n%s", err, out.String())
	}
}

func TestUnknownDisplay(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"fancy", "tty"} {
		if _, err := newDisplay(t.Context(), io.Discard, mode); err == nil {
			t.Errorf("mode %q on no terminal was accepted", mode)
		}
	}
}
