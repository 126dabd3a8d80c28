package deploy

import (
	"context"
	"io"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/cluster/trace"
)

// traced is an engine whose calls are in the trace, each on the lane of its
// caller. Those that follow what happens are not: a wait is no work.
type traced struct{ Engine }

func span(ctx context.Context, name string, call func() error) error {
	end := trace.Span(ctx, "engine: "+name)
	err := call()
	end(err)
	return err
}

func (t traced) Lock(ctx context.Context, cluster, holder string) (has string, err error) {
	err = span(ctx, "lock", func() error { has, err = t.Engine.Lock(ctx, cluster, holder); return err })
	return has, err
}

func (t traced) Unlock(ctx context.Context, cluster, holder string) error {
	return span(ctx, "unlock", func() error { return t.Engine.Unlock(ctx, cluster, holder) })
}

func (t traced) Observe(ctx context.Context, name string) (o cluster.Observed, err error) {
	err = span(ctx, "list", func() error { o, err = t.Engine.Observe(ctx, name); return err })
	return o, err
}

func (t traced) CreateNetwork(ctx context.Context, topology cluster.Topology) error {
	return span(ctx, "create network", func() error { return t.Engine.CreateNetwork(ctx, topology) })
}

func (t traced) RemoveNetwork(ctx context.Context, id string) error {
	return span(ctx, "remove network", func() error { return t.Engine.RemoveNetwork(ctx, id) })
}

func (t traced) CreateVolume(ctx context.Context, cluster, volume string) error {
	return span(ctx, "create volume", func() error { return t.Engine.CreateVolume(ctx, cluster, volume) })
}

func (t traced) RemoveVolume(ctx context.Context, volume string) error {
	return span(ctx, "remove volume", func() error { return t.Engine.RemoveVolume(ctx, volume) })
}

func (t traced) CreateContainer(ctx context.Context, topology cluster.Topology, h cluster.Host) error {
	return span(ctx, "create", func() error { return t.Engine.CreateContainer(ctx, topology, h) })
}

func (t traced) TryFolders(ctx context.Context, name, image string, folders []string) error {
	return span(ctx, "try folders", func() error { return t.Engine.TryFolders(ctx, name, image, folders) })
}

func (t traced) StartContainer(ctx context.Context, id string) error {
	return span(ctx, "start", func() error { return t.Engine.StartContainer(ctx, id) })
}

func (t traced) RemoveContainer(ctx context.Context, id string) error {
	return span(ctx, "remove", func() error { return t.Engine.RemoveContainer(ctx, id) })
}

func (t traced) Upload(ctx context.Context, id string, archive []byte) error {
	return span(ctx, "copy in", func() error { return t.Engine.Upload(ctx, id, archive) })
}

func (t traced) Download(ctx context.Context, id, path string) (r io.ReadCloser, err error) {
	err = span(ctx, "copy out", func() error { r, err = t.Engine.Download(ctx, id, path); return err })
	return r, err
}

func (t traced) StopContainer(ctx context.Context, id string) error {
	return span(ctx, "stop", func() error { return t.Engine.StopContainer(ctx, id) })
}

func (t traced) Exec(ctx context.Context, id string, argv []string, stdout, stderr io.Writer) (code int, err error) {
	err = span(ctx, "exec", func() error { code, err = t.Engine.Exec(ctx, id, argv, stdout, stderr); return err })
	return code, err
}

func (t traced) Image(ctx context.Context, ref string) (id string, digests []string, err error) {
	err = span(ctx, "inspect image", func() error { id, digests, err = t.Engine.Image(ctx, ref); return err })
	return id, digests, err
}

func (t traced) Published(ctx context.Context, ref string) (digest string, err error) {
	err = span(ctx, "ask registry", func() error { digest, err = t.Engine.Published(ctx, ref); return err })
	return digest, err
}

func (t traced) Pull(ctx context.Context, ref string, told func(images.Layer)) error {
	return span(ctx, "pull", func() error { return t.Engine.Pull(ctx, ref, told) })
}
