package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/moby/buildkit/client"

	"github.com/oarcluster/oarcluster/internal/buildkit/engine"
)

// containerdStore is how an Engine with containerd's image store calls its
// driver (GET /info). Only with it does the Engine's BuildKit merge layers and
// write images as they are.
var containerdStore = [2]string{"driver-type", "io.containerd.snapshotter.v1"}

// ofEngine connects to the BuildKit within the Docker Engine, or says what it
// lacks.
func ofEngine(ctx context.Context, o Options) (*Endpoint, error) {
	e, err := engine.Find()
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Endpoint, error) {
		return nil, fmt.Errorf("using the BuildKit of the Docker Engine at %s: %w", e.Socket, err)
	}
	var info struct {
		ServerVersion string
		DriverStatus  [][2]string
	}
	asking, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := e.Call(asking, "GET", "/info", nil, &info); err != nil {
		return fail(err)
	}
	if !slices.Contains(info.DriverStatus, containerdStore) {
		return fail(fmt.Errorf("its image store (Engine %s) is not containerd's, and it lacks the merge of layers", info.ServerVersion))
	}
	c, err := client.New(ctx, "",
		client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return e.Upgrade(ctx, "/grpc", "h2c", nil)
		}),
		client.WithSessionDialer(func(ctx context.Context, protocol string, meta map[string][]string) (net.Conn, error) {
			return e.Upgrade(ctx, "/session", protocol, meta)
		}))
	if err != nil {
		return fail(err)
	}
	found := &Endpoint{Address: "unix://" + e.Socket, Client: c}
	if err = found.ask(ctx); err == nil && older(found.Version, wanted) {
		err = errors.New(found.Version + " is older than " + wanted)
	}
	if err != nil {
		c.Close()
		return fail(err)
	}
	o.Say(fmt.Sprintf("BuildKit %s of the Docker Engine %s at %s", found.Version, info.ServerVersion, found.Address))
	return found, nil
}
