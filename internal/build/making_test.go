package build

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestATargetNeedNotWaitForOthers(t *testing.T) {
	t.Parallel()
	first, second, third := &target{}, &target{}, &target{}
	m := &making{missing: true}
	boom, goOn := errors.New("boom"), make(chan struct{})
	m.start(t.Context(), targets(first, second, third), func(_ context.Context, ready func(*target)) error {
		ready(first)
		<-goOn
		ready(second)
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
	m.start(t.Context(), nil, func(ctx context.Context, _ func(*target)) error { <-ctx.Done(); return ctx.Err() })
	var out bytes.Buffer
	if m.stop(Options{Err: &out}); !errors.Is(m.err, context.Canceled) || out.Len() != 0 {
		t.Errorf("%v, said %q", m.err, &out)
	}
	m.start(t.Context(), nil, func(context.Context, func(*target)) error { return nil })
	<-m.ended
	if m.stop(Options{Err: &out}); !strings.HasPrefix(out.String(), "unpacked 0 layers, 0.0 MB in ") {
		t.Errorf("said %q", &out)
	}
}
