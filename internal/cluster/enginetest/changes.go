package enginetest

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
	"github.com/oarcluster/oarcluster/internal/cluster/lock"
)

// Lock implements the engine.
func (f *Fake) Lock(_ context.Context, name, holder string) (string, error) {
	if err := f.before("lock " + name); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.volumes[lock.Volume(name)] != nil {
		return "", lock.ErrForeign
	}
	if f.locks[name] == "" {
		f.locks[name] = holder
	}
	return f.locks[name], nil
}

// Unlock implements the engine. It never fails: a holder that cannot unlock is one
// that was killed, which a process cannot be in its own tests.
func (f *Fake) Unlock(_ context.Context, name, holder string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locks[name] == holder {
		delete(f.locks, name)
	}
	return nil
}

// CreateNetwork implements the engine.
func (f *Fake) CreateNetwork(_ context.Context, t cluster.Topology) error {
	if err := f.before("create network " + t.Name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.networks {
		if n.Subnet.Overlaps(t.Subnet) {
			return fmt.Errorf("%w: network %s", apply.ErrSubnetTaken, n.Name)
		}
	}
	n := cluster.Network{ID: f.id(t.Name), Name: t.Name, Subnet: t.Subnet}
	f.networks[n.ID], f.owners[n.ID] = n, t.Name
	return nil
}

// RemoveNetwork implements the engine.
func (f *Fake) RemoveNetwork(_ context.Context, id string) error {
	if err := f.before("remove network " + id); err != nil {
		return err
	}
	for range 100 {
		if f.dropNetwork(id) {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("network %s has active endpoints", id)
}

// dropNetwork removes a network unless a container is on it.
func (f *Fake) dropNetwork(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.containers {
		if f.owners[id] != "" && c.owner == f.owners[id] {
			return false
		}
	}
	delete(f.networks, id)
	delete(f.owners, id)
	return true
}

// CreateVolume implements the engine.
func (f *Fake) CreateVolume(_ context.Context, name, volume string) error {
	if err := f.before("create volume " + volume); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.volumes[volume] == nil {
		f.volumes[volume], f.owners["volume "+volume] = map[string]string{}, name
	}
	if f.owners["volume "+volume] != name {
		return fmt.Errorf("volume %s is another's", volume)
	}
	return nil
}

// RemoveVolume implements the engine.
func (f *Fake) RemoveVolume(_ context.Context, volume string) error {
	if err := f.before("remove volume " + volume); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.containers {
		if slices.ContainsFunc(c.host.Stores, func(v cluster.Volume) bool { return v.Host == volume }) {
			return fmt.Errorf("volume %s is in use", volume)
		}
	}
	delete(f.volumes, volume)
	delete(f.owners, "volume "+volume)
	return nil
}

// CreateContainer implements the engine.
func (f *Fake) CreateContainer(_ context.Context, t cluster.Topology, h cluster.Host) error {
	return f.create(t.Labels(h), h)
}

// create makes a container with the labels given.
func (f *Fake) create(labels map[string]string, h cluster.Host) error {
	if err := f.before("create " + h.Container); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.containers[h.Container] != nil {
		return fmt.Errorf("the container name %q is already in use", h.Container)
	}
	if f.Images[h.Image] == "" {
		return fmt.Errorf("no such image: %s", h.Image)
	}
	for _, v := range h.Stores {
		if f.volumes[v.Host] == nil {
			return fmt.Errorf("no such volume: %s", v.Host)
		}
	}
	c := &container{
		Container: cluster.Container{ID: f.id(h.Container), Name: h.Container, State: "created", Image: h.Image, Addr: h.Addr, Volumes: h.Volumes},
		owner:     labels[cluster.LabelName], labels: labels, host: h, files: map[string]string{}, log: newLog(),
	}
	c.Created = int64(f.serial)
	c.Container = c.Labelled(labels)
	f.containers[h.Container] = c
	return nil
}

// TryFolders implements the engine: those of another machine are all there.
func (f *Fake) TryFolders(_ context.Context, _, _ string, folders []string) error {
	for _, folder := range folders {
		if err := f.Before("try " + folder); err != nil {
			return err
		}
		if _, err := os.Stat(folder); err != nil && f.Machine == "" {
			return err
		}
	}
	return nil
}

// StartContainer implements the engine.
func (f *Fake) StartContainer(_ context.Context, id string) error {
	if err := f.before("start " + id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil || c.State == "running" {
		return err
	}
	paused := c.State == "paused"
	c.State, c.Ports = "running", c.host.Ports
	if paused {
		return nil // its processes go on, and what they said is in its log
	}
	c.log.open()
	f.lived(c)
	return f.play(c)
}

// RemoveContainer implements the engine.
func (f *Fake) RemoveContainer(_ context.Context, id string) error {
	if err := f.before("remove " + id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil {
		return nil
	}
	c.end()
	if c.State == "running" {
		f.ended(c.Name, 137)
	}
	delete(f.containers, c.Name)
	f.lived(c)
	return nil
}

// Upload implements the engine.
func (f *Fake) Upload(_ context.Context, id string, archive []byte) error {
	if err := f.before("upload " + id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil {
		return err
	}
	files, err := unpack(archive)
	if err == nil {
		err = f.write(c, files)
	}
	return err
}

// StopContainer implements the engine: every container ends well.
func (f *Fake) StopContainer(_ context.Context, id string) error {
	if err := f.before("stop " + id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil || c.State != "running" {
		return err
	}
	c.end()
	c.State, c.Ports = "exited", nil
	f.ended(c.Name, 0)
	return nil
}

// Exec implements the engine: every command succeeds and says nothing, but those in a
// frontend that ask its services, which answer as they do outside, and what [Fake.Runs]
// knows.
func (f *Fake) Exec(_ context.Context, id string, argv []string, stdout, stderr io.Writer) (int, error) {
	if err := f.before("exec " + argv[0] + " " + id); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil {
		return 0, err
	}
	if f.Runs != nil {
		if output, code, known := f.Runs(c.Name, argv); known {
			if code != 0 {
				stdout = stderr
			}
			fmt.Fprint(stdout, output)
			return code, nil
		}
	}
	if argv[0] != "curl" && argv[0] != "bash" {
		return 0, nil
	}
	if slices.Contains(f.Mute, c.host.Name) {
		fmt.Fprintln(stderr, "connection refused")
		return 7, nil
	}
	if argv[0] == "bash" {
		fmt.Fprint(stdout, greeting)
		return 0, nil
	}
	f.answer(stdout, c.owner)
	return 0, nil
}
