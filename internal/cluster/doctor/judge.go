package doctor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// States of a [Verdict].
const (
	OK      = "ok"
	Warning = "warning" // it works, but badly
	Problem = "problem" // a deploy would fail
)

// Verdict is what is to be said of one thing.
type Verdict struct {
	Check  string `json:"check"`
	State  string `json:"state"`
	Says   string `json:"says"`
	Remedy string `json:"remedy,omitempty"` // what to do, when it is not ok
}

// Judge says of each thing how it is, always in the same order.
func Judge(f Facts) []Verdict {
	var all []Verdict
	for _, check := range []func(Facts) []Verdict{
		engine, loopback, cgroup, storage, disk, memory, inotify, bind, ports, subnet, images, client, folder,
	} {
		all = append(all, check(f)...)
	}
	return all
}

func ok(check, format string, args ...any) []Verdict {
	return []Verdict{{check, OK, fmt.Sprintf(format, args...), ""}}
}

func warning(check, says, remedy string) []Verdict {
	return []Verdict{{check, Warning, says, remedy}}
}

func problem(check, says, remedy string) []Verdict {
	return []Verdict{{check, Problem, says, remedy}}
}

// failed is the problem that an error is. What the error itself says can be done goes
// before the remedy given.
func failed(check string, err error, remedy string) []Verdict {
	if hinted, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		remedy = hinted.Hint()
	}
	return problem(check, err.Error(), remedy)
}

// older reports whether a dotted version is before another. What is no number, as in
// "20.10.24+dfsg1", ends the comparison.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range min(len(a), len(b)) {
		x, err1 := strconv.Atoi(a[i])
		y, err2 := strconv.Atoi(b[i])
		if err1 != nil || err2 != nil {
			return false
		}
		if x != y {
			return x < y
		}
	}
	return false
}

func engine(f Facts) []Verdict {
	says := fmt.Sprintf("%s %s, API %s, %s", f.Engine.Name, f.Engine.Version, f.Engine.API, f.Engine.Arch)
	if f.Engine.Rootless {
		says += ", rootless"
	}
	if f.Machine != "" {
		says += ", on " + f.Machine
	}
	if older(f.Engine.API, "1.41") {
		return problem("engine", says, "Docker Engine 20.10 (API 1.41) is the oldest that will do: upgrade it")
	}
	return ok("engine", "%s", says)
}

// loopback: moby's release notes of 28.0.0.
func loopback(f Facts) []Verdict {
	if f.Engine.Name != "Docker Engine" || f.Engine.Rootless {
		return nil
	}
	if older(f.Engine.Version, "28.0") {
		return warning("loopback", "engines before 28.0 let neighbours of the same network segment reach ports published on 127.0.0.1",
			"upgrade it, or: iptables -t raw -I PREROUTING -d 127.0.0.0/8 ! -i lo -j DROP")
	}
	return ok("loopback", "ports published on 127.0.0.1 are for this machine's users alone")
}

func cgroup(f Facts) []Verdict {
	switch {
	case f.Engine.Cgroup == "":
		return nil
	case f.Engine.Rootless && f.Engine.Cgroup == "1":
		return warning("cgroups", "version 1, on which a rootless engine keeps no limits", "boot with systemd.unified_cgroup_hierarchy=1")
	case !f.Engine.Limits:
		return warning("cgroups", "version "+f.Engine.Cgroup+", where this engine keeps no limits of memory",
			"have the machine delegate the memory controller to it (`docker info` tells more); clusters without limits work")
	}
	return ok("cgroups", "version %s", f.Engine.Cgroup)
}

func storage(f Facts) []Verdict {
	if slices.Contains([]string{"vfs", "native", "devicemapper", "aufs"}, f.Engine.Storage) {
		return warning("storage", fmt.Sprintf("driver %s copies whole images for each container, or is no longer kept up", f.Engine.Storage),
			"configure overlay2 in the engine's daemon.json (\"storage-driver\")")
	}
	if f.Engine.Storage == "" {
		return nil
	}
	return ok("storage", "driver %s", f.Engine.Storage)
}

const giga = 1000 * 1000 * 1000

// Room is what to do when there is no room left on the engine's disk.
const Room = "make room: `docker system df` shows what takes it, `docker image prune` removes images that nothing names"

// Full reports whether what an engine or a log says is that a disk is full. Engines have
// no kind of error for that: the words are the kernel's (ENOSPC).
func Full(says string) bool {
	return strings.Contains(strings.ToLower(says), "no space left on device")
}

func disk(f Facts) []Verdict {
	says := fmt.Sprintf("%.1f GB free in %s", float64(f.Host.Free)/giga, f.Engine.Root)
	switch {
	case f.Host.Size == 0:
		return nil
	case f.Host.Inodes > 0 && f.Host.Inodes < 100_000:
		return problem("disk", fmt.Sprintf("%d inodes left in %s", f.Host.Inodes, f.Engine.Root), Room)
	case f.Host.Free < giga:
		return problem("disk", says, Room)
	case f.Host.Free < 5*giga:
		return warning("disk", says+"; the images need 2 GB", Room)
	}
	return ok("disk", "%s", says)
}

// Bytes that a cluster takes: server and frontend, and each node. At rest 90 MB and 19
// MB were measured (total_rss of their cgroups).
const fixedMemory, nodeMemory = 200e6, 25e6

func memory(f Facts) []Verdict {
	if f.Engine.Memory == 0 {
		return nil
	}
	need := fixedMemory + nodeMemory*float64(f.Nodes)
	says := fmt.Sprintf("%.1f GB and %d CPUs", float64(f.Engine.Memory)/giga, f.Engine.CPUs)
	if float64(f.Engine.Memory) < need {
		return warning("memory", fmt.Sprintf("%s; %d nodes need about %.1f GB", says, f.Nodes, need/giga), "deploy fewer nodes")
	}
	return ok("memory", "%s", says)
}

// inotify: of a cluster at rest dnsmasq alone takes an instance (counted in /proc), but
// it takes it of all that the machine's root has.
func inotify(f Facts) []Verdict {
	const least = 32
	says := fmt.Sprintf("fs.inotify.max_user_instances is %d", f.Host.Inotify)
	switch {
	case f.Host.Inotify == 0:
		return nil
	case f.Host.Inotify < least:
		return warning("inotify", says+"; a cluster takes one, and what runs in it may take more", "sysctl fs.inotify.max_user_instances=8192")
	}
	return ok("inotify", "%s; a cluster takes one", says)
}

func bind(f Facts) []Verdict {
	if f.Bind == nil {
		return nil
	}
	return failed("bind", f.Bind, "choose another address with --bind")
}

func ports(f Facts) []Verdict {
	if len(f.Ports) == 0 {
		return nil
	}
	var names []string
	for _, p := range f.Ports {
		if p.Holder != "" {
			return problem("ports", fmt.Sprintf("%s is taken by %s", p.At, p.Holder),
				fmt.Sprintf("free it (`ss -ltnp 'sport = :%d'`), deploy under another --name, or choose that of the web pages with --http-port", p.At.Port()))
		}
		names = append(names, p.At.String())
	}
	if f.Machine != "" {
		return ok("ports", "no container has %s; whether another program does cannot be seen from here", strings.Join(names, ", "))
	}
	return ok("ports", "%s are free, or the cluster's own", strings.Join(names, ", "))
}

// subnet: whoever configures pools may do so to keep clear of networks that the machine
// reaches at times, as those of a VPN, and that no route shows now.
func subnet(f Facts) []Verdict {
	switch {
	case f.Bind != nil:
		return nil
	case f.Subnet != nil:
		return failed("addresses", f.Subnet, "remove networks that nothing uses: docker network prune")
	}
	says := fmt.Sprintf("%s is free for %d nodes", f.Range, f.Nodes)
	if len(f.Engine.Pools) > 0 && !slices.ContainsFunc(f.Engine.Pools, func(p netip.Prefix) bool { return p.Overlaps(f.Range) }) {
		return warning("addresses", fmt.Sprintf("%s, but outside what the engine is configured to take (default-address-pools): %s", says, join(f.Engine.Pools)),
			"see that no network that this machine reaches at times has these addresses, as that of a VPN")
	}
	return ok("addresses", "%s", says)
}

func join(prefixes []netip.Prefix) string {
	var texts []string
	for _, p := range prefixes {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}

func images(f Facts) []Verdict {
	if len(f.Images) == 0 {
		return nil
	}
	here, pull := 0, 0
	var silent error
	for _, i := range f.Images {
		switch {
		case i.Here != nil:
			return problem("images", i.Here.Error(), "build them for that machine: oarbuild --platform linux/"+f.Engine.Arch+" --push")
		case i.ID == "" && i.Pull != nil:
			return failed("images", i.Pull, "oarbuild --push makes them; or name another --registry or --tag")
		case i.ID == "":
			pull++
		default:
			here++
		}
		if i.Pull != nil {
			silent = i.Pull
		}
	}
	if silent != nil {
		return warning("images", fmt.Sprintf("all %d are there, but none can be renewed: %s", here, silent), "oarbuild --push makes them; or name another --registry or --tag")
	}
	return ok("images", "%d are there, %d can be pulled", here, pull)
}

func client(f Facts) []Verdict {
	if f.SSH != nil {
		return warning("ssh", f.SSH.Error(), "install it (`sudo apt-get install openssh-client`), or use oardeploy exec")
	}
	return ok("ssh", "there is a client")
}

func folder(f Facts) []Verdict {
	if f.Folder != nil {
		return failed("folder", f.Folder, "remove it, or deploy under another --name")
	}
	return ok("folder", "ssh's configuration can be written")
}
