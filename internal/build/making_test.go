package build

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/llb"
)

func TestATargetNeedNotWaitForOthers(t *testing.T) {
	t.Parallel()
	first, second, third := &target{}, &target{}, &target{}
	m := &making{missing: true}
	boom, goOn := errors.New("boom"), make(chan struct{})
	m.start(t.Context(), targets(first, second, third), func(_ context.Context, tell func(*target, int)) error {
		tell(first, everyLayer)
		<-goOn
		tell(second, everyLayer)
		return boom
	})
	if err := m.wait(t.Context(), first); err != nil {
		t.Errorf("first: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := m.wait(ctx, second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second, before it is there: %v", err)
	}
	close(goOn)
	if err := m.wait(t.Context(), third); !errors.Is(err, boom) {
		t.Errorf("third: %v", err)
	}
	if err := m.wait(t.Context(), second); err != nil {
		t.Errorf("second: %v", err)
	}
	var out bytes.Buffer
	if m.stop(Options{Err: &out}); out.Len() != 0 {
		t.Errorf("said %q of what failed", &out)
	}
}

func TestStoppingEndsTheMaking(t *testing.T) {
	t.Parallel()
	m := &making{missing: true}
	m.start(t.Context(), nil, func(ctx context.Context, _ func(*target, int)) error { <-ctx.Done(); return ctx.Err() })
	var out bytes.Buffer
	if m.stop(Options{Err: &out}); !errors.Is(m.err, context.Canceled) || out.Len() != 0 {
		t.Errorf("%v, said %q", m.err, &out)
	}
	m.start(t.Context(), nil, func(context.Context, func(*target, int)) error { return nil })
	<-m.ended
	if m.stop(Options{Err: &out}); !strings.HasPrefix(out.String(), "unpacked 0 layers, 0.0 MB in ") {
		t.Errorf("said %q", &out)
	}
}

// TestLayersAreUnpackedBeforeTheirTargetIsReady: each once, however many targets
// have it, and what fails stops nothing.
func TestLayersAreUnpackedBeforeTheirTargetIsReady(t *testing.T) {
	t.Parallel()
	a, first := resolved(t)
	_, second := resolved(t)
	keysOf(t, a, first)
	keysOf(t, a, second)
	second.layers.Packages[2].Ref = first.layers.Eatmydata.Ref
	m := &making{missing: true}
	goOn := make(chan struct{})
	m.start(t.Context(), targets(first, second), func(_ context.Context, tell func(*target, int)) error {
		for _, target := range targets(first, second) {
			tell(target, 1)
			tell(target, 2)
		}
		<-goOn
		return nil
	})
	var mu sync.Mutex
	var got []string
	m.unpack(t.Context(), func(_ context.Context, platform string, g *llb.Graph) error {
		mu.Lock()
		defer mu.Unlock()
		if got = append(got, platform+" "+g.Title); len(got) == 3 {
			close(goOn)
		}
		return errors.New("boom")
	})
	slices.Sort(got)
	want := []string{"linux/amd64 [base linux/amd64] 1 package", "linux/amd64 [node linux/amd64] 1 package", "linux/amd64 [node linux/amd64] 1 package"}
	if !slices.Equal(got, want) {
		t.Errorf("unpacked %q", got)
	}
	(&making{}).unpack(t.Context(), func(context.Context, string, *llb.Graph) error {
		t.Error("unpacked where nothing was made")
		return nil
	})
}

// TestUnpackingEndsWithTheBuild: whatever is still being made.
func TestUnpackingEndsWithTheBuild(t *testing.T) {
	t.Parallel()
	m := &making{missing: true}
	m.start(t.Context(), nil, func(ctx context.Context, _ func(*target, int)) error { <-ctx.Done(); return nil })
	defer m.stop(Options{Err: io.Discard})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.unpack(ctx, func(context.Context, string, *llb.Graph) error { return nil })
	select {
	case <-m.ended:
		t.Error("the making ended")
	default:
	}
}
