package engine

import (
	"context"
	"fmt"
	"io"
	"strconv"

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
