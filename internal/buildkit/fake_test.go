package buildkit

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
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

	"github.com/oarcluster/oarcluster/internal/buildkit/endpoint"
	"github.com/oarcluster/oarcluster/llb"
	"github.com/oarcluster/oarcluster/recipes"
)

// fake is a BuildKit that answers solves as a test wants.
type fake struct {
	controlapi.UnimplementedControlServer
	solve   func(context.Context, *controlapi.SolveRequest) (map[string]string, error)
	gateway gateway.LLBBridgeServer // nil for none

	mu     sync.Mutex
	solved []*controlapi.SolveRequest
}

func (f *fake) Info(context.Context, *controlapi.InfoRequest) (*controlapi.InfoResponse, error) {
	return &controlapi.InfoResponse{BuildkitVersion: &apitypes.BuildkitVersion{Version: "v0.33.1"}}, nil
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
	if f.gateway != nil {
		gateway.RegisterLLBBridgeServer(server, f.gateway)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

// connected returns a builder that is the fake, for all platforms.
func (f *fake) connected(t *testing.T) *Builder {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	f.listen(t, socket)
	b, err := Connect(t.Context(), endpoint.Options{
		Specs: endpoint.Specs{"": "unix://" + socket}, Platforms: []ocispec.Platform{{OS: "linux", Architecture: "amd64"}},
		Say: func(string) {}, Warn: func(line string) { t.Errorf("warned of %s", line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
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
	needs := make([][]llb.Layer, len(layers))
	for i, level := range list[0].Levels {
		needs[i] = make([]llb.Layer, len(level.Run))
	}
	graph, err := llb.Image(t.Context(), llb.Input{
		Recipe: list[0], Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"},
		Packages: layers, Files: layers, Needs: needs, Store: "s", Epoch: time.Unix(7, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	return Job{Title: name, Platform: "linux/amd64", Graph: graph, Names: []string{"localhost:1/" + name + ":t"}}
}

func TestSolveReturnsDigestsInOrder(t *testing.T) {
	t.Parallel()
	f := &fake{solve: func(_ context.Context, r *controlapi.SolveRequest) (map[string]string, error) {
		return map[string]string{"containerimage.digest": "sha256:" + r.Exporters[0].Attrs["name"]}, nil
	}}
	b := f.connected(t)
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
	b := f.connected(t)
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
	b := f.connected(t)
	if _, err := b.Solve(ctx, []Job{job(t, "a")}, Options{Progress: "quiet", Out: io.Discard}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
