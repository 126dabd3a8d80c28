package deploy_test

import (
	"context"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
)

// late is an engine that, while the first container is removed, makes what somebody
// asked for who was killed.
type late struct {
	deploy.Engine
	once sync.Once
	make func()
}

func (l *late) RemoveContainer(ctx context.Context, id string) error {
	l.once.Do(l.make)
	return l.Engine.RemoveContainer(ctx, id)
}

func TestCleanRemovesWhatComesLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.o.Deploy(t.Context(), w.spec); err != nil {
		t.Fatal(err)
	}
	w.o.Engine = &late{Engine: w.Fake, make: func() {
		if err := w.CreateVolume(t.Context(), "oarcluster", "oarcluster_late"); err != nil {
			t.Error(err)
		}
	}}
	if err := w.o.Clean(t.Context(), []string{"oarcluster"}); err != nil {
		t.Fatal(err)
	}
	if left := w.Objects(); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
