package registry

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/opencontainers/go-digest"
)

// freeAddress returns a loopback address where nothing listens now.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for repository, want := range map[string]bool{
		"localhost:5000/oarcluster":                   true,
		"localhost:5000/oarcluster/node:tag":          true,
		"localhost:5000/oarcluster/node@sha256:abcde": true,
		"localhost/oarcluster":                        true,
		"127.0.0.1:5000/x":                            true,
		"127.8.8.8/x":                                 true,
		"[::1]:5000/x":                                true,
		"ghcr.io/me/oar":                              false,
		"localhost.example.org:5000/x":                false,
		"192.168.1.1:5000/x":                          false,
		"oarcluster/node":                             false,
		"localhost":                                   false,
		"":                                            false,
	} {
		if got := IsLoopback(repository); got != want {
			t.Errorf("IsLoopback(%q) is %v", repository, got)
		}
	}
}

func TestEnsureLoopbackServesUntilStopped(t *testing.T) {
	t.Parallel()
	repository, root := freeAddress(t)+"/oarcluster/node", t.TempDir()
	for range 2 { // the second time finds what was pushed the first time
		stop, serving, err := EnsureLoopback(t.Context(), repository, root, false)
		if err != nil || !serving {
			t.Fatalf("serving %v, %v", serving, err)
		}
		second, servingToo, err := EnsureLoopback(t.Context(), repository, root, false)
		if err != nil || servingToo {
			t.Errorf("another one on the same address: serving %v, %v", servingToo, err)
		}
		second()
		if tags := tagsOf(t, repository); len(tags) == 0 {
			if _, err := Publish(t.Context(), repository, []string{"x"}, []Manifest{push(t, repository, "amd64")}, nil); err != nil {
				t.Fatal(err)
			}
		} else if tags[0] != "x" {
			t.Errorf("tags are %v", tags)
		}
		stop()
		stop()
		if _, err := probe(t.Context(), strings.TrimSuffix(repository, "/oarcluster/node")); err == nil {
			t.Error("it answers after its end")
		}
	}
}

// tagsOf returns the repository's tags, none when there is no such repository.
func tagsOf(t *testing.T, repository string) []string {
	t.Helper()
	repo, err := name.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	tags, err := remote.List(repo, remote.WithContext(t.Context()))
	if err != nil {
		return nil
	}
	return tags
}

func TestEnsureLoopbackDoesNotWaitForUnusedConnections(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	stop, _, err := EnsureLoopback(t.Context(), address+"/x", t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := probe(t.Context(), address); err != nil {
		t.Error(err)
	}
	stop()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection lives on")
	}
}

func TestOneProcessTakesThePlaceOfAnother(t *testing.T) {
	t.Parallel()
	address, root := freeAddress(t), t.TempDir()
	repository := address + "/oarcluster/node"
	stop, _, err := EnsureLoopback(t.Context(), repository, root, false)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	stopSecond, serving, err := EnsureLoopback(t.Context(), repository, root, false)
	if err != nil || serving {
		t.Fatalf("the second serves from the start: %v, error %v", serving, err)
	}
	defer stopSecond()
	manifest := push(t, repository, "amd64")
	stop()
	// What publishes asks again when it is refused, and so waits long enough.
	if _, err := Publish(t.Context(), repository, []string{"x"}, []Manifest{manifest}, nil); err != nil {
		t.Fatal(err)
	}
	if tags := tagsOf(t, repository); len(tags) != 1 || tags[0] != "x" {
		t.Errorf("tags are %v", tags)
	}
	stopSecond()
	if _, err := probe(t.Context(), address); err == nil {
		t.Error("it answers after its end")
	}
}

// Of many processes at once, one asks another that ends just then.
func TestAPortThatIsLeftWhenItIsAskedForIsServed(t *testing.T) {
	t.Parallel()
	leaving, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if conn, err := leaving.Accept(); err == nil {
			leaving.Close()
			conn.Close()
		}
	}()
	stop, serving, err := EnsureLoopback(t.Context(), leaving.Addr().String()+"/x", t.TempDir(), false)
	defer stop()
	if err != nil || !serving {
		t.Errorf("serving %v, %v", serving, err)
	}
}

// Who writes meanwhile waits until the registry is served for that.
func TestWhatIsServedForReadingIsNotWritten(t *testing.T) {
	t.Parallel()
	address, root := freeAddress(t), t.TempDir()
	stop, _, err := EnsureLoopback(t.Context(), address+"/x", root, true)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for method, want := range map[string]int{http.MethodGet: http.StatusOK, http.MethodPut: http.StatusServiceUnavailable, http.MethodPost: http.StatusServiceUnavailable} {
		request, err := http.NewRequest(method, "http://"+address+"/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if after := response.Header.Get("Retry-After"); response.StatusCode != want || (after != "") != (want != http.StatusOK) {
			t.Errorf("%s: got %s, to wait %q s", method, response.Status, after)
		}
	}
}

func TestAnUploadGoesOnInAnotherProcess(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	send := func(handler http.Handler, method, to, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, to, strings.NewReader(body)))
		return w
	}
	var processes [2]http.Handler
	for i := range processes {
		var err error
		if processes[i], err = newHandler(t.Context(), root); err != nil {
			t.Fatal(err)
		}
	}
	begun := send(processes[0], http.MethodPost, "http://localhost/v2/x/blobs/uploads/", "")
	sum := digest.FromString("data")
	ended := send(processes[1], http.MethodPut, begun.Header().Get("Location")+"&digest="+sum.String(), "data")
	if ended.Code != http.StatusCreated {
		t.Errorf("got %d: %s", ended.Code, ended.Body)
	}
}

func TestTheRegistryAnswersNoWebPage(t *testing.T) {
	t.Parallel()
	handler, err := newHandler(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		method, host, origin string
		want                 int
	}{
		{http.MethodGet, "localhost:5000", "", http.StatusOK},
		{http.MethodGet, "LocalHost", "", http.StatusOK},
		{http.MethodGet, "127.0.0.1:5000", "", http.StatusOK},
		{http.MethodGet, "[::1]:5000", "", http.StatusOK},
		{http.MethodGet, "rebound.example.org:5000", "", http.StatusForbidden},
		{http.MethodGet, "192.168.1.1:5000", "", http.StatusForbidden},
		{http.MethodGet, "", "", http.StatusForbidden},
		{http.MethodPost, "localhost:5000", "", http.StatusAccepted},
		{http.MethodPost, "localhost:5000", "http://example.org", http.StatusForbidden},
		{http.MethodPost, "rebound.example.org", "http://rebound.example.org", http.StatusForbidden},
		{http.MethodDelete, "localhost:5000", "", http.StatusMethodNotAllowed},
	} {
		path := map[string]string{
			http.MethodGet: "/v2/", http.MethodPost: "/v2/x/blobs/uploads/", http.MethodDelete: "/v2/x/blobs/" + digest.FromString("").String(),
		}[tc.method]
		r := httptest.NewRequest(tc.method, path, nil)
		if r.Host = tc.host; tc.origin != "" {
			r.Header.Set("Origin", tc.origin)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != tc.want {
			t.Errorf("%s of %q, origin %q: got %d, want %d", tc.method, tc.host, tc.origin, w.Code, tc.want)
		}
	}
}

func TestEnsureLoopbackOfOthers(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	private := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer private.Close()
	for _, tc := range []struct{ name, repository, err string }{
		{"another program has the port", strings.TrimPrefix(stranger.URL, "http://") + "/x", "no registry"},
		{"a registry with a password", strings.TrimPrefix(private.URL, "http://") + "/x", ""},
		{"not on the loopback", "registry.example.org/x", ""},
	} {
		stop, serving, err := EnsureLoopback(t.Context(), tc.repository, t.TempDir(), false)
		stop()
		if serving || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: serving %v, error %v", tc.name, serving, err)
		}
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	if err := Serve(ctx, "127.0.0.1:0", t.TempDir(), func(at net.Addr) {
		go func() {
			defer cancel()
			if _, err := probe(t.Context(), at.String()); err != nil {
				t.Error(err)
			}
		}()
	}); err != nil {
		t.Error(err)
	}
	for _, address := range []string{"0.0.0.0:0", "192.168.1.1:5000", "example.org:80", "nonsense"} {
		if err := Serve(t.Context(), address, t.TempDir(), nil); err == nil {
			t.Errorf("served at %s", address)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), "127.0.0.1:0", filepath.Join(file, "x"), nil); err == nil {
		t.Error("served a folder that cannot be made")
	}
}

func TestRoot(t *testing.T) {
	for _, tc := range []struct{ data, home, want string }{
		{"/data", "/home/me", "/data/oarcluster/registry"},
		{"", "/home/me", "/home/me/.local/share/oarcluster/registry"},
		{"relative", "/home/me", "/home/me/.local/share/oarcluster/registry"},
		{"", "", ""},
	} {
		t.Setenv("XDG_DATA_HOME", tc.data)
		t.Setenv("HOME", tc.home)
		if got, err := Root(); got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("Root() is %q, %v; want %q", got, err, tc.want)
		}
	}
}
