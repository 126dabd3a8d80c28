package buildkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/internal/buildkit/rescue"
)

// lastWords bounds how long a question waits for the end of a step's output,
// which comes another way than the news of its failure.
const lastWords = 3 * time.Second

// solve has the builder build a job. With a console, it goes through the gateway
// API, which keeps what a failed step left for as long as the call lasts: the
// console is asked meanwhile.
func (o Options) solve(ctx context.Context, c *client.Client, job Job, opt client.SolveOpt, d *display) (*client.SolveResponse, error) {
	feed := d.channel()
	if o.Console == nil {
		return c.Solve(ctx, job.Graph.Definition, opt, feed)
	}
	if opt.FrontendAttrs == nil {
		opt.FrontendAttrs = map[string]string{} // the client writes to it
	}
	var decision error
	response, err := c.Build(ctx, opt, "", func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		imports, err := cacheImports(gw)
		if err != nil {
			return nil, err
		}
		result, err := gw.Solve(ctx, gateway.SolveRequest{Evaluate: true, Definition: job.Graph.Definition.ToPB(), CacheImports: imports})
		if err != nil && ctx.Err() == nil {
			decision = o.ask(ctx, gw, job, d, err)
		}
		return result, err
	}, feed)
	if decision != nil {
		return nil, decision
	}
	return response, err
}

// ask has the console decide about a failure.
func (o Options) ask(ctx context.Context, gw gateway.Client, job Job, d *display, err error) error {
	f := rescue.Failure{}
	if vertex, ok := errors.AsType[*errdefs.VertexError](err); ok {
		f.Step = job.Graph.Step(digest.Digest(vertex.Digest))
		select {
		case <-d.failure(vertex.Digest):
		case <-ctx.Done():
		case <-time.After(lastWords):
		}
	}
	f.Err = explain(job, err, d)
	f.Inspect(gw, err)
	if err := d.end(); err != nil {
		return err
	}
	decision, err := o.Console.Ask(ctx, f)
	if err != nil {
		return err
	}
	return decision
}

// cacheImports returns the caches that the client was told to read, for the
// gateway takes them with each request.
func cacheImports(gw gateway.Client) ([]gateway.CacheOptionsEntry, error) {
	text := gw.BuildOpts().Opts["cache-imports"]
	if text == "" {
		return nil, nil
	}
	var imports []gateway.CacheOptionsEntry
	if err := json.Unmarshal([]byte(text), &imports); err != nil {
		return nil, fmt.Errorf("reading the caches to import: %w", err)
	}
	return imports, nil
}
