package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client"
	_ "github.com/moby/buildkit/client/connhelper/dockercontainer" // docker-container://NAME
	_ "github.com/moby/buildkit/client/connhelper/ssh"             // ssh://USER@HOST
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// wanted is the oldest BuildKit whose merge, OCI layout and export behave as
// the graph and the exports need.
const wanted = "v0.31.2"

// dialTimeout bounds the first exchange with a daemon that should be there.
const dialTimeout = 10 * time.Second

// Endpoint is a BuildKit that answered.
type Endpoint struct {
	Address string // as BUILDKIT_HOST has it: unix://…, tcp://…
	Version string // of the BuildKit
	Client  *client.Client
	runs    []ocispec.Platform // what its worker says that it can run
}

// dial connects to a daemon that should be there, and asks who it is and what
// it can run.
func dial(ctx context.Context, address, how string, o Options) (*Endpoint, error) {
	fail := func(err error) error {
		return ui.WithHint(fmt.Errorf("connecting to BuildKit at %s (%s): %w", address, how, err),
			"name a running one with --builder unix:///PATH, tcp://HOST:PORT, ssh://USER@HOST or docker-container://NAME, or leave --builder and BUILDKIT_HOST out")
	}
	scheme, _, found := strings.Cut(address, "://")
	if !found {
		return nil, fail(ui.WithCode(errors.New("the address has no scheme"), ui.CodeUsage))
	}
	if o.Accept != nil {
		if err := o.Accept(address); err != nil {
			return nil, fmt.Errorf("%w (%s)", err, how)
		}
	}
	var options []client.ClientOpt
	if scheme == "tcp" && o.TLSDir != "" {
		var err error
		if options, err = certificates(o.TLSDir, address); err != nil {
			return nil, fail(err)
		}
	}
	c, err := client.New(ctx, address, options...)
	if err != nil {
		return nil, fail(err)
	}
	e := &Endpoint{Address: address, Client: c}
	if err := e.ask(ctx); err != nil {
		c.Close()
		return nil, fail(err)
	}
	o.Say(fmt.Sprintf("BuildKit %s at %s (%s)", e.Version, address, how))
	if scheme == "tcp" && o.TLSDir == "" && Elsewhere(address) {
		o.Warn(inTheClear(address))
	}
	if older(e.Version, wanted) {
		o.Warn(fmt.Sprintf("BuildKit %s is older than %s, which this program needs; if a build fails, leave --builder out or upgrade it", e.Version, wanted))
	}
	return e, nil
}

// ask asks the daemon for its version and its workers' platforms.
func (e *Endpoint) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	info, err := e.Client.Info(ctx)
	if err != nil {
		return err
	}
	workers, err := e.Client.ListWorkers(ctx)
	if err != nil {
		return err
	}
	if len(workers) == 0 {
		return errors.New("it has no worker to build with")
	}
	e.Version, e.runs = info.BuildkitVersion.Version, workers[0].Platforms // builds go to the first, as BuildKit has it
	return nil
}

// Close ends the connection; the daemon runs on.
func (e *Endpoint) Close() error { return e.Client.Close() }

// can reports whether the worker runs programs of the platform, by itself or
// by an emulator that its kernel knows of.
func (e *Endpoint) can(p ocispec.Platform) bool {
	for _, other := range e.runs {
		if platforms.Only(other).Match(p) {
			return true
		}
	}
	return len(e.runs) == 0
}

// list names the platforms that the worker runs.
func (e *Endpoint) list() string {
	names := make([]string, len(e.runs))
	for i, p := range e.runs {
		names[i] = platforms.Format(p)
	}
	return strings.Join(names, ", ")
}

// Serves reports whether something accepts connections on the socket.
func Serves(ctx context.Context, socket string) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// older reports whether version is a release (vX.Y.Z…) before the other one. A
// build from source, which calls itself v0.0.0, is not older.
func older(version, than string) bool {
	var v, w [3]int
	if strings.HasPrefix(version, "v0.0.0") {
		return false
	}
	if _, err := fmt.Sscanf(version, "v%d.%d.%d", &v[0], &v[1], &v[2]); err != nil {
		return false
	}
	if _, err := fmt.Sscanf(than, "v%d.%d.%d", &w[0], &w[1], &w[2]); err != nil {
		return false
	}
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}
