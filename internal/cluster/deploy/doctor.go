package deploy

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
)

// Examine looks at everything that a deploy of spec would need, and changes nothing.
func (o Options) Examine(ctx context.Context, spec cluster.Spec) ([]doctor.Verdict, error) {
	observed, err := o.Engine.Observe(ctx, spec.Name)
	if err != nil {
		return nil, err
	}
	f := doctor.Facts{Machine: observed.Machine}
	for _, g := range spec.Groups {
		f.Nodes += g.Nodes
	}
	if f.Engine, f.Host, err = o.Engine.About(ctx); err != nil {
		return nil, err
	}
	held := observed.Holder
	observed.Holder = func(netip.AddrPort) string { return "" }
	t, err := spec.Layout(observed)
	f.Range = t.Subnet
	if f.Bind = spec.CheckBind(observed.Machine); f.Bind == nil {
		f.Subnet = err
	}
	for _, h := range t.Hosts {
		for _, inside := range slices.Sorted(maps.Keys(h.Ports)) {
			at := h.Ports[inside]
			f.Ports = append(f.Ports, doctor.Port{At: at, Holder: held(at)})
		}
	}
	if f.Images, err = look(ctx, t, o); err != nil {
		return nil, err
	}
	_, f.SSH = exec.LookPath("ssh")
	if _, err := access.Config(o.Base, spec.Name, observed.Machine); !errors.Is(err, os.ErrNotExist) {
		f.Folder = err
	}
	return doctor.Judge(f), nil
}

// look asks the engine and the registry for each image.
func look(ctx context.Context, t cluster.Topology, o Options) ([]doctor.Image, error) {
	stop, err := open(ctx, o, t)
	defer stop()
	if err != nil {
		return nil, err
	}
	all := make([]doctor.Image, len(t.Images()))
	var g errgroup.Group
	for i, ref := range t.Images() {
		g.Go(func() error {
			all[i].Ref = ref
			all[i].ID, _, all[i].Here = o.Engine.Image(ctx, ref)
			_, all[i].Pull = o.Engine.Published(ctx, ref)
			return nil
		})
	}
	return all, g.Wait()
}
