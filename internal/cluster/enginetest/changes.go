package enginetest

import (
	"context"
	"fmt"
	"io"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
)

// CreateNetwork implements the engine.
func (f *Fake) CreateNetwork(_ context.Context, t cluster.Topology) error {
	if err := f.Before("create network " + t.Name); err != nil {
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
	if err := f.Before("remove network " + id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.containers {
		if f.owners[id] != "" && c.owner == f.owners[id] {
			return fmt.Errorf("network %s has active endpoints", id)
		}
	}
	delete(f.networks, id)
	delete(f.owners, id)
	return nil
}

// CreateContainer implements the engine.
func (f *Fake) CreateContainer(_ context.Context, t cluster.Topology, h cluster.Host) error {
	if err := f.Before("create " + h.Container); err != nil {
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
	f.containers[h.Container] = &container{
		Container: cluster.Container{ID: f.id(h.Container), Name: h.Container, Role: h.Role, Config: h.Config(),
			State: "created", Image: h.Image, Addr: h.Addr, Volumes: h.Volumes},
		owner: t.Name, host: h, files: map[string]string{}, log: newLog(),
	}
	return nil
}

// StartContainer implements the engine.
func (f *Fake) StartContainer(_ context.Context, id string) error {
	if err := f.Before("start " + id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil || c.State == "running" {
		return err
	}
	c.State, c.Ports = "running", c.host.Ports
	c.log.open()
	return f.play(c)
}

// RemoveContainer implements the engine.
func (f *Fake) RemoveContainer(_ context.Context, id string) error {
	if err := f.Before("remove " + id); err != nil {
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
	return nil
}

// Upload implements the engine.
func (f *Fake) Upload(_ context.Context, id string, archive []byte) error {
	if err := f.Before("upload " + id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(id)
	if err != nil {
		return err
	}
	return unpack(archive, c.files)
}

// Signal implements the engine.
func (f *Fake) Signal(_ context.Context, id, signal string) error {
	if err := f.Before("signal " + signal + " " + id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.find(id)
	return err
}

// Exec implements the engine: every command succeeds and says nothing.
func (f *Fake) Exec(_ context.Context, id string, argv []string, _, _ io.Writer) (int, error) {
	if err := f.Before("exec " + argv[0] + " " + id); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.find(id)
	return 0, err
}
