package deploy_test

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
)

// endless is an engine whose containers hand out a file without end.
type endless struct {
	deploy.Engine
	t *testing.T
}

func (e endless) Download(ctx context.Context, _, _ string) (io.ReadCloser, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		e.t.Error("an engine that hangs is waited for without end")
	}
	var begin bytes.Buffer
	if err := tar.NewWriter(&begin).WriteHeader(&tar.Header{Name: "oarcluster/x", Typeflag: tar.TypeReg, Size: 1 << 50}); err != nil {
		return nil, err
	}
	return io.NopCloser(io.MultiReader(&begin, zeros{})), nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// What a container hands out has a bound in time and size.
func TestWhatHostsShareIsReadWithinBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	w.o.Engine = endless{w.o.Engine, t}
	if _, err := w.o.Deploy(t.Context(), w.spec); err == nil || !strings.Contains(err.Error(), "reading the cluster's keys: ") {
		t.Errorf("got %v", err)
	}
	w.expect(t, cluster2(1))
}
