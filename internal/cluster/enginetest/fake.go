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
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// Fake is an engine in memory. The zero value lacks images: use New.
type Fake struct {
	// Before is called at the beginning of each call that changes something, with
	// the call's name, as "start oarcluster_node1". An error fails the call.
	Before func(call string) error
	// Images maps references to IDs; Registry maps references to digests.
	Images, Registry map[string]string
	// Mute lists hostnames that start but never say or answer anything.
	Mute []string

	mu         sync.Mutex
	containers map[string]*container // by name
	networks   map[string]cluster.Network
	owners     map[string]string // network or foreign object → value of its name label
	exits      []func(container, status string)
	serial     int
}

// container is one container of the fake.
type container struct {
	cluster.Container
	owner string // value of the label oarcluster.name
	host  cluster.Host
	files map[string]string
	log   *logBuffer
	stop  []func()
}

// New is an engine that has every image of the shipped set under registry and tag.
func New(registry, tag string) *Fake {
	f := &Fake{
		Before: func(string) error { return nil }, Images: map[string]string{}, Registry: map[string]string{},
		containers: map[string]*container{}, networks: map[string]cluster.Network{}, owners: map[string]string{},
	}
	for _, name := range []string{"dnsmasq", "server", "frontend", "node"} {
		f.Images[registry+"/"+name+":"+tag] = "sha256:" + name
	}
	return f
}

// AddForeign puts a container that belongs to nobody we know on the engine.
func (f *Fake) AddForeign(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.containers[name] = &container{Container: cluster.Container{ID: name, Name: name, State: "running"}, log: newLog()}
}

// Objects lists all containers and networks, sorted, as "container NAME STATE" and
// "network NAME".
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
	slices.Sort(all)
	return all
}

// File is the content of a file that was uploaded into a container.
func (f *Fake) File(containerName, path string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.containers[containerName]; c != nil {
		return c.files[path]
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

func (f *Fake) ended(name string, status int) {
	for _, exited := range f.exits {
		go exited(name, fmt.Sprint(status))
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
	o := cluster.Observed{Holder: func(netip.AddrPort) string { return "" }}
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
func (f *Fake) Pull(_ context.Context, ref string) error {
	if err := f.Before("pull " + ref); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Images[ref] = f.Registry[ref]
	return nil
}

// Logs implements the engine.
func (f *Fake) Logs(ctx context.Context, id string, tail int, follow bool, stdout, _ io.Writer) error {
	f.mu.Lock()
	c, err := f.find(id)
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return c.log.copy(ctx, stdout, tail, follow)
}

// Follow implements the engine.
func (f *Fake) Follow(ctx context.Context, id string, out io.Writer) error {
	f.mu.Lock()
	c, err := f.find(id)
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return c.log.copyFrom(ctx, out, c.log.begin(), true)
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
	archive, err := pack(c.files, strings.TrimPrefix(path, "/"))
	return io.NopCloser(bytes.NewReader(archive)), err
}
