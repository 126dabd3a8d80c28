// Package images sees to it that the engine has the images that a cluster needs.
//
// # Policy
//
// The registry is the truth when it can be asked: an image is pulled when the
// engine has none, or when the registry has another one under the tag by now. When
// it cannot be asked, what the engine has is taken, and that is said. Nothing is
// ever removed.
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

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Engine is what looking after images needs of a container engine; see package
// engine for what the methods answer.
type Engine interface {
	Image(ctx context.Context, ref string) (id string, digests []string, err error)
	Published(ctx context.Context, ref string) (digest string, err error)
	Pull(ctx context.Context, ref string) error
}

// Ensure makes the engine have every reference, side by side, and returns the
// images' IDs by reference. It tells note what it pulls and what it could not ask.
func Ensure(ctx context.Context, e Engine, refs []string, note func(string)) (map[string]string, error) {
	ids := map[string]string{}
	var mu sync.Mutex
	pulling := func(ref string) {
		mu.Lock()
		defer mu.Unlock()
		note("pulling " + ref)
	}
	unasked := 0
	g, ctx := errgroup.WithContext(ctx)
	for _, ref := range refs {
		g.Go(func() error {
			id, asked, err := ensure(ctx, e, ref, pulling)
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
	if err == nil && unasked > 0 {
		note(fmt.Sprintf("taking %d of %d images as the engine has them: their registry does not answer, or has them not", unasked, len(refs)))
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
func ensure(ctx context.Context, e Engine, ref string, pulling func(string)) (id string, asked bool, err error) {
	id, digests, err := e.Image(ctx, ref)
	if err != nil {
		return "", false, err
	}
	published, err := e.Published(ctx, ref)
	switch {
	case ctx.Err() != nil:
		return "", false, ctx.Err()
	case err != nil && id == "":
		return "", false, ui.WithHint(err, "build the images with `oarbuild --push`, or name another --registry or --tag")
	case err != nil:
		return id, false, nil
	case id != "" && slices.Contains(digests, published):
		return id, true, nil
	}
	pulling(ref)
	if err := e.Pull(ctx, ref); err != nil {
		return "", true, err
	}
	id, _, err = e.Image(ctx, ref)
	if err == nil && id == "" {
		err = fmt.Errorf("pulling %q: the engine does not have it afterwards", ref)
	}
	return id, true, err
}
