package deploy

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// shared is what the hosts of a cluster have in common.
type shared struct {
	keys  secrets.Keys
	files map[string]string // what they are told so far; nil for a new cluster
}

// later begins f at once and returns what waits for its answer: making keys takes
// as long as making the first containers.
func later[T any](f func() (T, error)) func() (T, error) {
	once := sync.OnceValues(f)
	go once()
	return once
}

// findShared reads what the hosts of a cluster share from one of them, and makes new
// keys for a cluster that has none, with its name.
func (o Options) findShared(ctx context.Context, name string, observed cluster.Observed) (found shared, err error) {
	ctx = trace.Lane(ctx, "keys")
	end := trace.Span(ctx, "find keys")
	defer func() { end(err) }()
	archive, err := state(ctx, o.Engine, observed)
	if err != nil {
		return found, err
	}
	if archive == nil {
		found.keys, err = o.NewKeys(name)
		return found, err
	}
	defer archive.Close()
	if found.keys, found.files, err = secrets.Read(archive); errors.Is(err, context.DeadlineExceeded) {
		return found, err
	}
	return found, ui.WithHint(err, "its containers alone had them: remove the cluster with `oardeploy clean %s`, then deploy it anew", name)
}

// What the hosts share is read for so long, and up to so many bytes: root in a
// container may have written anything, and the cluster is locked meanwhile.
const statePatience, maxState = time.Minute, 300 << 20

// limited is an archive that ends when it is too long.
type limited struct {
	io.Reader
	close func() error
}

func (l limited) Close() error { return l.close() }

// state is the archive of what the hosts of a cluster share, nil when none is there
// to ask.
func state(ctx context.Context, e Engine, o cluster.Observed) (io.ReadCloser, error) {
	i := slices.IndexFunc(o.Containers, func(c cluster.Container) bool {
		return c.Role != "dns" && (c.State == "running" || c.State == "paused" || c.State == "exited")
	})
	if i < 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, statePatience)
	archive, err := e.Download(ctx, o.Containers[i].ID, "/etc/oarcluster")
	if err != nil {
		cancel()
		return nil, err
	}
	return limited{io.LimitReader(archive, maxState), func() error { defer cancel(); return archive.Close() }}, nil
}
