package ready

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster/logs"
	"github.com/oarcluster/oarcluster/internal/cluster/trace"
)

// prefix begins every mark in a log.
const prefix = "oarcluster: "

// marks are what the logs of the hosts that were started must say, by host. The
// server speaks for the nodes: it alone knows whether OAR has them. One that was
// started takes all nodes for absent until they answer, so what its database says
// of them before is not looked at.
func (t Target) marks() map[string][]string {
	marks := map[string][]string{}
	if slices.Contains(t.Started, "frontend") {
		marks["frontend"] = []string{"frontend ready"}
	}
	started := slices.Contains(t.Started, "server")
	if started {
		marks["server"] = []string{"server ready"}
	}
	for _, n := range t.Topology.Nodes() {
		switch {
		case started:
			marks["server"] = append(marks["server"], n.Name+" alive")
		case slices.Contains(t.Started, n.Name):
			// A server that was there before may still take the node for what it was before.
			marks[n.Name] = []string{"node ready"}
		}
	}
	return marks
}

// follow reads a host's log from its last start on until all the marks were in it.
func (t Target) follow(ctx context.Context, host string, wanted []string) error {
	h, _ := t.Topology.Host(host)
	ctx = trace.Lane(ctx, "log of "+host)
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	note := func(mark string) {
		trace.Mark(ctx, mark)
		t.Note(mark)
	}
	w := &markWriter{open: map[string]bool{}, note: note, complete: cancel}
	for _, m := range wanted {
		w.open[m] = true
	}
	err := t.Engine.Logs(reading, h.Container, logs.Part{Tail: -1, Life: true, Follow: true}, w, w)
	open := w.missing()
	if len(open) == 0 {
		return nil
	}
	if err == nil && ctx.Err() == nil {
		// A log ends with its container: the news of that, which tell more, are on
		// their way and end the context.
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	if err == nil || ctx.Err() != nil {
		err = errors.New("it did not come")
	}
	var errs []error
	for _, m := range open {
		blamed := host
		if node, ok := strings.CutSuffix(m, " alive"); ok {
			blamed = node
		}
		errs = append(errs, culprit{blamed, fmt.Errorf("waiting for the mark %q in the log of %s: %w", prefix+m, host, err)})
		if blamed == host {
			// The server itself is not up: that its nodes are not alive says nothing.
			break
		}
	}
	return errors.Join(errs...)
}

// markWriter strikes out marks as the lines of a log pass by.
type markWriter struct {
	mu       sync.Mutex
	line     []byte
	open     map[string]bool
	note     func(string)
	complete func() // called when the last mark is struck out
}

func (w *markWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = append(w.line, p...)
	for {
		line, rest, found := bytes.Cut(w.line, []byte("\n"))
		if !found {
			w.line = w.line[:min(len(w.line), maxLine)]
			return len(p), nil
		}
		w.line = rest
		mark, ok := strings.CutPrefix(strings.TrimSpace(string(line)), prefix)
		if !ok || !w.open[mark] {
			continue
		}
		delete(w.open, mark)
		w.note(mark)
		if len(w.open) == 0 {
			w.complete()
		}
	}
}

// missing are the marks that did not come, the host's own before its nodes'.
func (w *markWriter) missing() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	open := slices.Sorted(maps.Keys(w.open))
	slices.SortStableFunc(open, func(a, b string) int {
		return strings.Compare(a[strings.LastIndex(a, " ")+1:], b[strings.LastIndex(b, " ")+1:]) * -1
	})
	return open
}
