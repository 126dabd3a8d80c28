package mirror

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// The causes of a context that watch has ended.
var (
	errStalled = errors.New("the connection stalled")
	errSlow    = fmt.Errorf("the connection gives less than %d bytes a second", minRate)
)

// watch returns a context that ends when the reader made by alive gives nothing
// for too long, or next to nothing: a server that drips would hold a build up
// for hours. The first byte may take longer than those that follow.
func (c *client) watch(parent context.Context) (ctx context.Context, alive func(io.Reader) io.Reader, done func()) {
	ctx, cancel := context.WithCancelCause(parent)
	var got atomic.Int64
	enough := int64(minRate * c.stall.Seconds())
	go func() {
		tick := time.NewTicker(c.stall)
		defer tick.Stop()
		for first := true; ; first = false {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			switch n := got.Swap(0); {
			case first:
			case n == 0:
				cancel(errStalled)
			case n < enough:
				cancel(errSlow)
			}
		}
	}()
	alive = func(r io.Reader) io.Reader {
		return readerFunc(func(p []byte) (int, error) {
			n, err := r.Read(p)
			got.Add(int64(n))
			return n, err
		})
	}
	return ctx, alive, func() { cancel(nil) }
}

// readerFunc is a function that reads.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// cut makes an error of a connection that was not to be had, or broke off.
func cut(ctx context.Context, address string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if !errors.Is(cause, errStalled) && !errors.Is(cause, errSlow) {
			return cause
		}
		err = cause
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	err = fmt.Errorf("fetching %s: %w", redact(address), err)
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return ui.WithHint(err, "check the name of the mirror (--mirror), and the network")
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return ui.WithHint(err, "install ca-certificates, or name the mirror with http://, which its signatures protect as well")
	}
	return transient{error: err}
}

// password is what stands between user and host in an address that has faults.
var password = regexp.MustCompile(`(//[^/@:]*):.*@`)

// redact returns the address without a password, whether or not it is a sound
// one. All addresses that a user may see pass through here.
func redact(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return password.ReplaceAllString(address, "$1:xxxxx@")
}
