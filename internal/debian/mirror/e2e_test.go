//go:build e2e

package mirror

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// TestRealArchive takes the shipped images' packages, for two platforms, from
// the mirror of the machine's apt, or the default one, twice.
func TestRealArchive(t *testing.T) {
	ctx, a := t.Context(), openReal(t, "trixie")
	source := a.source
	var last Progress
	source.Progress = func(p Progress) { last = p }
	for _, round := range []string{"first", "second"} {
		last = Progress{}
		start := time.Now()
		a, err := Open(ctx, source)
		if err != nil {
			t.Fatal(err)
		}
		opened := time.Now()
		all, err := resolveAll(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		resolved := time.Now()
		if err := a.Fetch(ctx, all); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: date %v, warnings %v, open %v, resolve %v, fetch %v, %+v", round, a.Date(), a.Warnings(),
			opened.Sub(start), resolved.Sub(opened), time.Since(resolved), last)
		if last.Done != last.Total || last.Total < 500 || last.Bytes != last.TotalBytes || round == "second" && last.Fetched > 0 {
			t.Errorf("%s: got %+v", round, last)
		}
	}
}

// resolveAll resolves the images, both platforms at once.
func resolveAll(ctx context.Context, a *Archive) ([]debian.Package, error) {
	archs := []string{"amd64", "arm64"}
	results := make([][]debian.Package, len(archs))
	var group errgroup.Group
	for i, arch := range archs {
		group.Go(func() error {
			for _, image := range []string{"base", "server", "frontend", "node", "dnsmasq"} {
				groups := [][]string{{"debian-archive-keyring"}}
				for _, set := range sets[image] {
					groups = append(groups, strings.Fields(set))
				}
				answer, err := a.Resolve(ctx, arch, debian.Request{Bare: true, Groups: groups})
				if err != nil {
					return err
				}
				results[i] = append(results[i], slices.Concat(answer...)...)
			}
			return nil
		})
	}
	err := group.Wait()
	return slices.Concat(results...), err
}
