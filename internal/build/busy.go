package build

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// pauses are how long is waited before a push to a busy registry is tried again.
// A builder does not tell for how long a registry asked to be left alone.
var pauses = []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}

// patiently solves, and again after a pause when the registry had too many
// requests (429): what was built is in the builder's cache, and what was pushed
// is in the registry.
func patiently(ctx context.Context, o Options, pauses []time.Duration, solve func() ([]string, error)) ([]string, error) {
	for {
		digests, err := solve()
		if err == nil || len(pauses) == 0 || !isBusy(err) {
			return digests, err
		}
		o.warn(fmt.Sprintf("the registry of %s answers that it has too many requests; the push goes on in %s", o.Registry, seconds(pauses[0])))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pauses[0]):
		}
		pauses = pauses[1:]
	}
}

// isBusy tells whether a builder's push was answered with 429.
func isBusy(err error) bool {
	return strings.Contains(err.Error(), "429 Too Many Requests") || strings.Contains(err.Error(), "toomanyrequests")
}
