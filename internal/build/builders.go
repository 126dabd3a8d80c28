package build

import (
	"context"
	"fmt"
	"net/url"

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
		Specs: specs, TLSDir: o.TLSDir, Daemon: endpoint.DefaultDaemon(),
		Say: func(line string) { o.say("%s", line) }, Warn: o.warn,
	}
	for _, t := range targets {
		find.Platforms = append(find.Platforms, t.platform)
	}
	return buildkit.Connect(ctx, find)
}

// checkBuilders refuses addresses that are none, and a builder on another
// machine that is to push to this machine's loopback: it would reach its own.
func (o Options) checkBuilders() error {
	specs, err := endpoint.ParseSpecs(o.Builders)
	if err != nil {
		return err
	}
	for _, address := range specs {
		if o.To == buildkit.Registry && registry.IsLoopback(o.Registry) && elsewhere(address) {
			return ui.Usage(fmt.Errorf("pushing to %s from the builder at %s: that is another machine, which has a loopback of its own", o.Registry, address),
				"name a registry that both machines reach with --registry")
		}
	}
	return nil
}

// elsewhere reports whether the address is on another machine.
func elsewhere(address string) bool {
	at, err := url.Parse(address)
	if err != nil || at.Scheme != "tcp" && at.Scheme != "ssh" {
		return false
	}
	return !registry.IsLoopback(at.Host + "/")
}
