package endpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/containerd/platforms"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// defaultSocket is where a buildkitd listens unless told otherwise.
const defaultSocket = "/run/buildkit/buildkitd.sock"

// emulation is how a Debian machine comes to run programs of other machines.
const emulation = "apt-get install qemu-user-static binfmt-support"

// Options say which builders to find.
type Options struct {
	Specs     Specs              // the --builder flags
	Platforms []ocispec.Platform // what is to be built
	TLSDir    string             // certificates for tcp:// builders, as buildctl's --tlsdir; "" speaks no TLS
	Daemon    *Daemon            // the one to start when none is found
	// Accept refuses an address by its error, before anything is sent there; nil takes all.
	Accept    func(address string) error
	Say, Warn func(string) // get a line on which was taken, and on what may go wrong with it
}

// Set is a builder for each platform of a build.
type Set map[string]*Endpoint

// Find connects to a builder for every platform that the options name: the one
// given for it, else the one for all. Those that no platform needs are left
// alone. It is an error when a platform would have none that can run it.
func Find(ctx context.Context, o Options) (Set, error) {
	addresses := map[string]bool{}
	for _, p := range o.Platforms {
		addresses[o.Specs.address(p)] = true
	}
	list := slices.Sorted(maps.Keys(addresses))
	endpoints := make([]*Endpoint, len(list))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, address := range list {
		group.Go(func() (err error) {
			endpoints[i], err = find(groupCtx, address, o)
			return err
		})
	}
	err := group.Wait()
	set := Set{}
	for _, p := range o.Platforms {
		i, _ := slices.BinarySearch(list, o.Specs.address(p))
		e := endpoints[i]
		set[platforms.Format(p)] = e
		if e != nil {
			_, own := o.Specs[platforms.Format(p)]
			err = errors.Join(err, check(e, p, own, o))
		}
	}
	if err != nil {
		return nil, errors.Join(err, set.Close())
	}
	return set, nil
}

// address returns where the builder for a platform is, or "" when it is to be found.
func (s Specs) address(p ocispec.Platform) string {
	if address, ok := s[platforms.Format(p)]; ok {
		return address
	}
	return s[""]
}

// check returns an error when the builder cannot run the platform's programs. A
// builder that was named for the platform is believed, for it may have an
// emulator that its worker does not tell of.
func check(e *Endpoint, p ocispec.Platform, own bool, o Options) error {
	if e.can(p) {
		return nil
	}
	err := fmt.Errorf("building for %s: BuildKit at %s can run %s only", platforms.Format(p), e.Address, e.list())
	if own {
		o.Warn(err.Error())
		return nil
	}
	return ui.WithHint(err, "%s (as root, where that BuildKit runs), or name a builder of that platform with --builder %s=ADDRESS", emulation, platforms.Format(p))
}

// find connects to the builder at the address; when that is empty, to the first
// that there is.
func find(ctx context.Context, address string, o Options) (*Endpoint, error) {
	if address != "" {
		return dial(ctx, address, "--builder", o)
	}
	if address = os.Getenv("BUILDKIT_HOST"); address != "" {
		return dial(ctx, address, "BUILDKIT_HOST", o)
	}
	if Serves(ctx, defaultSocket) {
		return dial(ctx, "unix://"+defaultSocket, "found on its default socket", o)
	}
	return findHere(ctx, o)
}

// findHere connects to a BuildKit that this program starts, or to that of the
// Docker Engine. When there is none, it says of each way why not.
func findHere(ctx context.Context, o Options) (*Endpoint, error) {
	var reasons []error
	for _, s := range o.Daemon.services() {
		if c, ok := s.(*container); ok && !Serves(ctx, c.socket()) {
			e, err := ofEngine(ctx, o)
			if err == nil {
				return e, nil
			}
			o.Say(err.Error())
		}
		how, err := run(ctx, s)
		if err == nil {
			return dial(ctx, s.Address(), how, o)
		}
		if ctx.Err() != nil || !errors.Is(err, errLacks) {
			return nil, err
		}
		reasons = append(reasons, err)
	}
	return nil, errors.Join(reasons...)
}

// Close ends the connections; the daemons run on.
func (s Set) Close() error {
	var err error
	closed := map[*Endpoint]bool{nil: true}
	for _, e := range s {
		if !closed[e] {
			closed[e] = true
			err = errors.Join(err, e.Close())
		}
	}
	return err
}
