package build

import (
	"context"
	"errors"
	"fmt"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/buildkit/rescue"
)

// rescue does what the user decided about a failure, and asks again when what
// comes of it fails, too: who has mended a recipe wrongly is still at the console.
// What succeeded without anybody being asked is returned as it is.
func (o Options) rescue(ctx context.Context, err error, images []Image) ([]Image, error) {
	var passed error // the first failure that was passed over
	decision, decided := errors.AsType[*rescue.Decision](err)
	for decided {
		switch decision.Answer {
		case rescue.Abort:
			return nil, decision.Err
		case rescue.Continue:
			o.passOver, o.To = append(o.passOver, decision.Step), buildkit.Nowhere
			if passed == nil {
				passed = decision.Err
			}
			o.say("running step %q again, which may fail, and what follows on what it leaves", decision.Step)
		case rescue.Retry:
			o.say("reading the recipes again; steps that succeeded come from the cache")
		}
		images, err = once(ctx, o)
		if decision, decided = errors.AsType[*rescue.Decision](err); err != nil && !decided && ctx.Err() == nil {
			if decision, err = o.Console.Ask(ctx, rescue.Failure{Err: err}); err != nil {
				return nil, err
			}
			decided = true
		}
	}
	if err == nil && passed != nil {
		return nil, fmt.Errorf("a failure was passed over, and so nothing was published: %w", passed)
	}
	return images, err
}
