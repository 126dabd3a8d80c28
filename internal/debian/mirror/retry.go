package mirror

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// transient is a failure that may pass.
type transient struct {
	error
	after time.Duration // what the server asked to wait, 0 when it did not
}

func (t transient) Unwrap() error { return t.error }

// retry calls try until it succeeds, fails for good, or fails too often in a
// row. A try that got further than the one before starts a new row.
func (c *client) retry(ctx context.Context, try func(ctx context.Context) (progress bool, err error)) error {
	wait := firstPause
	for failed := 0; ; {
		progress, err := try(ctx)
		t, passing := errors.AsType[transient](err)
		if !passing || ctx.Err() != nil {
			return err
		}
		if progress {
			failed, wait = 0, firstPause
		}
		if failed++; failed == attempts {
			return ui.WithHint(fmt.Errorf("%w (tried %d times)", err, attempts), "check the network, or name another mirror with --mirror")
		}
		if t.after > maxWait {
			return ui.WithHint(err, "the mirror asks to wait %s; name another one with --mirror", t.after)
		}
		if err := c.pause(ctx, max(t.after, wait+rand.N(wait/2))); err != nil {
			return err
		}
		wait *= 2
	}
}

// failedStatus makes an error of an answer that is none.
func failedStatus(response *http.Response, address string) error {
	err := fmt.Errorf("fetching %s: the mirror answers %q", redact(address), response.Status)
	switch code := response.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return transient{err, retryAfter(response.Header.Get("Retry-After"), time.Now())}
	case code == http.StatusNotFound:
		return ui.WithHint(notFound{err}, "the mirror may not carry this suite, or be in the middle of an update: try again later, or name another one with --mirror")
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		return ui.WithHint(err, "check the proxy settings (http_proxy), or name another mirror with --mirror")
	}
	return ui.WithHint(err, "name another mirror with --mirror")
}

// notFound is the error of an answer 404.
type notFound struct{ error }

func (e notFound) Unwrap() error { return e.error }

// retryAfter reads a Retry-After header: seconds, or a date (RFC 9110, 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return 0
}
