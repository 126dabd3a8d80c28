// Package images sees to it that the engine has the images that a cluster needs.
//
// # Policy
//
// The registry is the truth when it can be asked: an image is pulled when the
// engine has none, or when the registry has another one under the tag by now. When
// it cannot be asked, what the engine has is taken, and that is said. Nothing is
// ever removed. What a reference meant when it was looked at is an ID: containers
// are made of that, for a tag may move meanwhile.
//
// # Boundaries
//
// Works through an engine; who serves the registry is the caller's concern.
package images

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Engine is what looking after images needs of a container engine; see package
// engine for what the methods answer.
type Engine interface {
	Image(ctx context.Context, ref string) (id string, digests []string, err error)
	Published(ctx context.Context, ref string) (digest string, err error)
	// Pull tells of layers as they come, from one goroutine.
	Pull(ctx context.Context, ref string, told func(Layer)) error
}

// patience is how long a registry may take to answer about an image that is there.
const patience = 10 * time.Second

// Ensure makes the engine have every reference, side by side, and returns the
// images' IDs by reference. It tells note what it pulls and what it could not ask,
// and, when meter is not nil, meter how far all pulls together are: nothing at the end.
func Ensure(ctx context.Context, e Engine, refs []string, note func(string), meter func(Progress)) (map[string]string, error) {
	ids := map[string]string{}
	var mu sync.Mutex
	unasked := 0
	p := pulls{note: note, meter: meter, layers: map[string]Layer{}}
	g, ctx := errgroup.WithContext(ctx)
	for _, ref := range refs {
		g.Go(func() error {
			ctx := trace.Lane(ctx, "image "+ref)
			end := trace.Span(ctx, ref)
			id, asked, err := p.ensure(ctx, e, ref)
			end(err)
			mu.Lock()
			defer mu.Unlock()
			ids[ref] = id
			if !asked {
				unasked++
			}
			return err
		})
	}
	err := g.Wait()
	if meter != nil {
		meter(Progress{})
	}
	if err == nil && unasked > 0 {
		note(fmt.Sprintf("taking %d of %d images as the engine has them: their registry does not answer, refuses, or has them not", unasked, len(refs)))
	}
	return ids, err
}

// Local returns the IDs of what the engine has, "" for what it has not.
func Local(ctx context.Context, e Engine, refs []string) (map[string]string, error) {
	ids := map[string]string{}
	for _, ref := range refs {
		id, _, err := e.Image(ctx, ref)
		if err != nil {
			return nil, err
		}
		ids[ref] = id
	}
	return ids, nil
}

// ensure looks after one image; asked tells whether its registry answered.
func (p *pulls) ensure(ctx context.Context, e Engine, ref string) (id string, asked bool, err error) {
	id, digests, err := e.Image(ctx, ref)
	if err != nil {
		return "", false, err
	}
	asking := ctx
	if id != "" {
		var cancel func()
		asking, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	published, err := e.Published(asking, ref)
	switch {
	case ctx.Err() != nil:
		return "", false, ctx.Err()
	case err != nil && id == "":
		return "", false, ui.WithHint(err, "build the images with `oarbuild --push`, name another --registry or --tag, or `docker login` where a password is asked for")
	case err != nil:
		return id, false, nil
	case id != "" && slices.Contains(digests, published):
		return id, true, nil
	}
	p.begin(ref)
	if err := e.Pull(ctx, ref, p.told); err != nil {
		return "", true, err
	}
	id, _, err = e.Image(ctx, ref)
	if err == nil && id == "" {
		err = ui.WithHint(fmt.Errorf("pulling %q: the engine does not have it afterwards", ref), "somebody removes images meanwhile (docker image prune): try again")
	}
	return id, true, err
}
