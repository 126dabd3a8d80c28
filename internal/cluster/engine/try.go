package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// TryFolders asks the engine whether containers of an image could have folders of its
// machine, by making one that has them, and removing it. It carries the cluster's label,
// should nobody come to remove it.
func (d *Docker) TryFolders(ctx context.Context, name, image string, folders []string) error {
	host := &container.HostConfig{NetworkMode: "none"}
	for i, folder := range folders {
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: folder, Target: fmt.Sprintf("/mnt/%d", i)})
	}
	trial := name + "_trial"
	_, err := d.api.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: trial, HostConfig: host, Config: &container.Config{Image: image, Labels: map[string]string{cluster.LabelName: name}},
	})
	if err != nil {
		return err
	}
	// Also when the context has ended: nothing was to be made.
	return errors.Join(ctx.Err(), d.RemoveContainer(context.WithoutCancel(ctx), trial))
}
