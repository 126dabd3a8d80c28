// Package registrytest serves registries on loopback for tests, and pushes
// images of random bytes to them.
package registrytest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Registry is a registry that counts what is written to it.
type Registry struct {
	*httptest.Server
	// Host is its host and port.
	Host string
	// Writes counts the requests that would change it.
	Writes atomic.Int32
	// Before, when not nil, sees each request first, and tells whether it has
	// answered it. It is set while no request is under way.
	Before func(http.ResponseWriter, *http.Request) bool
}

// New serves an empty registry in memory, which is no part of this program, until
// the test ends.
func New(t testing.TB, options ...registry.Option) *Registry {
	return Over(t, registry.New(append(options, registry.Logger(log.New(io.Discard, "", 0)))...))
}

// Over serves the registry that a handler is, until the test ends.
func Over(t testing.TB, handler http.Handler) *Registry {
	r := &Registry{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodGet && request.Method != http.MethodHead {
			r.Writes.Add(1)
		}
		if r.Before == nil || !r.Before(w, request) {
			handler.ServeHTTP(w, request)
		}
	}))
	t.Cleanup(r.Close)
	r.Host = strings.TrimPrefix(r.URL, "http://")
	return r
}

// Serve has a function, which is that of package registry, serve the folder root
// on a free port, until stop is called or the test ends. Its error is one of the
// test.
func Serve(t testing.TB, serve func(ctx context.Context, address, root string, ready func(net.Addr)) error, root string) (port int, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	at, ended := make(chan net.Addr, 1), make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(ctx, "127.0.0.1:0", root, func(a net.Addr) { at <- a }); err != nil {
			t.Error(err)
		}
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	select {
	case a := <-at:
		return a.(*net.TCPAddr).Port, stop
	case <-ended:
		t.Fatal("the registry serves nothing")
		return 0, stop
	}
}

// Push pushes an image of 3 kB for linux on an architecture by its digest, as
// BuildKit does, and under tags, with the password that Docker's configuration has.
func Push(t testing.TB, repository, arch string, tags ...string) (digest string, image v1.Image) {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	image, err := random.Image(1000, 3)
	fatal(err)
	config, err := image.ConfigFile()
	fatal(err)
	config.OS, config.Architecture = "linux", arch
	image, err = mutate.ConfigFile(image, config)
	fatal(err)
	hash, err := image.Digest()
	fatal(err)
	to, err := name.NewRepository(repository)
	fatal(err)
	login := remote.WithAuthFromKeychain(authn.DefaultKeychain)
	fatal(remote.Write(to.Digest(hash.String()), image, login))
	for _, tag := range tags {
		fatal(remote.Tag(to.Tag(tag), image, login))
	}
	return hash.String(), image
}
