package engine

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// Observe looks at the engine once, for the cluster of the name given.
func (d *Docker) Observe(ctx context.Context, name string) (cluster.Observed, error) {
	var containers client.ContainerListResult
	var networks client.NetworkListResult
	var volumes client.VolumeListResult
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if containers, err = d.api.ContainerList(ctx, client.ContainerListOptions{All: true}); err != nil {
			err = failed("listing containers", err)
		}
		return err
	})
	g.Go(func() (err error) {
		if networks, err = d.api.NetworkList(ctx, client.NetworkListOptions{}); err != nil {
			err = failed("listing networks", err)
		}
		return err
	})
	g.Go(func() (err error) {
		if volumes, err = d.api.VolumeList(ctx, client.VolumeListOptions{}); err != nil {
			err = failed("listing volumes", err)
		}
		return err
	})
	var about client.ServerVersionResult
	g.Go(func() (err error) {
		about, err = d.version(ctx)
		return err
	})
	if err := g.Wait(); err != nil {
		return cluster.Observed{}, err
	}
	o := cluster.Observed{Machine: d.machine, Hasty: isPodman(about)}
	seeContainers(&o, containers.Items, name)
	seeNetworks(&o, networks.Items, name)
	seeVolumes(&o, volumes.Items, name)
	if d.machine == "" {
		o.Taken = append(o.Taken, routes("/proc/net/route")...)
	}
	o.Holder = holder(published(containers.Items, name), d.machine == "")
	return o, nil
}

// belongs reports whether an object with the labels given is the cluster's.
func belongs(labels map[string]string, name string) bool {
	owner, ok := labels[cluster.LabelName]
	return ok && owner == name
}

// isHost reports whether a container is a host of the cluster that its labels name.
// A container has its image's labels, too, and an image may have been made of a host
// (docker commit) or carry any label; so the container must have the name for which
// its configuration was made. What is about to go may have no name any more.
func isHost(c container.Summary) bool {
	name := c.Labels[cluster.LabelName]
	if len(c.Names) == 0 {
		return name != ""
	}
	if made, ok := (cluster.Container{}).Labelled(c.Labels).Made(); ok {
		return slices.Contains(c.Names, "/"+made.Container) && strings.HasPrefix(made.Container, name+"_")
	}
	return slices.ContainsFunc(c.Names, func(n string) bool { return strings.HasPrefix(n, "/"+name+"_") })
}

func seeContainers(o *cluster.Observed, all []container.Summary, name string) {
	for _, c := range all {
		if !belongs(c.Labels, name) || !isHost(c) {
			for _, n := range c.Names {
				o.Foreign = append(o.Foreign, "container "+strings.TrimPrefix(n, "/"))
			}
			continue
		}
		o.Containers = append(o.Containers, ours(c, name))
	}
	slices.SortFunc(o.Containers, func(a, b cluster.Container) int { return cmp.Compare(a.Name, b.Name) })
}

// ours translates one of the cluster's own containers.
func ours(c container.Summary, name string) cluster.Container {
	out := cluster.Container{
		ID: c.ID, Name: strings.TrimPrefix(slices.Concat(c.Names, []string{c.ID})[0], "/"),
		State: string(c.State), Image: c.Image, Created: c.Created,
	}.Labelled(c.Labels)
	if c.NetworkSettings != nil && c.NetworkSettings.Networks[name] != nil {
		// One that is stopped has only the address that it was made with.
		at := c.NetworkSettings.Networks[name]
		if out.Addr = at.IPAddress; !out.Addr.IsValid() && at.IPAMConfig != nil {
			out.Addr = at.IPAMConfig.IPv4Address
		}
	}
	for _, m := range c.Mounts {
		if m.Type == mount.TypeBind {
			out.Volumes = append(out.Volumes, cluster.Volume{Host: m.Source, Container: m.Destination, ReadOnly: !m.RW})
		}
	}
	if made, ok := out.Made(); ok && !out.Addr.IsValid() && out.State != "running" {
		out.Addr = made.Addr // of one that is stopped Podman tells none
	}
	slices.SortFunc(out.Volumes, func(a, b cluster.Volume) int { return cmp.Compare(a.Container, b.Container) })
	for _, p := range listening(c) {
		if out.Ports == nil {
			out.Ports = map[uint16]netip.AddrPort{}
		}
		out.Ports[p.PrivatePort] = netip.AddrPortFrom(p.IP, p.PublicPort)
	}
	return out
}

// listening lists the TCP ports that a container has published. Podman tells those of
// containers that do not run, too, which nobody has.
func listening(c container.Summary) []container.PortSummary {
	if c.State == container.StateCreated || c.State == container.StateExited {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Ports), func(p container.PortSummary) bool { return p.PublicPort == 0 || p.Type != "tcp" })
}

func seeNetworks(o *cluster.Observed, all []network.Summary, name string) {
	for _, n := range all {
		var subnet netip.Prefix
		for _, c := range n.IPAM.Config {
			if c.Subnet.Addr().Is4() {
				subnet = c.Subnet
			}
		}
		switch {
		case belongs(n.Labels, name):
			o.Networks = append(o.Networks, cluster.Network{ID: n.ID, Name: n.Name, Subnet: subnet})
		default:
			o.Foreign = append(o.Foreign, "network "+n.Name)
			if subnet.IsValid() {
				o.Taken = append(o.Taken, subnet)
			}
		}
	}
	slices.SortFunc(o.Networks, func(a, b cluster.Network) int { return cmp.Compare(a.ID, b.ID) })
}

func seeVolumes(o *cluster.Observed, all []volume.Volume, name string) {
	for _, v := range all {
		_, isLock := v.Labels[labelHolder] // it is there as long as somebody changes the cluster
		if belongs(v.Labels, name) && !isLock {
			o.Stores = append(o.Stores, v.Name)
		} else if !isLock {
			o.Foreign = append(o.Foreign, "volume "+v.Name)
		}
	}
	slices.Sort(o.Stores)
}

// published maps the host's ports to the names of the containers that have them,
// but for the cluster's own, which are about to be compared.
func published(all []container.Summary, name string) map[netip.AddrPort]string {
	ports := map[netip.AddrPort]string{}
	for _, c := range all {
		for _, p := range listening(c) {
			ports[netip.AddrPortFrom(p.IP, p.PublicPort)] = ""
			if !belongs(c.Labels, name) || !isHost(c) {
				ports[netip.AddrPortFrom(p.IP, p.PublicPort)] = fmt.Sprintf("container %q", strings.TrimPrefix(c.Names[0], "/"))
			}
		}
	}
	return ports
}
