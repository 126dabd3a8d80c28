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
	"time"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// errStalled is the cause of a context that watch has ended.
var errStalled = errors.New("the connection stalled")

// watch returns a context that ends when the reader made by alive gives no byte
// for too long.
func (c *client) watch(parent context.Context) (ctx context.Context, alive func(io.Reader) io.Reader, done func()) {
	ctx, cancel := context.WithCancelCause(parent)
	timer := time.AfterFunc(2*c.stall, func() { cancel(errStalled) })
	alive = func(r io.Reader) io.Reader {
		return readerFunc(func(p []byte) (int, error) {
			timer.Reset(c.stall)
			return r.Read(p)
		})
	}
	return ctx, alive, func() {
		timer.Stop()
		cancel(nil)
	}
}

// readerFunc is a function that reads.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// cut makes an error of a connection that was not to be had, or broke off.
func cut(ctx context.Context, address string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if !errors.Is(cause, errStalled) {
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
