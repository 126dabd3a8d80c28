package buildkit

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// tailLines is how many of a step's last lines of output an error about it shows.
const tailLines = 12

// wholeCommand is how BuildKit begins to say that a process failed, with all of its
// arguments, which are whole scripts here.
var wholeCommand = regexp.MustCompile(`(?s)^process ".*" did not complete successfully: `)

// display shows the progress of many solves as one, and remembers of each
// vertex its name and the end of its output, for the error that may come.
type display struct {
	status chan *client.SolveStatus
	feeds  sync.WaitGroup
	shown  chan error

	showing sync.Mutex // who holds it may send to status, or close it
	ended   bool

	mu     sync.Mutex
	names  map[string]string
	tails  map[string][]string
	owners map[digest.Digest]chan *client.SolveStatus // which solve's word about a vertex is taken
	failed map[string]chan struct{}                   // closed when a vertex is reported as failed
	times  map[string]time.Duration                   // how long a vertex took
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
		failed: map[string]chan struct{}{}, times: map[string]time.Duration{},
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
			d.show(d.remember(feed, s))
		}
	})
	return feed
}

func (d *display) show(s *client.SolveStatus) {
	d.showing.Lock()
	defer d.showing.Unlock()
	if !d.ended {
		d.status <- s
	}
}

// end shows no more, and so leaves the terminal to others. What the channels
// bring from then on is remembered all the same.
func (d *display) end() error {
	d.showing.Lock()
	defer d.showing.Unlock()
	if d.ended {
		return nil
	}
	d.ended = true
	close(d.status)
	return <-d.shown
}

// wait returns once all channels are closed and all is shown.
func (d *display) wait() error {
	d.feeds.Wait()
	return d.end()
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
		if v.Started != nil && v.Completed != nil {
			d.times[v.Digest.String()] = v.Completed.Sub(*v.Started)
		}
		if v.Error != "" {
			d.markFailed(v.Digest.String())
		}
		if v.Started == nil || owned(v.Digest) {
			shown := *v
			shown.Error = wholeCommand.ReplaceAllString(v.Error, "")
			show.Vertexes = append(show.Vertexes, &shown)
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

// failure returns a channel that is closed once a vertex is reported as failed:
// then its output has come, too.
func (d *display) failure(vertex string) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed[vertex] == nil {
		d.failed[vertex] = make(chan struct{})
	}
	return d.failed[vertex]
}

// markFailed closes a vertex' channel, once.
func (d *display) markFailed(vertex string) {
	if d.failed[vertex] == nil {
		d.failed[vertex] = make(chan struct{})
	}
	select {
	case <-d.failed[vertex]:
	default:
		close(d.failed[vertex])
	}
}

// step returns a vertex' name and the last lines of its output.
func (d *display) step(vertex string) (string, []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[vertex], d.tails[vertex]
}

// took returns how long a vertex took, or 0 while that is not known.
func (d *display) took(vertex string) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.times[vertex]
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
