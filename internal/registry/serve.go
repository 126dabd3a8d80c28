package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // the driver registers itself under its name
	"github.com/sirupsen/logrus"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// shutdownGrace is how long requests under way may take to end once the
// registry is told to stop; the largest is a layer's last chunk.
const shutdownGrace = 5 * time.Second

// serverName is how the registry calls itself in its answers' field Server, by
// which another process of ours knows it.
const serverName = "oarcluster"

// Root returns the folder of the user's own registry: oarcluster/registry below
// $XDG_DATA_HOME, which is ~/.local/share by default (XDG base directory
// specification).
func Root() (string, error) {
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "oarcluster", "registry"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", ui.WithHint(fmt.Errorf("finding the registry's folder: %w", err), "set HOME or XDG_DATA_HOME")
	}
	return filepath.Join(home, ".local", "share", "oarcluster", "registry"), nil
}

// Serve serves the registry of the folder root at addr, a host and port of the
// loopback, until ctx ends; that is success. ready, when not nil, is called with
// the address once connections are accepted.
func Serve(ctx context.Context, addr, root string, ready func(net.Addr)) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return ui.WithCode(fmt.Errorf("reading registry address %q: %w", addr, err), ui.CodeUsage)
	}
	if !isLoopback(host) {
		return ui.WithHint(ui.WithCode(fmt.Errorf("serving a registry at %q: not an address of the loopback", addr), ui.CodeUsage),
			"it asks for no password; use localhost:PORT, and a registry of your own for other machines")
	}
	listeners, err := listen(ctx, addr)
	if err != nil {
		return ui.WithHint(fmt.Errorf("serving a registry: %w", err), "another program has the port: end it or choose another one")
	}
	if ready != nil {
		ready(listeners[0].Addr())
	}
	return serve(ctx, listeners, root, false)
}

// serve answers at the listeners until ctx ends, and closes them.
func serve(ctx context.Context, listeners []net.Listener, root string, readOnly bool) error {
	handler, err := newHandler(ctx, root)
	if err != nil {
		closeAll(listeners)
		return err
	}
	handler = owned(handler)
	if readOnly {
		handler = reading(handler)
	}
	var unused sync.Map // connections without a request yet
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 30 * time.Second, ConnContext: knowing("/proc"),
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateNew {
				unused.Store(c, nil)
			} else {
				unused.Delete(c)
			}
		},
	}
	stopped := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(stopped)
		// Clients open connections ahead of need; Shutdown would wait for a request on them.
		unused.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	})()
	var others sync.WaitGroup
	for _, l := range listeners[1:] {
		others.Go(func() { _ = server.Serve(l) }) // ends with the first
	}
	err = server.Serve(listeners[0])
	if !errors.Is(err, http.ErrServerClosed) {
		server.Close()
	}
	others.Wait()
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the registry of %q: %w", root, err)
	}
	<-stopped
	return nil
}

// newHandler returns the distribution's handler over the folder root.
//
// The distribution logs through logrus' standard logger and offers no other
// way in, so that logger is told to keep quiet: standard error belongs to the
// user. It panics on a configuration it cannot use; with a folder that can be
// made, this one always can.
func newHandler(ctx context.Context, root string) (http.Handler, error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, ui.WithHint(fmt.Errorf("making the registry's folder: %w", err), "set XDG_DATA_HOME to a folder you may write to")
	}
	logrus.SetLevel(logrus.PanicLevel)
	config := &configuration.Configuration{Storage: configuration.Storage{
		"filesystem": {"rootdirectory": root},
		"maintenance": {"uploadpurging": map[any]any{
			"enabled": false, // the purger deletes at a random time, also under another process' upload
		}},
	}}
	config.Log.AccessLog.Disabled = true
	config.HTTP.Secret = "loopback" // signs the state of uploads, which the next process has to understand
	return guard(handlers.NewApp(ctx, config)), nil
}

// guard lets nobody in who uses a browser as a way to this machine: a request
// must name the loopback as its host, or it may come from a page whose name was
// made to lead here (DNS rebinding), and it must not be another site's.
func guard(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", serverName)
		if host, _ := splitAddress(r.Host); !isLoopback(host) {
			http.Error(w, "this registry is the loopback's: name it localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// peerKey is where a request's context has a function that tells its peer.
type peerKey struct{}

// knowing adds to a connection's context who is at its other end, for whoever asks: that
// takes reading the kernel's table, once a connection.
func knowing(proc string) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, peerKey{}, sync.OnceValue(func() string { return peer(proc, c) }))
	}
}

// owned lets nobody write but the user whose registry it is, and root: images are root
// in what is made of them, so another user of this machine must not slip one in. Reading
// is for all.
func owned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reads(r) {
			next.ServeHTTP(w, r)
			return
		}
		user := r.Context().Value(peerKey{}).(func() string)()
		if trusted(user) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		// The form that clients show (OCI distribution specification, "Error Codes").
		fmt.Fprintf(w, `{"errors": [{"code": "DENIED", "message": "this registry is of user %d: user %s may only read; %s"}]}`,
			os.Getuid(), cmp.Or(user, "unknown"), anotherPort)
	})
}

// reads reports whether a request changes nothing.
func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// reading lets nobody write. Who wants to is told to wait, not to give up: a build
// that pushes meanwhile goes on when this process ends and its own serves.
func reading(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !reads(r) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "this registry is served for reading just now", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}
