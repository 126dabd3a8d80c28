package buildkit

import (
	"context"
	"errors"
	"slices"
	"testing"

	controlapi "github.com/moby/buildkit/api/services/control"
	gateway "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
)

// bridge is the gateway of a BuildKit, which notes what is asked of it.
type bridge struct {
	gateway.UnimplementedLLBBridgeServer
	asked    []string
	stat     error
	returned chan struct{}
}

func (b *bridge) Ping(context.Context, *gateway.PingRequest) (*gateway.PongResponse, error) {
	return &gateway.PongResponse{FrontendAPICaps: gateway.Caps.All(), LLBCaps: pb.Caps.All()}, nil
}

func (b *bridge) Solve(context.Context, *gateway.SolveRequest) (*gateway.SolveResponse, error) {
	b.asked = append(b.asked, "solve")
	return &gateway.SolveResponse{Result: &gateway.Result{Result: &gateway.Result_Ref{Ref: &gateway.Ref{Id: "1"}}}}, nil
}

func (b *bridge) StatFile(_ context.Context, r *gateway.StatFileRequest) (*gateway.StatFileResponse, error) {
	b.asked = append(b.asked, "stat "+r.Ref+" "+r.Path)
	return &gateway.StatFileResponse{}, b.stat
}

func (b *bridge) Return(context.Context, *gateway.ReturnRequest) (*gateway.ReturnResponse, error) {
	close(b.returned)
	return &gateway.ReturnResponse{}, nil
}

func TestUnpackLooksIntoTheResult(t *testing.T) {
	t.Parallel()
	for _, stat := range []error{nil, errors.New("no room")} {
		g := &bridge{stat: stat, returned: make(chan struct{})}
		f := &fake{gateway: g, solve: func(context.Context, *controlapi.SolveRequest) (map[string]string, error) {
			<-g.returned
			return nil, stat
		}}
		b := f.connected(t)
		err := b.Unpack(t.Context(), "linux/amd64", job(t, "a").Graph, Options{StoreID: "s"})
		if (err == nil) != (stat == nil) {
			t.Errorf("with %v: %v", stat, err)
		}
		if want := []string{"solve", "stat 1 /"}; !slices.Equal(g.asked, want) {
			t.Errorf("asked for %q", g.asked)
		}
	}
}
