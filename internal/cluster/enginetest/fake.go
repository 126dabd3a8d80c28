// Package enginetest holds a container engine in memory for tests, and the suite
// that it and a real engine must both pass, so that the one cannot drift from the
// other.
//
// # Policy
//
// The fake keeps what the packages around see of an engine: containers, networks,
// images, files, logs, exits. A container that is started plays its part: it
// writes the marks that the images write, and a frontend answers HTTP and greets
// like ssh on its published ports.
//
// # Boundaries
//
// For tests only; no program imports it.
package enginetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/cluster/logs"
)

// Fake is an engine in memory. The zero value lacks images: use New.
type Fake struct {
	// Before is called at the beginning of each call that changes something, with
	// the call's name, as "start oarcluster_node1". An error fails the call.
	Before func(call string) error
	// Images maps references to IDs; Registry maps references to digests.
	Images, Registry map[string]string
	// Ports tells who has taken ports, beside the clusters; nil: nobody.
	Ports func(netip.AddrPort) string
	// Machine is where the engine says it is; see cluster.Observed.
	Machine string
	// Mute lists hostnames that start but never say or answer anything.
	Mute []string
	// Runs is asked first what a command in a container says, and how it ends; nil
	// knows none.
	Runs func(container string, argv []string) (output string, code int, known bool)
	// Web answers in the place of every frontend's API; nil: the API. Greeting is what
	// every frontend's ssh says; "": what ssh says.
	Web      func(http.ResponseWriter)
	Greeting string

	mu         sync.Mutex
	containers map[string]*container // by name
	networks   map[string]cluster.Network
	volumes    map[string]map[string]string // by name: their files
	owners     map[string]string            // network, volume or foreign object → value of its name label
	locks      map[string]string            // cluster → holder
	exits      []func(container, status string)
	lives      []func(id string)
	serial     int
}

// container is one container of the fake.
type container struct {
	cluster.Container
	owner  string // value of the label oarcluster.name
	labels map[string]string
	host   cluster.Host
	files  map[string]string
	log    *logBuffer
	stop   []func()
}

// New is an engine that has every image of the shipped set under registry and tag.
func New(registry, tag string) *Fake {
	f := &Fake{
		Before: func(string) error { return nil }, Images: map[string]string{}, Registry: map[string]string{},
		containers: map[string]*container{}, networks: map[string]cluster.Network{},
		volumes: map[string]map[string]string{}, owners: map[string]string{}, locks: map[string]string{},
	}
	for _, name := range []string{"dnsmasq", "server", "frontend", "node"} {
		f.Images[registry+"/"+name+":"+tag] = "sha256:" + name
	}
	return f
}

// before asks Before, whose owner may set another one meanwhile.
func (f *Fake) before(call string) error {
	f.mu.Lock()
	before := f.Before
	f.mu.Unlock()
	return before(call)
}

// Sync makes what was set of the fake's fields known to its goroutines. Nothing may be
// under way when they are set.
func (f *Fake) Sync() {
	f.mu.Lock()
	defer f.mu.Unlock()
}

// About implements the engine.
func (f *Fake) About(context.Context) (doctor.Engine, doctor.Host, error) {
	return doctor.Engine{Name: "Docker Engine", Version: "29.1.0", API: "1.52", Arch: "amd64"}, doctor.Host{}, nil
}

// AddForeign puts a container that belongs to nobody we know on the engine.
func (f *Fake) AddForeign(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.containers[name] = &container{Container: cluster.Container{ID: name, Name: name, State: "running"}, log: newLog()}
}

// AddForeignVolume puts a volume that belongs to nobody we know on the engine.
func (f *Fake) AddForeignVolume(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.volumes[name] = map[string]string{}
}

// Objects lists all containers, networks, volumes and locks, sorted, as "container
// NAME STATE", "network NAME", "volume NAME" and "lock NAME".
func (f *Fake) Objects() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, c := range f.containers {
		all = append(all, "container "+c.Name+" "+c.State)
	}
	for _, n := range f.networks {
		all = append(all, "network "+n.Name)
	}
	for name := range f.volumes {
		all = append(all, "volume "+name)
	}
	for name := range f.locks {
		all = append(all, "lock "+name)
	}
	slices.Sort(all)
	return all
}

// File is the content of a file of a container, its own or in a volume that it sees.
func (f *Fake) File(containerName, path string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.containers[containerName]; c != nil {
		return f.tree(c)[path]
	}
	return ""
}

// Kill ends a container as if its first process had.
func (f *Fake) Kill(name string, status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.containers[name].end()
	f.containers[name].State = "exited"
	f.ended(name, status)
}

// Pause freezes a container.
func (f *Fake) Pause(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.containers[name].State = "paused"
}

func (f *Fake) ended(name string, status int) {
	for _, exited := range f.exits {
		go exited(name, fmt.Sprint(status))
	}
}

// lived tells that a container was started or removed.
func (f *Fake) lived(c *container) {
	for _, told := range f.lives {
		go told(c.ID)
	}
}

// find is the container of an ID or name.
func (f *Fake) find(id string) (*container, error) {
	for _, c := range f.containers {
		if c.ID == id || c.Name == id {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no such container: %s", id)
}

// id makes IDs that tell successive containers of one name apart.
func (f *Fake) id(name string) string {
	f.serial++
	return fmt.Sprintf("%s-%d", name, f.serial)
}

// Observe implements the engine.
func (f *Fake) Observe(ctx context.Context, name string) (cluster.Observed, error) {
	if ctx.Err() != nil {
		return cluster.Observed{}, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o := cluster.Observed{Machine: f.Machine, Holder: func(netip.AddrPort) string { return "" }}
	if f.Ports != nil {
		o.Holder = f.Ports
	}
	for _, c := range f.containers {
		if c.owner != "" && c.owner == name {
			o.Containers = append(o.Containers, c.Container)
		} else {
			o.Foreign = append(o.Foreign, "container "+c.Name)
		}
	}
	for id, n := range f.networks {
		if owner, ok := f.owners[id]; ok && owner == name {
			o.Networks = append(o.Networks, n)
		} else {
			o.Foreign = append(o.Foreign, "network "+n.Name)
			o.Taken = append(o.Taken, n.Subnet)
		}
	}
	for v := range f.volumes {
		if owner, ok := f.owners["volume "+v]; ok && owner == name {
			o.Stores = append(o.Stores, v)
		} else {
			o.Foreign = append(o.Foreign, "volume "+v)
		}
	}
	slices.Sort(o.Stores)
	slices.SortFunc(o.Containers, func(a, b cluster.Container) int { return cmp.Compare(a.Name, b.Name) })
	return o, nil
}

// Clusters implements the engine.
func (f *Fake) Clusters(context.Context) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, c := range f.containers {
		names = append(names, c.owner)
	}
	for _, owner := range f.owners {
		names = append(names, owner)
	}
	for name := range f.locks {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(s string) bool { return cluster.Spec{Name: s}.ValidateName() != nil }), nil
}

// Image implements the engine: an image's digest is its ID.
func (f *Fake) Image(_ context.Context, ref string) (string, []string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Images[ref], []string{f.Images[ref]}, nil
}

// Published implements the engine.
func (f *Fake) Published(_ context.Context, ref string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if digest, ok := f.Registry[ref]; ok {
		return digest, nil
	}
	return "", errors.New("connection refused")
}

// Pull implements the engine.
func (f *Fake) Pull(_ context.Context, ref string, _ func(images.Layer)) error {
	if err := f.before("pull " + ref); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Images[ref] = f.Registry[ref]
	return nil
}

// Lend implements the engine: it is on this machine, whatever it says.
func (f *Fake) Lend(context.Context, string) (func(), error) { return func() {}, f.before("lend") }

// Logs implements the engine. Lines have no age.
func (f *Fake) Logs(ctx context.Context, id string, p logs.Part, stdout, _ io.Writer) error {
	f.mu.Lock()
	c, err := f.find(id)
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return c.log.copy(ctx, stdout, p)
}

// Life implements the engine.
func (f *Fake) Life(_ context.Context, id string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(c.log.started()), nil
}

// Lives implements the engine, which never ends.
func (f *Fake) Lives(_ context.Context, _ string, told func(id string)) <-chan error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lives = append(f.lives, told)
	return nil
}

// Exits implements the engine.
func (f *Fake) Exits(_ context.Context, _ string, exited func(container, status string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exits = append(f.exits, exited)
}

// Download implements the engine.
func (f *Fake) Download(_ context.Context, id, path string) (io.ReadCloser, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil {
		return nil, err
	}
	archive, err := pack(f.tree(c), strings.TrimPrefix(path, "/"))
	return io.NopCloser(bytes.NewReader(archive)), err
}
