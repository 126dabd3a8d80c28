package buildkit

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	controlapi "github.com/moby/buildkit/api/services/control"
	apitypes "github.com/moby/buildkit/api/types"
	gateway "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/grpcerrors"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc"

	"github.com/oarcluster/oarcluster/llb"
	"github.com/oarcluster/oarcluster/recipes"
)

// fake is a BuildKit that answers solves as a test wants.
type fake struct {
	controlapi.UnimplementedControlServer
	version string
	solve   func(context.Context, *controlapi.SolveRequest) (map[string]string, error)

	mu     sync.Mutex
	solved []*controlapi.SolveRequest
}

func (f *fake) Info(context.Context, *controlapi.InfoRequest) (*controlapi.InfoResponse, error) {
	return &controlapi.InfoResponse{BuildkitVersion: &apitypes.BuildkitVersion{Version: f.version}}, nil
}

func (f *fake) ListWorkers(context.Context, *controlapi.ListWorkersRequest) (*controlapi.ListWorkersResponse, error) {
	return &controlapi.ListWorkersResponse{Record: []*apitypes.WorkerRecord{{ID: "w"}}}, nil
}

func (f *fake) Solve(ctx context.Context, r *controlapi.SolveRequest) (*controlapi.SolveResponse, error) {
	f.mu.Lock()
	f.solved = append(f.solved, r)
	f.mu.Unlock()
	response, err := f.solve(ctx, r)
	return &controlapi.SolveResponse{ExporterResponse: response}, err
}

func (f *fake) Status(_ *controlapi.StatusRequest, s grpc.ServerStreamingServer[controlapi.StatusResponse]) error {
	return s.Send(&controlapi.StatusResponse{
		Vertexes: []*controlapi.Vertex{{Digest: vertex.String(), Name: "the step"}},
		Logs:     []*controlapi.VertexLog{{Vertex: vertex.String(), Msg: []byte("its last words\n")}},
	})
}

func (f *fake) Session(s grpc.BidiStreamingServer[controlapi.BytesMessage, controlapi.BytesMessage]) error {
	for {
		if _, err := s.Recv(); err != nil {
			return nil
		}
	}
}

// listen serves the fake at the socket.
func (f *fake) listen(t *testing.T, socket string) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(grpcerrors.UnaryServerInterceptor))
	controlapi.RegisterControlServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

// connected returns a builder that is the fake, and what was said and warned of.
func (f *fake) connected(t *testing.T) (b *Builder, said, warned []string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	f.listen(t, socket)
	b, err := Connect(t.Context(), "unix://"+socket, nil,
		func(line string) { said = append(said, line) }, func(line string) { warned = append(warned, line) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b, said, warned
}

// job returns a job of a made-up graph.
func job(t *testing.T, name string) Job {
	t.Helper()
	list, err := recipes.Load(os.ReadFile, []string{"base"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	layer := llb.Layer{Ref: "oarbuild/layer@" + vertex.String(), Name: "layer"}
	layers := slices.Repeat([]llb.Layer{layer}, len(list[0].Levels))
	graph, err := llb.Image(t.Context(), llb.Input{
		Recipe: list[0], Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"},
		Packages: layers, Files: layers, Store: "s", Epoch: time.Unix(7, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	return Job{Title: name, Graph: graph, Names: []string{"localhost:1/" + name + ":t"}}
}

func TestConnectWarnsOfAnOldBuildKit(t *testing.T) {
	t.Parallel()
	for version, warnings := range map[string]int{"v0.33.1": 0, "v0.20.0": 1, "v0.0.0+unknown": 0} {
		_, said, warned := (&fake{version: version}).connected(t)
		if len(said) != 1 || !strings.Contains(said[0], version) || len(warned) != warnings {
			t.Errorf("%s: said %q, warned of %q", version, said, warned)
		}
	}
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
	(&fake{}).listen(t, d.socket())
	if err := d.wait(t.Context(), exited); err != nil {
		t.Error(err)
	}
	if state, running := d.Status(t.Context()); !running || !strings.Contains(state, d.Address()) {
		t.Errorf("status is %q", state)
	}
	if started, err := d.Start(t.Context()); started || err != nil {
		t.Errorf("started %v, error %v", started, err)
	}
	if stopped, err := d.Stop(t.Context()); !stopped || err != nil {
		t.Errorf("stopped %v, error %v", stopped, err)
	}
	<-exited
}

func TestSolveReturnsDigestsInOrder(t *testing.T) {
	t.Parallel()
	f := &fake{solve: func(_ context.Context, r *controlapi.SolveRequest) (map[string]string, error) {
		return map[string]string{"containerimage.digest": "sha256:" + r.Exporters[0].Attrs["name"]}, nil
	}}
	b, _, _ := f.connected(t)
	got, err := b.Solve(t.Context(), []Job{job(t, "a"), job(t, "b")}, Options{To: Registry, Progress: "quiet", Out: io.Discard})
	if err != nil || !slices.Equal(got, []string{"sha256:localhost:1/a", "sha256:localhost:1/b"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if len(f.solved) != 2 || f.solved[0].Session == f.solved[1].Session {
		t.Error("two jobs, but not two sessions")
	}
}

func TestSolveExplainsAFailure(t *testing.T) {
	t.Parallel()
	f := &fake{solve: func(context.Context, *controlapi.SolveRequest) (map[string]string, error) {
		err := errdefs.WrapVertex(&gateway.ExitError{ExitCode: 4}, vertex)
		return nil, errdefs.WithSource(err, &errdefs.Source{
			Info: &pb.SourceInfo{Filename: "r.yaml"}, Ranges: []*pb.Range{{Start: &pb.Position{Line: 9}}},
		})
	}}
	b, _, _ := f.connected(t)
	_, err := b.Solve(t.Context(), []Job{job(t, "a")}, Options{Progress: "quiet", Out: io.Discard})
	if want := "building a: r.yaml:9: step \"the step\" ended with exit status 4\n  | its last words"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAnInterruptedSolveIsCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := &fake{solve: func(solving context.Context, _ *controlapi.SolveRequest) (map[string]string, error) {
		cancel()
		<-solving.Done()
		return nil, errors.New("some face of an interruption")
	}}
	b, _, _ := f.connected(t)
	if _, err := b.Solve(ctx, []Job{job(t, "a")}, Options{Progress: "quiet", Out: io.Discard}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
