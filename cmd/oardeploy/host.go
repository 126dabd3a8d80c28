package main

import (
	"context"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
)

// dial checks clusters' names, which is wrong usage whether or not an engine answers,
// and finds the engine.
func dial(ctx context.Context, names ...string) (*engine.Docker, error) {
	if err := deploy.CheckNames(names...); err != nil {
		return nil, err
	}
	return engine.Dial(ctx)
}

// onHost does something with the container of a cluster's host.
func onHost(ctx context.Context, name, host string, do func(*engine.Docker, cluster.Container) error) error {
	d, err := dial(ctx, name)
	if err != nil {
		return err
	}
	defer d.Close()
	c, err := deploy.Options{Engine: d}.Find(ctx, name, host)
	if err != nil {
		return err
	}
	return do(d, c)
}
