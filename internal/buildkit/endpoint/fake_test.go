package endpoint

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	controlapi "github.com/moby/buildkit/api/services/control"
	apitypes "github.com/moby/buildkit/api/types"
	"github.com/moby/buildkit/solver/pb"
	"google.golang.org/grpc"
)

// fake is a BuildKit that tells who it is and what it can run.
type fake struct {
	controlapi.UnimplementedControlServer
	version   string
	platforms []string // architectures of Linux
	workers   int
}

func (f *fake) Info(context.Context, *controlapi.InfoRequest) (*controlapi.InfoResponse, error) {
	return &controlapi.InfoResponse{BuildkitVersion: &apitypes.BuildkitVersion{Version: f.version}}, nil
}

func (f *fake) ListWorkers(context.Context, *controlapi.ListWorkersRequest) (*controlapi.ListWorkersResponse, error) {
	r := &controlapi.ListWorkersResponse{}
	for range f.workers {
		w := &apitypes.WorkerRecord{ID: "w"}
		for _, arch := range f.platforms {
			w.Platforms = append(w.Platforms, &pb.Platform{OS: "linux", Architecture: arch})
		}
		r.Record = append(r.Record, w)
	}
	return r, nil
}

// listen serves the fake at the socket, and returns its address.
func (f *fake) listen(t *testing.T, socket string, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	controlapi.RegisterControlServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "unix://" + socket
}

// serve serves the fake at a socket of its own.
func (f *fake) serve(t *testing.T) string {
	t.Helper()
	return f.listen(t, filepath.Join(t.TempDir(), "s"))
}

func TestStartFindsADaemonThatRuns(t *testing.T) {
	d := fakeDaemon(t, "trap 'exit 0' TERM; while :; do sleep 0.1; done")
	if err := os.Mkdir(d.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	exited, _, err := d.launch(d.Binary)
	if err != nil {
		t.Fatal(err)
	}
	(&fake{workers: 1}).listen(t, d.socket())
	if err := d.wait(t.Context(), exited); err != nil {
		t.Error(err)
	}
	if state, running := d.status(t.Context()); !running || !strings.Contains(state, d.Address()) {
		t.Errorf("status is %q", state)
	}
	if started, err := d.start(t.Context()); started || err != nil {
		t.Errorf("started %v, error %v", started, err)
	}
	if stopped, err := d.stop(t.Context()); !stopped || err != nil {
		t.Errorf("stopped %v, error %v", stopped, err)
	}
	<-exited
}
