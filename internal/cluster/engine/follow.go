package engine

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// Logs writes a container's log: its last lines (all of them when tail is
// negative), then, when it follows, what is written until the container ends or
// the context does.
func (d *Docker) Logs(ctx context.Context, id string, tail int, follow bool, stdout, stderr io.Writer) error {
	options := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: follow}
	if tail >= 0 {
		options.Tail = strconv.Itoa(tail)
	}
	return d.logs(ctx, id, options, stdout, stderr)
}

// Follow writes what a container says from its last start on, until it ends or the
// context does. While it runs, the engine still tells when it ended the last time:
// that parts its lives better than the time of the start, which the engine takes
// when the first lines may have come already.
func (d *Docker) Follow(ctx context.Context, id string, out io.Writer) error {
	r, err := d.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspecting container %s: %w", id, err)
	}
	options := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: true}
	since := r.Container.State.FinishedAt
	if !r.Container.State.Running {
		since = r.Container.State.StartedAt
	}
	if at, err := time.Parse(time.RFC3339Nano, since); err == nil && at.Year() > 1 {
		options.Since = since
	}
	return d.logs(ctx, id, options, out, out)
}

func (d *Docker) logs(ctx context.Context, id string, options client.ContainerLogsOptions, stdout, stderr io.Writer) error {
	r, err := d.api.ContainerLogs(ctx, id, options)
	if err != nil {
		return fmt.Errorf("reading the log of container %s: %w", id, err)
	}
	defer r.Close()
	if _, err := stdcopy.StdCopy(stdout, stderr, r); err != nil {
		return fmt.Errorf("reading the log of container %s: %w", id, err)
	}
	return nil
}

// Exits calls exited with the container's name and exit status for each container
// of a cluster that ends, until the context does. It returns once the engine
// listens, so that no end after that is missed.
func (d *Docker) Exits(ctx context.Context, name string, exited func(container, status string)) {
	r := d.api.Events(ctx, client.EventsListOptions{Filters: client.Filters{}.
		Add("type", "container").Add("event", "die").Add("label", cluster.LabelName+"="+name)})
	go func() {
		for {
			select {
			case m := <-r.Messages:
				exited(m.Actor.Attributes["name"], m.Actor.Attributes["exitCode"])
			case <-r.Err:
				return
			}
		}
	}()
}
