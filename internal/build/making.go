package build

import (
	"context"
	"time"

	"github.com/containerd/platforms"
	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/llb"
)

// making is layers in the making. What is built of those that are there need not
// wait for the others: BuildKit configures the base, on one processor for most of
// the time, while the packages of other images are unpacked, here and then by it.
type making struct {
	missing bool // else all layers were there, and nothing is made
	tally   tally
	took    time.Duration // valid when ended is closed

	ready  map[*target]chan struct{} // closed when all layers of the target are there
	levels chan packed               // package layers that are there, each once; closed like ended
	ended  chan struct{}             // closed when nothing is made any more
	err    error                     // why it ended early, valid when ended is closed
	cancel func()
}

// packed is a package layer that waits for BuildKit to unpack it.
type packed struct {
	in    llb.Input // as far as it is known by then
	level int
}

// start calls work, which tells by its argument what targets have; see [eachLayer].
func (m *making) start(ctx context.Context, targets []*target, work func(context.Context, func(*target, int)) error) {
	ctx, m.cancel = context.WithCancel(ctx)
	m.ready, m.ended = map[*target]chan struct{}{}, make(chan struct{})
	levels := 0
	for _, t := range targets {
		m.ready[t] = make(chan struct{})
		levels += len(t.packages)
	}
	m.levels = make(chan packed, levels) // nobody need take them
	begun := time.Now()
	go func() {
		defer close(m.ended)
		defer close(m.levels)
		m.err = work(ctx, func(t *target, level int) {
			if level == everyLayer {
				close(m.ready[t])
			} else {
				m.levels <- packed{t.input(), level}
			}
		})
		m.took = time.Since(begun)
	}()
}

// unpack has BuildKit fetch and unpack each package layer as soon as it is there,
// until the context ends. Else it would do so when it comes to where the layer is
// laid over another, and until then one processor waits for the other. It tells
// no error: whatever fails here fails again where the layer is needed.
func (m *making) unpack(ctx context.Context, unpack func(ctx context.Context, platform string, g *llb.Graph) error) {
	if !m.missing {
		return
	}
	var group errgroup.Group
	defer func() { _ = group.Wait() }()
	seen := map[string]bool{}
	for {
		var l packed
		more := false
		select {
		case l, more = <-m.levels:
		case <-ctx.Done():
		}
		if !more {
			return
		}
		platform := platforms.Format(l.in.Platform)
		if at := platform + l.in.Packages[l.level].Ref; !seen[at] {
			seen[at] = true
			group.Go(func() error {
				g, err := llb.Packages(ctx, l.in, l.level)
				if err == nil {
					err = unpack(ctx, platform, g)
				}
				return err
			})
		}
	}
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
