package engine

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
)

// About is what the engine says of itself, and this machine of the engine's folder,
// when it is here.
func (d *Docker) About(ctx context.Context) (doctor.Engine, doctor.Host, error) {
	v, err := d.version(ctx)
	if err != nil {
		return doctor.Engine{}, doctor.Host{}, err
	}
	r, err := d.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return doctor.Engine{}, doctor.Host{}, failed("asking the engine about itself", err)
	}
	e := doctor.Engine{
		Name: "Docker Engine", Version: v.Version, API: v.APIVersion, Arch: v.Arch,
		Rootless: rootless(r.Info),
		Limits:   r.Info.MemoryLimit, Cgroup: r.Info.CgroupVersion, Storage: r.Info.Driver, Root: r.Info.DockerRootDir, CPUs: r.Info.NCPU, Memory: r.Info.MemTotal,
	}
	for _, p := range r.Info.DefaultAddressPools {
		e.Pools = append(e.Pools, p.Base)
	}
	if isPodman(v) {
		e.Name = podman
	}
	if d.machine != "" {
		return e, doctor.Host{}, nil
	}
	return e, here(e.Root, "/proc/sys/fs/inotify/max_user_instances"), nil
}

func rootless(i system.Info) bool {
	return slices.ContainsFunc(i.SecurityOptions, func(o string) bool { return strings.HasPrefix(o, "name=rootless") })
}

// here looks at this machine. What cannot be seen, as the folder of an engine in a
// virtual machine, stays unknown.
func here(root, instances string) doctor.Host {
	var h doctor.Host
	var s syscall.Statfs_t
	if syscall.Statfs(root, &s) == nil {
		h.Size, h.Free, h.Inodes = s.Blocks*uint64(s.Bsize), s.Bavail*uint64(s.Bsize), s.Ffree
	}
	if text, err := os.ReadFile(instances); err == nil {
		h.Inotify, _ = strconv.Atoi(string(bytes.TrimSpace(text))) // no number is unknown too
	}
	return h
}
