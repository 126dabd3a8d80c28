package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/oarcluster/oarcluster/internal/registry/collect"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// anotherPort is what to do when somebody else has the port.
const anotherPort = "name another port with --registry localhost:PORT/NAME"

// probeTimeout bounds the question whether a registry answers on the loopback.
const probeTimeout = 5 * time.Second

// succeedEvery is how often is looked whether another process' registry ended. claims
// is how often in a row one may end just when it is asked who it is.
const (
	succeedEvery = 50 * time.Millisecond
	claims       = 20
)

// IsLoopback reports whether the repository (host[:port]/path, with or without
// a tag or digest) is on this machine's loopback: localhost, 127.0.0.0/8 or ::1.
// Such a registry is spoken to without TLS, and needs no compression.
func IsLoopback(repository string) bool {
	addr, _, found := strings.Cut(repository, "/")
	if !found {
		return false
	}
	host, _ := splitAddress(addr)
	return isLoopback(host)
}

// EnsureLoopback makes the repository's registry answer. When the repository
// names the loopback and nothing listens there, the registry of the folder root
// is served until stop is called; when another process of ours serves there, it
// is served from the moment on at which that one ends. In every other case there
// is nothing to do but to see that what listens is a registry, and no other user's.
// This user and root may write into what is served, unless readOnly. stop is
// never nil, may be called more than once, and waits until the requests under way
// have ended. Until then the folder is not collected (package collect). serving tells
// whether this process serves it from the start.
func EnsureLoopback(ctx context.Context, repository, root string, readOnly bool) (stop func(), serving bool, err error) {
	addr, _, _ := strings.Cut(repository, "/")
	host, port := splitAddress(addr)
	if !IsLoopback(repository) {
		return func() {}, false, nil
	}
	addr = net.JoinHostPort(host, port)
	if err := refuseStranger("/proc", port); err != nil {
		return func() {}, false, err
	}
	release, err := collect.Hold(ctx, root)
	if err != nil {
		return func() {}, false, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	listeners, ours, err := claim(ctx, repository, addr)
	if err != nil {
		return release, false, err
	}
	// Again: between the question and the claim somebody else may have come.
	if err := refuseStranger("/proc", port); err != nil {
		closeAll(listeners)
		return release, false, err
	}
	serving = listeners != nil
	if !serving && !ours {
		return release, false, nil
	}
	serveCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if listeners == nil {
			listeners = succeed(serveCtx, addr)
		}
		if listeners != nil {
			// A failure to serve shows at the first request, which says more than this error could.
			_ = serve(serveCtx, listeners, root, readOnly)
		}
	}()
	return func() { cancel(); <-done; release() }, serving, nil
}

// claim returns the listeners at addr, where the repository is, or nil when a registry
// answers there; ours tells whether it is a process of this package. Who had the port
// may have left it before it could answer: then the port is asked for again.
func claim(ctx context.Context, repository, addr string) (listeners []net.Listener, ours bool, err error) {
	for range claims {
		listeners, err = listen(ctx, addr)
		if err == nil {
			return listeners, true, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, false, ui.WithHint(fmt.Errorf("serving the registry of %q: %w", repository, err),
				anotherPort)
		}
		if ours, err = probe(ctx, addr); err == nil || !passing(err) {
			break
		}
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-time.After(succeedEvery):
		}
	}
	return nil, ours, err
}

// succeed returns the listeners at addr as soon as nobody else has it, or nil
// when ctx ended before.
func succeed(ctx context.Context, addr string) []net.Listener {
	tick := time.NewTicker(succeedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if listeners, err := listen(ctx, addr); err == nil {
				return listeners
			}
		}
	}
}

// probe returns an error unless what listens at addr speaks the registry's
// protocol: its base endpoint answers 200, or 401 when it wants a password
// (OCI distribution specification, "Determining Support"). ours tells whether it
// is a process of this package.
func probe(ctx context.Context, addr string) (ours bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	fail := func(err error) (bool, error) {
		who := cmp.Or(owner(addr+"/"), "another program")
		return false, ui.WithHint(fmt.Errorf("asking the registry at %s: %w", addr, err),
			"%s has the port: end it, or name another one with --registry localhost:PORT/NAME", who)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/v2/", nil)
	if err != nil {
		return fail(err)
	}
	response, err := loopbackClient().Do(request)
	if err != nil {
		return fail(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusUnauthorized {
		return fail(fmt.Errorf("%s to GET /v2/: that is no registry", response.Status))
	}
	return response.Header.Get("Server") == serverName, nil
}

// loopbackClient asks one question, by no proxy.
func loopbackClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// splitAddress splits host[:port]; without a port it is that of plain HTTP.
func splitAddress(addr string) (host, port string) {
	if host, port, err := net.SplitHostPort(addr); err == nil {
		return host, port
	}
	return strings.Trim(addr, "[]"), "80"
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
