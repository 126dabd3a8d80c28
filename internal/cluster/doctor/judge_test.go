package doctor_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// well is a machine on which everything is as it should be.
func well() doctor.Facts {
	return doctor.Facts{
		Nodes: 2,
		Engine: doctor.Engine{Name: "Docker Engine", Version: "28.5.2+dfsg4", API: "1.51", Arch: "amd64", Limits: true, Cgroup: "2", Storage: "overlay2",
			Root: "/var/lib/docker", CPUs: 2, Memory: 8e9},
		Host:   doctor.Host{Size: 90e9, Free: 50e9, Inodes: 1e6, Inotify: 128},
		Ports:  []doctor.Port{{At: netip.MustParseAddrPort("127.0.0.1:48080")}, {At: netip.MustParseAddrPort("127.0.0.1:49217")}},
		Images: []doctor.Image{{Ref: "x/node:1", ID: "sha256:1"}, {Ref: "x/server:1"}},
		Range:  netip.MustParsePrefix("10.141.0.0/24"),
	}
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	var checks []string
	for _, v := range doctor.Judge(well()) {
		checks = append(checks, v.Check)
		if v.State != doctor.OK || v.Says == "" || v.Remedy != "" {
			t.Errorf("got %+v", v)
		}
	}
	want := []string{"engine", "loopback", "cgroups", "storage", "disk", "memory", "inotify", "ports", "addresses", "images", "ssh", "folder"}
	if !slices.Equal(checks, want) {
		t.Errorf("got %q, want %q", checks, want)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, check, state, says, remedy string
		change                           func(*doctor.Facts)
	}{
		{"an old engine", "engine", doctor.Problem, "19.03.1, API 1.40", "20.10", func(f *doctor.Facts) { f.Engine.Version, f.Engine.API = "19.03.1", "1.40" }},
		{"an engine elsewhere", "engine", doctor.OK, "rootless, on ssh://box", "", func(f *doctor.Facts) { f.Engine.Rootless, f.Machine = true, "ssh://box" }},
		{"loopback that leaks", "loopback", doctor.Warning, "before 28.0", "iptables", func(f *doctor.Facts) { f.Engine.Version = "20.10.24+dfsg1" }},
		{"loopback of 27.5", "loopback", doctor.Warning, "", "", func(f *doctor.Facts) { f.Engine.Version = "27.5.1" }},
		{"loopback of 29", "loopback", doctor.OK, "", "", func(f *doctor.Facts) { f.Engine.Version = "29.0.0-rc.1" }},
		{"cgroups of the first kind", "cgroups", doctor.OK, "version 1", "", func(f *doctor.Facts) { f.Engine.Cgroup = "1" }},
		{"rootless on them", "cgroups", doctor.Warning, "keeps no limits", "unified_cgroup_hierarchy", func(f *doctor.Facts) { f.Engine.Cgroup, f.Engine.Rootless = "1", true }},
		{"no controller of memory", "cgroups", doctor.Warning, "version 2, where this engine keeps no limits of memory", "delegate", func(f *doctor.Facts) { f.Engine.Limits = false }},
		{"vfs", "storage", doctor.Warning, "vfs", "overlay2", func(f *doctor.Facts) { f.Engine.Storage = "vfs" }},
		{"little room", "disk", doctor.Warning, "4.0 GB free in /var/lib/docker", "docker system df", func(f *doctor.Facts) { f.Host.Free = 4e9 }},
		{"no room", "disk", doctor.Problem, "0.5 GB free", "docker image prune", func(f *doctor.Facts) { f.Host.Free = 5e8 }},
		{"no room at all", "disk", doctor.Problem, "0.0 GB free", "docker image prune", func(f *doctor.Facts) { f.Host.Free = 0 }},
		{"no inodes", "disk", doctor.Problem, "7 inodes left", "", func(f *doctor.Facts) { f.Host.Inodes = 7 }},
		{"little memory", "memory", doctor.Warning, "400 nodes need about 10.2 GB", "fewer", func(f *doctor.Facts) { f.Nodes = 400 }},
		{"few instances of inotify", "inotify", doctor.Warning, "is 8", "sysctl", func(f *doctor.Facts) { f.Host.Inotify = 8 }},
		{"a taken port", "ports", doctor.Problem, "127.0.0.1:49217 is taken by another program", "sport = :49217", func(f *doctor.Facts) { f.Ports[1].Holder = "another program" }},
		{"ports elsewhere", "ports", doctor.OK, "cannot be seen from here", "", func(f *doctor.Facts) { f.Machine = "ssh://box" }},
		{"no addresses", "addresses", doctor.Problem, "none is free", "docker network prune", func(f *doctor.Facts) { f.Subnet = errors.New("none is free") }},
		{"addresses", "addresses", doctor.OK, "10.141.0.0/24 is free for 2 nodes", "", func(*doctor.Facts) {}},
		{"pools of the engine's", "addresses", doctor.Warning, "10.141.0.0/24 is free for 2 nodes, but outside what the engine is configured to take (default-address-pools): 10.200.0.0/16, 172.30.0.0/16", "VPN", func(f *doctor.Facts) {
			f.Engine.Pools = []netip.Prefix{netip.MustParsePrefix("10.200.0.0/16"), netip.MustParsePrefix("172.30.0.0/16")}
		}},
		{"pools that fit", "addresses", doctor.OK, "10.141.0.0/24", "", func(f *doctor.Facts) { f.Engine.Pools = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }},
		{"addresses with a hint of their own", "addresses", doctor.Problem, "no room for 300 nodes", "oardeploy clean", func(f *doctor.Facts) {
			f.Subnet = fmt.Errorf("laying out: %w", ui.WithHint(errors.New("no room for 300 nodes"), "oardeploy clean"))
		}},
		{"a loopback elsewhere", "bind", doctor.Problem, "nobody here could reach", "--bind", func(f *doctor.Facts) { f.Bind = errors.New("nobody here could reach it") }},
		{"the wrong images", "images", doctor.Problem, "for arm64", "--platform linux/amd64", func(f *doctor.Facts) { f.Images[0].Here = errors.New("for arm64") }},
		{"no images", "images", doctor.Problem, "no answer", "oarbuild --push", func(f *doctor.Facts) { f.Images[1].Pull = errors.New("no answer") }},
		{"no images, and the engine knows why", "images", doctor.Problem, "no answer", "load them", func(f *doctor.Facts) { f.Images[1].Pull = ui.WithHint(errors.New("no answer"), "load them") }},
		{"no registry", "images", doctor.Warning, "all 2 are there, but none can be renewed: no answer", "--registry", func(f *doctor.Facts) {
			f.Images[0].Pull, f.Images[1] = errors.New("no answer"), doctor.Image{ID: "sha256:2", Pull: errors.New("no answer")}
		}},
		{"images to pull", "images", doctor.OK, "1 are there, 1 can be pulled", "", func(*doctor.Facts) {}},
		{"no ssh", "ssh", doctor.Warning, "not found", "openssh-client", func(f *doctor.Facts) { f.SSH = errors.New("not found") }},
		{"another's folder", "folder", doctor.Problem, "another user", "--name", func(f *doctor.Facts) { f.Folder = errors.New("another user") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := well()
			tc.change(&f)
			verdicts := doctor.Judge(f)
			i := slices.IndexFunc(verdicts, func(v doctor.Verdict) bool { return v.Check == tc.check })
			v := verdicts[i]
			if v.State != tc.state || !strings.Contains(v.Says, tc.says) || !strings.Contains(v.Remedy, tc.remedy) || (v.Remedy == "") != (v.State == doctor.OK) {
				t.Errorf("got %+v", v)
			}
		})
	}
}

// What nobody knows is not judged.
func TestTheUnknownIsPassedOver(t *testing.T) {
	t.Parallel()
	f := well()
	f.Host, f.Engine.Name, f.Engine.Cgroup, f.Engine.Storage, f.Engine.Memory = doctor.Host{}, "Podman Engine", "", "", 0
	for _, v := range doctor.Judge(f) {
		if slices.Contains([]string{"loopback", "cgroups", "storage", "disk", "memory", "inotify"}, v.Check) {
			t.Errorf("got %+v", v)
		}
	}
}
