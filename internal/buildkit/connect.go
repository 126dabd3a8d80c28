package buildkit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/moby/buildkit/client"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// wanted is the oldest BuildKit whose merge, OCI layout and export behave as
// the graph and [Builder.Solve] need.
const wanted = "v0.31.2"

// defaultSocket is where a buildkitd listens unless told otherwise.
const defaultSocket = "/run/buildkit/buildkitd.sock"

// dialTimeout bounds the first exchange with a daemon that should be there.
const dialTimeout = 10 * time.Second

// Builder is a BuildKit that answered.
type Builder struct {
	Address string // as BUILDKIT_HOST has it: unix://…, tcp://…
	client  *client.Client
}

// Connect returns the builder at address; when that is empty, at BUILDKIT_HOST,
// on the default socket, or the program's own daemon, which it starts if need
// be. say is called with one line on which was taken, warn with one on what may
// go wrong with it.
func Connect(ctx context.Context, address string, daemon *Daemon, say, warn func(string)) (*Builder, error) {
	if address != "" {
		return connect(ctx, address, "--builder", say, warn)
	}
	if address = os.Getenv("BUILDKIT_HOST"); address != "" {
		return connect(ctx, address, "BUILDKIT_HOST", say, warn)
	}
	if serves(ctx, defaultSocket) {
		return connect(ctx, "unix://"+defaultSocket, "found on its default socket", say, warn)
	}
	started, err := daemon.Start(ctx)
	if err != nil {
		return nil, err
	}
	how := "found running"
	if started {
		how = "started; it stays for the next build, \"oarbuild daemon stop\" ends it"
	}
	return connect(ctx, daemon.Address(), how, say, warn)
}

// connect dials a daemon that should be there and asks who it is.
func connect(ctx context.Context, address, how string, say, warn func(string)) (*Builder, error) {
	fail := func(err error) error {
		return ui.WithHint(fmt.Errorf("connecting to BuildKit at %s (%s): %w", address, how, err),
			"name a running one with --builder unix:///PATH or tcp://HOST:PORT, or leave --builder and BUILDKIT_HOST out")
	}
	if !strings.Contains(address, "://") {
		return nil, fail(ui.WithCode(errors.New("the address has no scheme"), ui.CodeUsage))
	}
	c, err := client.New(ctx, address)
	if err != nil {
		return nil, fail(err)
	}
	asking, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	info, err := c.Info(asking)
	if err != nil {
		c.Close()
		return nil, fail(err)
	}
	version := info.BuildkitVersion.Version
	say(fmt.Sprintf("BuildKit %s at %s (%s)", version, address, how))
	if older(version, wanted) {
		warn(fmt.Sprintf("BuildKit %s is older than %s, which this program needs; if a build fails, leave --builder out or upgrade it", version, wanted))
	}
	return &Builder{Address: address, client: c}, nil
}

// Close ends the connection; the daemon runs on.
func (b *Builder) Close() error { return b.client.Close() }

// serves reports whether something accepts connections on the socket.
func serves(ctx context.Context, socket string) bool {
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
