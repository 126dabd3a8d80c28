package endpoint

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fakeEngine is a Docker Engine that knows one container at most.
type fakeEngine struct {
	mu        sync.Mutex
	info      string
	label     string // of the container; "" is a foreign one
	image     string // of the container
	there     bool
	running   bool
	images    map[string]bool
	requests  []string
	created   map[string]any
	onStart   func()
	startFail string
	taken     bool // another process makes the container just before this one
	removal   int  // how a removal is answered, unless it is done
}

// listen makes it the Engine of DOCKER_HOST.
func (f *fakeEngine) listen(t *testing.T) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: f}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	t.Setenv("DOCKER_HOST", "unix://"+socket)
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1.41")
	request := r.Method + " " + path[:min(len(path), 1+strings.IndexByte(path[1:]+"/", '/'))]
	if last := path[strings.LastIndexByte(path, '/'):]; strings.Count(path, "/") > 1 && !strings.Contains(last, containerName) {
		request += " " + last
	}
	f.requests = append(f.requests, request)
	missing := func(is bool) bool {
		if is {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message":"no such thing"}`)
		}
		return is
	}
	switch request {
	case "GET /info":
		fmt.Fprint(w, f.info)
	case "GET /containers /json":
		if !missing(!f.there) {
			fmt.Fprintf(w, `{"Id":%q,"State":{"Running":%v},"Config":{"Image":%q,"Labels":{%q:%q}}}`, containerName+"-id", f.running, f.image, containerLabel, f.label)
		}
	case "GET /images /json":
		missing(!f.images[strings.TrimSuffix(strings.TrimPrefix(path, "/images/"), "/json")])
	case "POST /images /create":
		_, _ = io.Copy(io.Discard, r.Body)
		f.images[r.URL.Query().Get("repo")+":"+r.URL.Query().Get("tag")] = true
	case "POST /containers /create":
		_ = json.NewDecoder(r.Body).Decode(&f.created)
		f.there, f.image = true, f.created["Image"].(string)
		f.label = f.created["Labels"].(map[string]any)[containerLabel].(string)
		if f.taken {
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"message":"the name is in use"}`)
		}
	case "POST /containers /start":
		if f.startFail != "" {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, `{"message":%q}`, f.startFail)
			return
		}
		f.running = true
		if f.onStart != nil {
			f.onStart()
		}
	case "POST /containers /stop":
		f.running = false
	case "DELETE /containers":
		f.remove(w, path)
	case "GET /containers /logs":
		fmt.Fprint(w, "\x02\x00\x00\x00\x00\x00\x00\x09no space\n")
	}
}

// remove removes the container by its id: the name may be another one's meanwhile.
func (f *fakeEngine) remove(w http.ResponseWriter, path string) {
	switch {
	case !strings.HasSuffix(path, "-id"):
		http.Error(w, "{}", http.StatusBadRequest)
	case f.removal != 0:
		http.Error(w, "{}", f.removal)
	default:
		f.there, f.running = false, false
	}
}

// inContainer returns the container of a daemon whose buildkitd and runc are
// this test and a script, on the fake Engine.
func inContainer(t *testing.T, f *fakeEngine) *container {
	t.Helper()
	f.listen(t)
	dir := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "runc")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	c, err := newContainer(&Daemon{Dir: dir, Binary: program})
	if err != nil {
		t.Fatal(err)
	}
	c.dir = dir
	return c
}

func TestTheContainersLife(t *testing.T) {
	f := &fakeEngine{images: map[string]bool{}}
	c := inContainer(t, f)
	f.onStart = func() { (&fake{version: "v0.33.1", workers: 1}).listen(t, c.socket()) }
	if line, serves := c.status(t.Context()); serves || !strings.Contains(line, "no container "+c.name) {
		t.Errorf("before: %q", line)
	}
	if started, err := c.start(t.Context()); err != nil || !started {
		t.Fatalf("started %v, %v", started, err)
	}
	if !slices.Contains(f.requests, "POST /images /create") {
		t.Errorf("no image was made: %q", f.requests)
	}
	host := f.created["HostConfig"].(map[string]any)
	if host["Privileged"] != nil || host["NetworkMode"] != "host" {
		t.Errorf("the container has %v", host)
	}
	if line, serves := c.status(t.Context()); !serves || !strings.Contains(line, c.Address()) {
		t.Errorf("running: %q", line)
	}
	before := len(f.requests)
	if started, err := c.start(t.Context()); err != nil || started {
		t.Errorf("again: started %v, %v", started, err)
	}
	if again := f.requests[before:]; slices.ContainsFunc(again, func(r string) bool { return strings.HasPrefix(r, "POST") }) {
		t.Errorf("the second start asked for %q", again)
	}
	if stopped, err := c.stop(t.Context()); err != nil || !stopped || f.there {
		t.Errorf("stopped %v, %v", stopped, err)
	}
	if stopped, err := c.stop(t.Context()); err != nil || stopped {
		t.Errorf("stopped twice: %v, %v", stopped, err)
	}
}

// TestAnUpdateOfRuncMakesAnotherImage: and so does one of anything else in it.
func TestAnUpdateOfRuncMakesAnotherImage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := rootfs{buildkitd: filepath.Join(dir, "buildkitd"), runc: filepath.Join(dir, "runc"), libraries: []string{filepath.Join(dir, "lib.so")}}
	seen := map[string]bool{}
	for i, file := range []string{r.buildkitd, r.runc, r.libraries[0]} {
		for _, content := range []string{"old", "new"} {
			for _, other := range []string{r.buildkitd, r.runc, r.libraries[0]} {
				if err := os.WriteFile(other, []byte("same"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
				t.Fatal(err)
			}
			tag, err := r.tag()
			again, _ := r.tag()
			if err != nil || seen[tag] || tag != again || !strings.Contains(tag, "-") {
				t.Errorf("file %d, %s: %q, then %q, %v", i, content, tag, again, err)
			}
			seen[tag] = true
		}
	}
	if err := os.Remove(r.runc); err != nil {
		t.Fatal(err)
	}
	if tag, err := r.tag(); err == nil {
		t.Errorf("without runc it is %q", tag)
	}
}

func TestAContainerOfAnotherVersionIsReplaced(t *testing.T) {
	f := &fakeEngine{images: map[string]bool{}, there: true, label: "v0.1.0", image: imageName + ":v0.1.0"}
	c := inContainer(t, f)
	f.onStart = func() { (&fake{version: "v0.33.1", workers: 1}).listen(t, c.socket()) }
	if _, err := c.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(f.requests, "DELETE /containers") || f.image == imageName+":v0.1.0" {
		t.Errorf("the Engine was asked for %q", f.requests)
	}
}

// TestTwoAtOnceShareTheContainer: who comes second takes what the first one made.
func TestTwoAtOnceShareTheContainer(t *testing.T) {
	f := &fakeEngine{images: map[string]bool{}, taken: true}
	c := inContainer(t, f)
	f.onStart = func() { (&fake{version: "v0.33.1", workers: 1}).listen(t, c.socket()) }
	if started, err := c.start(t.Context()); err != nil || !started {
		t.Errorf("started %v, %v", started, err)
	}
	if slices.Contains(f.requests, "DELETE /containers") {
		t.Errorf("the first one's was removed: %q", f.requests)
	}
	for status, ok := range map[int]bool{http.StatusNotFound: true, http.StatusConflict: true, http.StatusInternalServerError: false} {
		f.removal = status
		if err := c.remove(t.Context(), &state{ID: containerName + "-id"}); (err == nil) != ok {
			t.Errorf("removing what another one removes, %d: %v", status, err)
		}
	}
}

func TestAForeignContainerIsLeftAlone(t *testing.T) {
	f := &fakeEngine{images: map[string]bool{}, there: true}
	c := inContainer(t, f)
	if _, err := c.start(t.Context()); err == nil || !strings.Contains(err.Error(), "is not this program's") {
		t.Errorf("starting: %v", err)
	}
	if _, err := c.stop(t.Context()); err == nil || !f.there {
		t.Errorf("stopping: %v", err)
	}
}

func TestWhyAContainerDoesNotServe(t *testing.T) {
	f := &fakeEngine{images: map[string]bool{}, startFail: "no rights for that"}
	c := inContainer(t, f)
	if _, err := c.start(t.Context()); err == nil || !strings.Contains(err.Error(), "no rights for that") {
		t.Errorf("got %v", err)
	}
	f.startFail, f.onStart = "", func() { f.running = false }
	if _, err := c.start(t.Context()); err == nil || !strings.Contains(err.Error(), "ended at once") || !strings.Contains(err.Error(), "\n  no space") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutTheRightToUseTheEngine(t *testing.T) {
	c := inContainer(t, &fakeEngine{})
	c.engine.Socket = filepath.Join(t.TempDir(), "none.sock")
	if _, err := c.start(t.Context()); !errors.Is(err, errLacks) {
		t.Errorf("got %v", err)
	}
	if _, err := c.stop(t.Context()); !errors.Is(err, errLacks) {
		t.Errorf("got %v", err)
	}
}

// TestTheEnginesOwnBuildKit: one without containerd's image store is refused by
// its reason.
func TestTheEnginesOwnBuildKit(t *testing.T) {
	f := &fakeEngine{info: `{"ServerVersion":"20.10.24","DriverStatus":[["Backing Filesystem","extfs"]]}`}
	f.listen(t)
	if _, err := ofEngine(t.Context(), quiet(t)); err == nil || !strings.Contains(err.Error(), "(Engine 20.10.24) is not containerd's") {
		t.Errorf("got %v", err)
	}
	f.info = `{"ServerVersion":"29.0.0","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}`
	if _, err := ofEngine(t.Context(), quiet(t)); err == nil || !strings.Contains(err.Error(), "using the BuildKit of the Docker Engine") {
		t.Errorf("one that does not answer: %v", err)
	}
}

// TestTheRootFileSystemHasWhatItsProgramsLoad: this test's own shell stands for runc.
func TestTheRootFileSystemHasWhatItsProgramsLoad(t *testing.T) {
	t.Parallel()
	shell, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Skip("no shell")
	}
	r := rootfs{buildkitd: shell, runc: shell}
	if err := r.load(shell); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.write(&out); err != nil {
		t.Fatal(err)
	}
	names := map[string]int64{}
	for archive := tar.NewReader(&out); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names[header.Name] = header.Size
	}
	for _, want := range append(r.libraries, "/usr/bin/runc", "/usr/bin/buildkitd") {
		if names[strings.TrimPrefix(want, "/")] == 0 {
			t.Errorf("there is no %s among %v", want, names)
		}
	}
	if _, ok := names["tmp/"]; !ok || len(r.libraries) < 2 {
		t.Errorf("got %v", names)
	}
	if _, err := library("libnobody.so.7"); err == nil {
		t.Error("found a library that is not there")
	}
}
