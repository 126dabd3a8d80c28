package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// StartContainer starts a container; one that runs already is a success.
func (d *Docker) StartContainer(ctx context.Context, id string) error {
	_, err := d.api.ContainerStart(ctx, id, client.ContainerStartOptions{})
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

// RemoveNetwork removes a network; one that is gone is a success. Endpoints of
// containers that were just removed may linger for a moment.
func (d *Docker) RemoveNetwork(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		_, err := d.api.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
		if err == nil || errdefs.IsNotFound(err) {
			return nil
		}
		if !errdefs.IsConflict(err) && !errdefs.IsPermissionDenied(err) {
			return err
		}
		if pause(ctx) != nil {
			return ui.WithHint(err, "a container that is not the cluster's is connected to it: `docker network inspect %s` names it", id)
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
		return nil, fmt.Errorf("reading %q of container %s: %w", path, id, err)
	}
	return r.Content, nil
}

// Signal sends a signal, as "SIGHUP", to a container's first process.
func (d *Docker) Signal(ctx context.Context, id, signal string) error {
	_, err := d.api.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: signal})
	return err
}
