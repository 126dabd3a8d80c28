package buildkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/docker/cli/cli/config"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/util/entitlements"
	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/buildkit/compression"
	"github.com/oarcluster/oarcluster/internal/buildkit/endpoint"
	"github.com/oarcluster/oarcluster/internal/buildkit/engine"
	"github.com/oarcluster/oarcluster/internal/buildkit/grant"
	"github.com/oarcluster/oarcluster/internal/buildkit/rescue"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/llb"
)

// Builder is the BuildKits of one build.
type Builder struct{ endpoints endpoint.Set }

// Connect finds a BuildKit for every platform that the options name.
func Connect(ctx context.Context, o endpoint.Options) (*Builder, error) {
	set, err := endpoint.Find(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Builder{set}, nil
}

// Version returns the version of the BuildKit that builds for the platform.
func (b *Builder) Version(platform string) string { return b.endpoints[platform].Version }

// Close ends the connections; the daemons run on.
func (b *Builder) Close() error { return b.endpoints.Close() }

// Job is one image for one platform.
type Job struct {
	Title    string     // for people: "node for linux/amd64"
	Platform string     // as [platforms.Format] has it: which BuildKit builds it
	Graph    *llb.Graph // how to build it, and its configuration
	Epoch    time.Time  // the image's time of creation
	// Await gives the graph when it is not there yet: other jobs begin meanwhile.
	// Its error is the build's.
	Await func(context.Context) (*llb.Graph, error)
	// Names are what a Docker Engine is to call it (REPO/NAME:TAG). A registry
	// gets it by digest, in the repository of the first name.
	Names []string
	// Export is where the image goes when it goes to [Files].
	Export Export
	// CacheTo and CacheFrom are where the builder's cache of this job goes and
	// comes from, beside its own.
	CacheTo, CacheFrom []client.CacheOptionsEntry
}

// Destination is where the images go.
type Destination int

// The destinations of images. Nowhere leaves them in the builder's cache.
const (
	Nowhere Destination = iota
	Registry
	Engine
	Files
)

// Options are what all jobs of one [Builder.Solve] share.
type Options struct {
	To       Destination
	Loopback bool             // the registry is on the loopback: no TLS
	Compress compression.Kind // of the layers that go to a registry or an image layout
	StoreID  string           // the name under which the graphs know Store
	Store    content.Store    // the layers that the graphs ask for
	Progress string           // auto, plain, tty, quiet or rawjson
	Out      io.Writer        // gets the progress
	// Console is asked what becomes of a step that failed; without one, it ends
	// the build. What it decides is the error of the build, a [*rescue.Decision].
	Console *rescue.Console
	// Grants are what steps may use of this machine.
	Grants grant.Grants
}

// Solve builds the jobs, all at once, each on the BuildKit of its platform, and
// returns the digest of each one's image manifest, or "" for those that went
// nowhere. The first failure ends all; its error says which step of which recipe
// failed and how.
//
// Each job has a session of its own, because BuildKit names the step of
// exporting by its session: with one for all, it would show one export for all.
// What jobs share is solved once all the same.
func (b *Builder) Solve(ctx context.Context, jobs []Job, o Options) ([]string, error) {
	if o.To == Engine {
		e, err := engine.Find()
		if err != nil {
			return nil, err
		}
		if !endpoint.Serves(ctx, e.Socket) {
			return nil, ui.WithHint(fmt.Errorf("loading into the Docker Engine: nobody answers at %s", e.Socket), loadHint)
		}
	}
	d, err := newDisplay(ctx, o.Out, o.Progress)
	if err != nil {
		return nil, err
	}
	credentials := authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		AuthConfigProvider: authprovider.LoadAuthConfig(config.LoadDefaultConfigFile(io.Discard)),
	})
	offered, err := o.Grants.Attachables()
	if err != nil {
		return nil, errors.Join(err, d.end())
	}
	offered = append(offered, credentials)
	digests := make([]string, len(jobs))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, job := range jobs {
		group.Go(func() (err error) {
			if job.Await != nil {
				if job.Graph, err = job.Await(groupCtx); err != nil {
					return err
				}
			}
			failedLoad := make(chan error, 1)
			response, err := o.solve(groupCtx, b.endpoints[job.Platform].Client, job, client.SolveOpt{
				Exports:             o.exports(groupCtx, job, failedLoad),
				CacheExports:        job.CacheTo,
				CacheImports:        job.CacheFrom,
				OCIStores:           map[string]content.Store{o.StoreID: o.Store},
				Session:             offered,
				AllowedEntitlements: job.entitlements(),
			}, d)
			switch {
			case ctx.Err() != nil:
				return ctx.Err() // an interruption has many faces by the time it comes back from the builder
			case len(failedLoad) > 0:
				return fmt.Errorf("building %s: %w", job.Title, <-failedLoad)
			case err != nil:
				return explain(job, err, d)
			}
			digests[i] = response.ExporterResponse[exptypes.ExporterImageDigestKey]
			return nil
		})
	}
	err = group.Wait()
	return digests, errors.Join(err, d.wait())
}

// entitlements are what the job may do beyond the sandbox: the recipe that asks
// for it is the permission.
func (j Job) entitlements() []string {
	if j.Graph.HostNetwork {
		return []string{string(entitlements.EntitlementNetworkHost)}
	}
	return nil
}

// splitTag splits REPO:TAG; a colon before the last slash is a port's.
func splitTag(name string) (repository, tag string) {
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return name[:i], name[i+1:]
	}
	return name, ""
}
