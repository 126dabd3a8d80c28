//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fault is what happens at one call of the Engine.
type fault struct {
	kind string // kill, error, hang, or wait until it may go on; "" for nothing
	late bool   // after the Engine has carried the call out, and before its answer arrives
	at   int    // at which call, from 1; or
	on   string // at the first call whose path ends so
}

func (f fault) String() string {
	if f.late {
		return fmt.Sprintf("%s-after-%d", f.kind, f.at)
	}
	return fmt.Sprintf("%s-before-%d", f.kind, f.at)
}

// middleman stands between oardeploy and the Engine, counts the calls, and makes
// one of them go wrong.
type middleman struct {
	fault
	address string // for DOCKER_HOST
	engine  http.Handler
	kill    func()        // ends the program at once
	hung    chan struct{} // closed when a call hangs
	goOn    chan struct{} // to be closed when the call that waits may go on

	mu     sync.Mutex
	calls  []string
	faulty string // the one of them that went wrong
}

// between starts a middleman on a socket of its own.
func between(t *testing.T, f fault) *middleman {
	t.Helper()
	// A socket's path has 108 bytes at most: t.TempDir has the test's name in it.
	folder, err := os.MkdirTemp("", "oar")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket := filepath.Join(folder, "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	proxy.FlushInterval = -1
	proxy.ErrorLog = nil
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) { panic(http.ErrAbortHandler) }
	connections := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", engineSocket())
	}}
	t.Cleanup(connections.CloseIdleConnections)
	proxy.Transport = connections
	m := &middleman{fault: f, address: "unix://" + socket, engine: proxy, hung: make(chan struct{}), goOn: make(chan struct{})}
	server := &http.Server{Handler: m}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return m
}

// engineSocket is the socket of the Engine that the tests use.
func engineSocket() string {
	if path, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		return path
	}
	return "/var/run/docker.sock"
}

func (m *middleman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.calls = append(m.calls, r.Method+" "+r.URL.Path)
	now := m.kind != "" && m.faulty == "" && (len(m.calls) == m.at || m.on != "" && strings.HasSuffix(r.URL.Path, m.on))
	if now {
		m.faulty = r.Method + " " + r.URL.Path
	}
	m.mu.Unlock()
	switch {
	case !now:
		m.engine.ServeHTTP(w, r)
	case m.late:
		// Not even the client's end ends what the Engine was asked for.
		m.engine.ServeHTTP(&lost{header: http.Header{}, then: func() { m.wrong(w, r) }}, r)
	default:
		m.wrong(w, r)
	}
}

// wrong is what the program sees instead of an answer.
func (m *middleman) wrong(w http.ResponseWriter, r *http.Request) {
	switch m.kind {
	case "kill":
		m.kill()
		panic(http.ErrAbortHandler)
	case "error":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"message":"injected fault"}`)
	case "wait":
		<-m.goOn
		m.engine.ServeHTTP(w, r)
	case "hang":
		close(m.hung)
		<-r.Context().Done()
	}
}

// lost takes the Engine's answer and does something else as it begins.
type lost struct {
	header http.Header
	once   sync.Once
	then   func()
}

func (l *lost) Header() http.Header { return l.header }
func (l *lost) WriteHeader(int)     { l.once.Do(l.then) }
func (l *lost) Write(b []byte) (int, error) {
	l.once.Do(l.then)
	return len(b), nil
}
