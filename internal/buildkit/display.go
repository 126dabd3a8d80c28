package buildkit

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// tailLines is how many of a step's last lines of output an error about it shows.
const tailLines = 12

// display shows the progress of many solves as one, and remembers of each
// vertex its name and the end of its output, for the error that may come.
type display struct {
	status chan *client.SolveStatus
	feeds  sync.WaitGroup
	shown  chan error

	mu     sync.Mutex
	names  map[string]string
	tails  map[string][]string
	owners map[digest.Digest]chan *client.SolveStatus // which solve's word about a vertex is taken
}

// newDisplay starts BuildKit's own display on out. An unknown mode is an error.
func newDisplay(ctx context.Context, out io.Writer, mode string) (*display, error) {
	shows, err := progressui.NewDisplay(out, progressui.DisplayMode(mode))
	if err != nil {
		return nil, ui.WithHint(ui.WithCode(fmt.Errorf("showing progress: %w", err), ui.CodeUsage),
			"--progress is one of auto, plain, tty, quiet and rawjson; tty needs a terminal")
	}
	d := &display{
		status: make(chan *client.SolveStatus), shown: make(chan error, 1),
		names: map[string]string{}, tails: map[string][]string{}, owners: map[digest.Digest]chan *client.SolveStatus{},
	}
	go func() {
		// It ends when the channel is closed, so that what led to an interruption is still shown.
		_, err := shows.UpdateFrom(context.WithoutCancel(ctx), d.status)
		for range d.status {
		}
		d.shown <- err
	}()
	return d, nil
}

// channel returns a channel for one solve, which closes it.
func (d *display) channel() chan *client.SolveStatus {
	feed := make(chan *client.SolveStatus)
	d.feeds.Go(func() {
		for s := range feed {
			d.status <- d.remember(feed, s)
		}
	})
	return feed
}

// wait returns once all channels are closed and all is shown.
func (d *display) wait() error {
	d.feeds.Wait()
	close(d.status)
	return <-d.shown
}

// remember takes from a feed's status what an error may need, and returns what
// is to be shown of it. Every solve that shares a vertex reports it; the first
// that reports it as begun, or its output, is believed, or else each line of a
// shared step would be shown once for each image.
func (d *display) remember(feed chan *client.SolveStatus, s *client.SolveStatus) *client.SolveStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	owned := func(vertex digest.Digest) bool {
		owner, ok := d.owners[vertex]
		if !ok {
			d.owners[vertex] = feed
		}
		return !ok || owner == feed
	}
	show := &client.SolveStatus{Warnings: s.Warnings}
	for _, v := range s.Vertexes {
		d.names[v.Digest.String()] = v.Name
		if v.Started == nil || owned(v.Digest) {
			show.Vertexes = append(show.Vertexes, v)
		}
	}
	for _, v := range s.Statuses {
		if owned(v.Vertex) {
			show.Statuses = append(show.Statuses, v)
		}
	}
	for _, l := range s.Logs {
		if owned(l.Vertex) {
			show.Logs = append(show.Logs, l)
			d.tails[l.Vertex.String()] = appendLines(d.tails[l.Vertex.String()], string(l.Data))
		}
	}
	return show
}

// step returns a vertex' name and the last lines of its output.
func (d *display) step(vertex string) (string, []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[vertex], d.tails[vertex]
}

// appendLines adds output to the last lines; an element without a newline at
// its end is a line that may go on.
func appendLines(lines []string, output string) []string {
	for line := range strings.Lines(output) {
		if n := len(lines); n > 0 && !strings.HasSuffix(lines[n-1], "\n") {
			lines[n-1] += line
			continue
		}
		lines = append(lines, line)
	}
	return lines[max(0, len(lines)-tailLines):]
}
