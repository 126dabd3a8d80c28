package build

import (
	"context"
	"time"

	"github.com/oarcluster/oarcluster/llb"
)

// making is layers in the making. What is built of those that are there need not
// wait for the others: BuildKit configures the base, on one processor for most of
// the time, while the packages of other images are unpacked.
type making struct {
	missing bool // else all layers were there, and nothing is made
	tally   tally
	took    time.Duration // valid when ended is closed

	ready  map[*target]chan struct{} // closed when all layers of the target are there
	ended  chan struct{}             // closed when nothing is made any more
	err    error                     // why it ended early, valid when ended is closed
	cancel func()
}

// start calls work, which tells by its argument which targets have their layers.
func (m *making) start(ctx context.Context, targets []*target, work func(context.Context, func(*target)) error) {
	ctx, m.cancel = context.WithCancel(ctx)
	m.ready, m.ended = map[*target]chan struct{}{}, make(chan struct{})
	for _, t := range targets {
		m.ready[t] = make(chan struct{})
	}
	begun := time.Now()
	go func() {
		defer close(m.ended)
		m.err = work(ctx, func(t *target) { close(m.ready[t]) })
		m.took = time.Since(begun)
	}()
}

// wait returns when the layers of the target are there, or will never be.
func (m *making) wait(ctx context.Context, t *target) error {
	if !m.missing {
		return nil
	}
	select {
	case <-m.ready[t]:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-m.ended:
	}
	select {
	case <-m.ready[t]:
		return nil
	default:
		return m.err
	}
}

// stop ends the making and waits for that. It says what was made when all was.
func (m *making) stop(o Options) {
	if !m.missing {
		return
	}
	m.cancel()
	<-m.ended
	if m.err == nil {
		o.say("unpacked %s, %.1f MB in %s", count(m.tally.layers, "layer"), float64(m.tally.bytes)/1e6, seconds(m.took))
	}
}

// graph waits for the layers of a target and returns its graph.
func (m *making) graph(ctx context.Context, o Options, t *target) (*llb.Graph, error) {
	if err := m.wait(ctx, t); err != nil {
		return nil, err
	}
	label(o, []*target{t})
	err := makeGraphs(ctx, []*target{t})
	return t.graph, err
}
