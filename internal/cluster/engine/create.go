package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// CreateNetwork makes the cluster's bridge network.
func (d *Docker) CreateNetwork(ctx context.Context, t cluster.Topology) error {
	off := false
	_, err := d.api.NetworkCreate(ctx, t.Name, client.NetworkCreateOptions{
		Driver: "bridge",
		// Without IPv6 no container waits for duplicate address detection.
		EnableIPv6: &off,
		IPAM:       &network.IPAM{Config: []network.IPAMConfig{{Subnet: t.Subnet, Gateway: t.Subnet.Addr().Next()}}},
		Labels:     map[string]string{cluster.LabelName: t.Name},
	})
	if overlaps(err) {
		return ui.WithHint(fmt.Errorf("%w: %w", apply.ErrSubnetTaken, err), "try again; `docker network prune` removes networks that nothing uses")
	}
	return err
}

// overlaps reports that an engine refuses a network since another one has addresses of
// it. The kind of the error does not tell: Docker says "forbidden" of much else, too, and
// Podman "internal server error". The words are Docker's from 20.10 to 28.
func overlaps(err error) bool {
	return err != nil && slices.ContainsFunc([]string{
		"Pool overlaps with other one on this address space", // Docker's address manager
		"networks have overlapping IPv4",                     // Docker's bridge driver
		"is already used on the host or by another config",   // Podman since 4
		"is already being used by a cni configuration",       // Podman until 3, as the next one
		"is being used by a network interface",
	}, func(words string) bool { return strings.Contains(err.Error(), words) })
}

// CreateVolume makes a volume of the cluster named, or finds it again. The engine
// hands out one that is there whoever made it: that of another is an error.
func (d *Docker) CreateVolume(ctx context.Context, name, volume string) error {
	r, err := d.api.VolumeCreate(ctx, client.VolumeCreateOptions{Name: volume, Labels: map[string]string{cluster.LabelName: name}})
	if err == nil && !belongs(r.Volume.Labels, name) {
		err = ui.WithHint(errors.New("it was there before, and oardeploy did not make it"), "remove it (`docker volume rm %s`), or deploy under another --name", volume)
	}
	return err
}

// CreateContainer makes a host's container on the cluster's network, not started.
func (d *Docker) CreateContainer(ctx context.Context, t cluster.Topology, h cluster.Host) error {
	ports, exposed, err := bindings(h)
	if err != nil {
		return err
	}
	config := &container.Config{
		// What the reference meant when it was looked up: the tag may have moved since.
		Hostname: h.Name, Image: cmp.Or(h.ImageID, h.Image), Cmd: h.Cmd, ExposedPorts: exposed,
		Env: append(append([]string{}, h.Env...), h.Info...), Labels: t.Labels(h),
	}
	off := false
	host := &container.HostConfig{
		NetworkMode:  container.NetworkMode(t.Name),
		PortBindings: ports,
		CapAdd:       h.Caps,
		Resources:    container.Resources{Memory: h.Memory},
		// The images' first process is tini; a daemon that is configured to add its
		// own init would take PID 1 from it.
		Init: &off,
		// The cluster is back after the engine or its machine was started again, unless
		// it was stopped before. "always" would bring back that too, "on-failure" would
		// not bring back what ended well when the engine did.
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped},
		// Readiness follows the logs, so the driver must be one that can be read; and
		// a cluster that stays for weeks must not fill the disk.
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "2"}},
	}
	for _, v := range h.Volumes {
		// Not a "bind": of a path that is not there that makes a folder of root, and a
		// mistyped path would look like lost data.
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: v.Host, Target: v.Container, ReadOnly: v.ReadOnly})
	}
	for _, s := range h.Stores {
		host.Mounts = append(host.Mounts, mount.Mount{
			Type: mount.TypeVolume, Source: s.Host, Target: s.Container, ReadOnly: s.ReadOnly,
			// Else whichever container is first fills it with what its image has there. One
			// that was removed meanwhile is made again, and must be ours.
			VolumeOptions: &mount.VolumeOptions{NoCopy: !s.Filled, Labels: map[string]string{cluster.LabelName: t.Name}},
		})
	}
	if h.DNS.IsValid() {
		host.DNS = []netip.Addr{h.DNS}
	}
	endpoint := &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: h.Addr}}
	_, err = d.api.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: h.Container, Config: config, HostConfig: host,
		NetworkingConfig: &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{t.Name: endpoint}},
	})
	return err
}

func bindings(h cluster.Host) (network.PortMap, network.PortSet, error) {
	ports, exposed := network.PortMap{}, network.PortSet{}
	for inside, at := range h.Ports {
		port, ok := network.PortFrom(inside, network.TCP)
		if !ok {
			return nil, nil, fmt.Errorf("publishing port %d: no such port", inside)
		}
		exposed[port] = struct{}{}
		ports[port] = []network.PortBinding{{HostIP: at.Addr(), HostPort: fmt.Sprint(at.Port())}}
	}
	return ports, exposed, nil
}
