package engine

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// StartContainer starts a container, or lets one go on that is paused; one that runs
// already is a success. Ports of another machine could not be looked at before: that
// they are taken shows here.
func (d *Docker) StartContainer(ctx context.Context, id string) error {
	_, err := d.api.ContainerStart(ctx, id, client.ContainerStartOptions{})
	if err != nil {
		if _, paused := d.api.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{}); paused == nil {
			return nil
		}
	}
	if err == nil || d.machine == "" {
		return err
	}
	r, failed := d.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if failed != nil || len(r.Container.HostConfig.PortBindings) == 0 {
		return err
	}
	return ui.WithHint(err, "if a port of %s is taken, free it, deploy under another --name, or choose that of the web pages with --http-port", d.machine)
}

// StopContainer asks a container's first process to end, kills it when it has not
// after a minute, and waits; one that does not run is a success. The engine's own
// ten seconds are too short for a database on a busy machine.
func (d *Docker) StopContainer(ctx context.Context, id string) error {
	patience := 60 // seconds
	_, err := d.api.ContainerStop(ctx, id, client.ContainerStopOptions{Timeout: &patience})
	return err
}

// RemoveContainer kills and removes a container and its anonymous volumes, without
// a grace period: a cluster is disposable. One that is gone is a success; one whose
// removal is under way is waited for.
func (d *Docker) RemoveContainer(ctx context.Context, id string) error {
	for {
		_, err := d.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err == nil || errdefs.IsNotFound(err) {
			return nil
		}
		if !errdefs.IsConflict(err) {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// stuck is how many rounds of removing a network may pass in which no container
// leaves it: an engine under load takes more than one to remove the next.
const stuck = 3

// RemoveNetwork removes a network; one that is gone is a success. Containers that are
// being removed meanwhile are waited for, as long as one after the other leaves it.
func (d *Docker) RemoveNetwork(ctx context.Context, id string) error {
	seen, err := d.network(ctx, id)
	for rounds := 0; err == nil; {
		err = persist(ctx, func(ctx context.Context) error {
			_, err := d.api.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
			return err
		})
		if !inUse(err) {
			return err
		}
		now, unknown := d.network(ctx, id)
		if rounds++; len(now.Containers) < len(seen.Containers) {
			rounds = 0
		}
		if unknown != nil {
			return err
		}
		if rounds == stuck {
			return d.blame(ctx, err, id, now)
		}
		seen, err = now, nil
	}
	return err
}

// network looks at a network: nothing is on one that is gone.
func (d *Docker) network(ctx context.Context, id string) (network.Inspect, error) {
	r, err := d.api.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	if errdefs.IsNotFound(err) {
		err = nil
	}
	return r.Network, err
}

// blame tells which containers keep a network from being removed. One that is not the
// cluster's is its user's to take away; else the engine is at fault, which lets its own
// containers go late, or does not know any more what is on the network.
func (d *Docker) blame(ctx context.Context, err error, id string, n network.Inspect) error {
	all, unknown := d.api.ContainerList(ctx, client.ContainerListOptions{All: true})
	if unknown != nil {
		return ui.WithHint(err, "`docker network inspect %s` names what is connected to it", id)
	}
	var own, others []string
	for c, at := range n.Containers {
		i := slices.IndexFunc(all.Items, func(s container.Summary) bool { return s.ID == c })
		if i >= 0 && isHost(all.Items[i]) && belongs(all.Items[i].Labels, n.Labels[cluster.LabelName]) {
			own = append(own, at.Name)
		} else {
			others = append(others, at.Name)
		}
	}
	slices.Sort(own)
	slices.Sort(others)
	switch {
	case len(others) > 0:
		return ui.WithHint(err, "connected to it, and not the cluster's, is %q: `docker network disconnect --force %s %s`, then clean again", others, cmp.Or(n.Name, id), others[0])
	case len(own) > 0:
		return ui.WithHint(err, "the engine has not removed %q of the cluster: clean again; should it stay, restart the engine (`sudo systemctl restart docker`)", own)
	}
	return ui.WithHint(err, "the engine names no container on it: clean again; should it stay, restart the engine (`sudo systemctl restart docker`)")
}

// RemoveVolume removes a volume; one that is gone is a success. A container that
// was just removed may hold it for a moment.
func (d *Docker) RemoveVolume(ctx context.Context, volume string) error {
	err := persist(ctx, func(ctx context.Context) error {
		_, err := d.api.VolumeRemove(ctx, volume, client.VolumeRemoveOptions{})
		return err
	})
	if inUse(err) {
		return ui.WithHint(err, "a container that is not the cluster's uses it: `docker ps -a --filter volume=%s` names it", volume)
	}
	return err
}

// inUse reports that the engine keeps something for others that use it.
func inUse(err error) bool { return errdefs.IsConflict(err) || errdefs.IsPermissionDenied(err) }

// persist removes what may be in use for some seconds more. The error is the engine's
// reason, not that time is up.
func persist(ctx context.Context, remove func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for reason := error(nil); ; {
		err := remove(ctx)
		switch {
		case err == nil || errdefs.IsNotFound(err):
			return nil
		case inUse(err):
			reason = err
		case reason == nil || ctx.Err() == nil:
			return err
		}
		if pause(ctx) != nil {
			return reason
		}
	}
}

// pause waits before an engine that is busy with the same object is asked again.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

// Upload unpacks a tar archive at a container's root, keeping its owners.
func (d *Docker) Upload(ctx context.Context, id string, archive []byte) error {
	_, err := d.api.CopyToContainer(ctx, id, client.CopyToContainerOptions{
		DestinationPath: "/", Content: bytes.NewReader(archive), CopyUIDGID: false,
	})
	return err
}

// Download returns the tar archive of a file or folder of a container. The
// caller closes it.
func (d *Docker) Download(ctx context.Context, id, path string) (io.ReadCloser, error) {
	r, err := d.api.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: path})
	if err != nil {
		return nil, failed(fmt.Sprintf("reading %q of container %s", path, id), err)
	}
	return r.Content, nil
}
