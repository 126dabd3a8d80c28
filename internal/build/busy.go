package build

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/registry"
)

// pauses are how long is waited before a push to a busy registry is tried again.
// A builder does not tell for how long a registry asked to be left alone.
var pauses = []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}

// handovers is how often a push may meet the moment between two processes that serve
// the registry, and handover how long is waited then; see registry.EnsureLoopback.
const (
	handovers = 3
	handover  = time.Second
)

// patiently solves, and again after a pause when the registry had too many requests
// (429), or changed hands: what was built is in the builder's cache, and what was
// pushed is in the registry.
func patiently(ctx context.Context, o Options, pauses []time.Duration, solve func() ([]string, error)) ([]string, error) {
	for left := handovers; ; {
		digests, err := solve()
		var why string
		var pause time.Duration
		switch {
		case err == nil:
			return digests, nil
		case isBusy(err) && len(pauses) > 0:
			why, pause, pauses = "answers that it has too many requests", pauses[0], pauses[1:]
		case isRefused(err, o.Registry) && registry.IsLoopback(o.Registry) && left > 0:
			why, pause, left = "did not listen for a moment", handover, left-1
		default:
			return nil, err
		}
		o.warn(fmt.Sprintf("the registry of %s %s; the push goes on in %s", o.Registry, why, seconds(pause)))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// isBusy tells whether a builder's push was answered with 429.
func isBusy(err error) bool {
	return strings.Contains(err.Error(), "429 Too Many Requests") || strings.Contains(err.Error(), "toomanyrequests")
}

// isRefused tells whether nobody listened at the registry that a builder pushed to. BuildKit
// tries most failures again by itself, and not this one. A build meets other hosts, too,
// whose refusal is final.
func isRefused(err error, repository string) bool {
	host, _, _ := strings.Cut(repository, "/")
	return strings.Contains(err.Error(), "connection refused") && strings.Contains(err.Error(), "://"+host+"/")
}
