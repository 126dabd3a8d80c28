package build

import (
	"context"
	"fmt"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/buildkit/endpoint"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// connect finds a builder for the platform of every target. It comes before all
// long work, for a platform that nobody can build for fails everything.
func connect(ctx context.Context, o Options, targets []*target) (*buildkit.Builder, error) {
	specs, err := endpoint.ParseSpecs(o.Builders)
	if err != nil {
		return nil, err
	}
	find := endpoint.Options{
		Specs: specs, TLSDir: o.TLSDir, Daemon: endpoint.DefaultDaemon(), Accept: o.reaches,
		Say: func(line string) { o.say("%s", line) }, Warn: o.warn,
	}
	for _, t := range targets {
		find.Platforms = append(find.Platforms, t.platform)
	}
	return buildkit.Connect(ctx, find)
}

// checkBuilders refuses addresses that are none, and a builder on another
// machine that is to push to this machine's loopback: it would reach its own.
// What BUILDKIT_HOST names is asked for only where no flag is; [connect] has it
// refused there.
func (o Options) checkBuilders() error {
	specs, err := endpoint.ParseSpecs(o.Builders)
	if err != nil {
		return err
	}
	for _, address := range specs {
		if err := o.reaches(address); err != nil {
			return err
		}
	}
	return nil
}

// reaches returns an error when the builder at the address is to push to what is
// another registry there.
func (o Options) reaches(address string) error {
	if o.To != buildkit.Registry || !registry.IsLoopback(o.Registry) || !endpoint.Elsewhere(address) {
		return nil
	}
	return ui.Usage(fmt.Errorf("pushing to %s from the builder at %s: that is another machine, which has a loopback of its own", o.Registry, address),
		"name a registry that both machines reach with --registry")
}
