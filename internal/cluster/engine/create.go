package engine

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
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
	if errdefs.IsPermissionDenied(err) {
		return fmt.Errorf("%w: %w", apply.ErrSubnetTaken, err)
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
		Hostname: h.Name, Image: h.Image, Cmd: h.Cmd, ExposedPorts: exposed,
		Env: append(append([]string{}, h.Env...), h.Info...), Labels: h.Labels(t.Name),
	}
	off := false
	host := &container.HostConfig{
		NetworkMode:  container.NetworkMode(t.Name),
		PortBindings: ports,
		CapAdd:       h.Caps,
		// The images' first process is tini; a daemon that is configured to add its
		// own init would take PID 1 from it.
		Init: &off,
		// Readiness follows the logs, so the driver must be one that can be read; and
		// a cluster that stays for weeks must not fill the disk.
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "2"}},
	}
	for _, v := range h.Volumes {
		host.Binds = append(host.Binds, v.String())
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
