package buildkit

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/client"

	"github.com/oarcluster/oarcluster/internal/buildkit/compression"
	"github.com/oarcluster/oarcluster/internal/buildkit/engine"
	"github.com/oarcluster/oarcluster/llb"
)

func TestExports(t *testing.T) {
	t.Parallel()
	job := Job{Names: []string{"localhost:5000/oar/node:a", "localhost:5000/oar/node:b"}, Graph: &llb.Graph{Config: []byte("{}")}}
	for _, tc := range []struct {
		name, kind string
		o          Options
		want       map[string]string
	}{
		{"loopback", client.ExporterImage, Options{To: Registry, Loopback: true}, map[string]string{
			"name": "localhost:5000/oar/node", "push": "true", "push-by-digest": "true",
			"registry.insecure": "true", "compression": "uncompressed", "force-compression": "",
		}},
		{"another registry", client.ExporterImage, Options{To: Registry, Compress: compression.Kind{Type: "gzip"}}, map[string]string{
			"registry.insecure": "", "compression": "gzip", "force-compression": "true",
		}},
		{"engine", client.ExporterDocker, Options{To: Engine}, map[string]string{
			"name": "localhost:5000/oar/node:a,localhost:5000/oar/node:b", "push": "", "compression": "uncompressed",
		}},
	} {
		job.Epoch = time.Unix(7, 0)
		got := tc.o.exports(t.Context(), job, nil)
		if len(got) != 1 || got[0].Type != tc.kind {
			t.Fatalf("%s: got %v", tc.name, got)
		}
		tc.want["source-date-epoch"], tc.want["containerimage.config"] = "7", "{}"
		for key, want := range tc.want {
			if got[0].Attrs[key] != want {
				t.Errorf("%s: %s is %q, want %q", tc.name, key, got[0].Attrs[key], want)
			}
		}
	}
	if got := (Options{}).exports(t.Context(), job, nil); got != nil {
		t.Errorf("nowhere: got %v", got)
	}
}

func TestEntitlements(t *testing.T) {
	t.Parallel()
	for network, want := range map[bool]int{true: 1, false: 0} {
		if got := (Job{Graph: &llb.Graph{HostNetwork: network}}).entitlements(); len(got) != want {
			t.Errorf("host network %v asks for %v", network, got)
		}
	}
}

func TestSplitTag(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"localhost:5000/a:t": {"localhost:5000/a", "t"},
		"localhost:5000/a":   {"localhost:5000/a", ""},
		"a:t":                {"a", "t"},
	} {
		if repository, tag := splitTag(name); repository != want[0] || tag != want[1] {
			t.Errorf("%s is split into %q and %q", name, repository, tag)
		}
	}
}

// fakeEngine serves the Engine's /images/load on a socket, which it returns.
func fakeEngine(t *testing.T, answer func(http.ResponseWriter, string)) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer(w, r.Method+" "+r.URL.Path+" "+string(body))
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return socket
}

func TestLoad(t *testing.T) {
	for _, tc := range []struct {
		name, answer, err string
		status            int
	}{
		{"loaded", `{"stream":"Loaded image"}`, "", http.StatusOK},
		{"an error in the stream", `{"stream":"x"}{"error":"disk full"}`, "disk full", http.StatusOK},
		{"an error at once", `{"message":"no such thing"}`, "no such thing", http.StatusNotFound},
		{"no JSON", `oops`, "500", http.StatusInternalServerError},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			t.Setenv("DOCKER_HOST", "unix://"+fakeEngine(t, func(w http.ResponseWriter, request string) {
				got = request
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.answer)
			}))
			e, err := engine.Find()
			if err != nil {
				t.Fatal(err)
			}
			failed := make(chan error, 1)
			w := load(t.Context(), e, failed)
			if _, err := io.WriteString(w, "archive"); err != nil {
				t.Fatal(err)
			}
			err = w.Close()
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got error %v, want %q in it", err, tc.err)
			}
			if (err != nil) != (len(failed) == 1) {
				t.Errorf("%d errors were passed on", len(failed))
			}
			if got != "POST /v1.41/images/load archive" {
				t.Errorf("the Engine got %q", got)
			}
		})
	}
}

func TestLoadingNowhereIsToldBeforeBuilding(t *testing.T) {
	f := &fake{solve: func(context.Context, *controlapi.SolveRequest) (map[string]string, error) {
		t.Error("built all the same")
		return nil, nil
	}}
	b := f.connected(t)
	for host, want := range map[string]string{
		"unix://" + t.TempDir() + "/none.sock": "none.sock",
		"tcp://example.org:2375":               "only unix sockets",
	} {
		t.Setenv("DOCKER_HOST", host)
		_, err := b.Solve(t.Context(), []Job{job(t, "a")}, Options{To: Engine, Progress: "quiet", Out: io.Discard})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", host, err)
		}
	}
}

// TestFileExports: an image layout gets parts, an archive its writer, and a root
// file system nothing of what makes an image.
func TestFileExports(t *testing.T) {
	t.Parallel()
	o := Options{To: Files, Compress: compression.Kind{Type: "zstd"}}
	for kind, want := range map[string]map[string]string{
		client.ExporterOCI:    {"tar": "false", "compression": "zstd", "containerimage.config": "{}"},
		client.ExporterDocker: {"name": "r/a:1,r/a:2", "compression": "uncompressed"},
		client.ExporterTar:    {"source-date-epoch": "", "compression": ""},
		client.ExporterLocal:  {"source-date-epoch": "", "compression": ""},
	} {
		job := Job{Names: []string{"r/a:1", "r/a:2"}, Graph: &llb.Graph{Config: []byte("{}")}, Epoch: time.Unix(7, 0), Export: Export{Type: kind, Dir: "d"}}
		got := o.exports(t.Context(), job, nil)
		if len(got) != 1 || got[0].Type != kind {
			t.Fatalf("%s: got %v", kind, got)
		}
		for key, value := range want {
			if got[0].Attrs[key] != value {
				t.Errorf("%s: %s is %q, want %q", kind, key, got[0].Attrs[key], value)
			}
		}
		if archive := kind == client.ExporterTar || kind == client.ExporterDocker; archive != (got[0].Output != nil) {
			t.Errorf("%s: it has a writer: %v", kind, !archive)
		}
	}
}
