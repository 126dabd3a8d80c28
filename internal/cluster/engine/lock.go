package engine

import (
	"context"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/lock"
)

// labelHolder tells the volume that is a cluster's lock from its other volumes, and
// who holds it.
const labelHolder = "oarcluster.holder"

// Lock makes the volume that is the cluster's lock, with the holder in a label, and
// answers whose it is. The engine makes a volume once, and hands out the same to
// whoever asks for another of that name: so one of many gets the lock. A container's
// name is exclusive, too, but costs ten times as much and needs an image.
func (d *Docker) Lock(ctx context.Context, name, holder string) (string, error) {
	r, err := d.api.VolumeCreate(ctx, client.VolumeCreateOptions{Name: lock.Volume(name), Labels: map[string]string{
		cluster.LabelName: name, labelHolder: holder,
	}})
	labels := r.Volume.Labels
	if err != nil {
		// Of two at once Podman refuses the second, where Docker hands out what is there.
		there, gone := d.api.VolumeInspect(ctx, lock.Volume(name), client.VolumeInspectOptions{})
		if gone != nil {
			return "", err
		}
		labels = there.Volume.Labels
	}
	has, ok := labels[labelHolder]
	if !ok || !belongs(labels, name) {
		return "", lock.ErrForeign
	}
	return has, nil
}

// Unlock removes the volume that is the cluster's lock, if the holder has it.
func (d *Docker) Unlock(ctx context.Context, name, holder string) error {
	r, err := d.api.VolumeInspect(ctx, lock.Volume(name), client.VolumeInspectOptions{})
	if err == nil && belongs(r.Volume.Labels, name) && r.Volume.Labels[labelHolder] == holder {
		_, err = d.api.VolumeRemove(ctx, lock.Volume(name), client.VolumeRemoveOptions{})
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
