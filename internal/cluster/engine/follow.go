package engine

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/logs"
)

// Logs writes a part of a container's log, until all is written or the context ends.
func (d *Docker) Logs(ctx context.Context, id string, p logs.Part, stdout, stderr io.Writer) error {
	options := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: p.Follow}
	if p.Tail >= 0 {
		options.Tail = strconv.Itoa(p.Tail)
	}
	if p.Since > 0 {
		options.Since = p.Since.String() // before now
	}
	if p.Life {
		var err error
		if options.Since, err = d.begin(ctx, id); err != nil {
			return err
		}
	}
	r, err := d.api.ContainerLogs(ctx, id, options)
	if err != nil {
		return failed(fmt.Sprintf("reading the log of container %s", id), err)
	}
	defer r.Close()
	if _, err := stdcopy.StdCopy(stdout, stderr, r); err != nil {
		return failed(fmt.Sprintf("reading the log of container %s", id), err)
	}
	return nil
}

// begin is when a container was last started, for its log; "" is ever. While it runs,
// the engine still tells when it ended the last time: that parts its lives better than
// the time of the start, which the engine takes when the first lines may have come
// already.
func (d *Docker) begin(ctx context.Context, id string) (string, error) {
	r, err := d.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return "", failed(fmt.Sprintf("inspecting container %s", id), err)
	}
	since := r.Container.State.FinishedAt
	if !r.Container.State.Running {
		since = r.Container.State.StartedAt
	}
	if at, err := time.Parse(time.RFC3339Nano, since); err != nil || at.Year() <= 1 {
		return "", nil
	}
	return since, nil
}

// Life tells a container's last start from those before.
func (d *Docker) Life(ctx context.Context, id string) (string, error) {
	r, err := d.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return "", failed(fmt.Sprintf("inspecting container %s", id), err)
	}
	return r.Container.State.StartedAt, nil
}

// Exits calls exited with the container's name and exit status for each container
// of a cluster that ends, until the context does. It returns once the engine
// listens, so that no end after that is missed.
func (d *Docker) Exits(ctx context.Context, name string, exited func(container, status string)) {
	d.listen(ctx, name, func(m events.Message) {
		exited(m.Actor.Attributes["name"], m.Actor.Attributes["exitCode"])
	}, events.ActionDie)
}

// Lives calls told with the container's ID for each container of a cluster that starts
// or is removed, until the context ends or the engine does, which is an error. It
// returns once the engine listens.
func (d *Docker) Lives(ctx context.Context, name string, told func(id string)) (ended <-chan error) {
	return d.listen(ctx, name, func(m events.Message) { told(m.Actor.ID) }, events.ActionStart, events.ActionDestroy)
}

// listen tells of what happens to a cluster's containers.
func (d *Docker) listen(ctx context.Context, name string, told func(events.Message), actions ...events.Action) (ended <-chan error) {
	filters := client.Filters{}.Add("type", "container").Add("label", cluster.LabelName+"="+name)
	for _, a := range actions {
		filters = filters.Add("event", string(a))
	}
	r := d.api.Events(ctx, client.EventsListOptions{Filters: filters})
	gone := make(chan error, 1)
	go func() {
		for {
			select {
			case m := <-r.Messages:
				told(m)
			case err := <-r.Err:
				gone <- failed("listening to the engine", err)
				return
			}
		}
	}()
	return gone
}
