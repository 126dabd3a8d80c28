package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// Fetch brings the .debs of the packages into the store, several at a time, and
// verifies those that are there already. Duplicates are fetched once. What was
// fetched before an error stays.
func (a *Archive) Fetch(ctx context.Context, packages []debian.Package) error {
	unique := map[string]debian.Package{}
	tally := tally{report: a.report, progress: Progress{Phase: "packages"}}
	for _, p := range packages {
		if _, twice := unique[p.SHA256]; !twice {
			unique[p.SHA256] = p
			tally.progress.Total++
			tally.progress.TotalBytes += p.Size
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, p := range unique {
		group.Go(func() error {
			if err := a.fetchOne(ctx, p, &tally); err != nil {
				return wrap("package", p.Name, err)
			}
			tally.done()
			return nil
		})
	}
	return group.Wait()
}

// fetchOne brings one .deb into the store, unless it is there and whole.
func (a *Archive) fetchOne(ctx context.Context, p debian.Package, tally *tally) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !isDigest(p.SHA256) {
		return fmt.Errorf("its SHA-256 is %q", p.SHA256)
	}
	path := a.Deb(p)
	// Some servers take a bare plus sign for a blank.
	b := blob{a.base(p.Archive) + "/" + strings.ReplaceAll(p.Filename, "+", "%2B"), p.SHA256, p.Size}
	whole, err := verifyFile(path, b)
	if err != nil {
		return err
	}
	if whole {
		tally.stored(p.Size)
		return nil
	}
	return a.client.download(ctx, b, path, tally)
}

// Deb returns the path at which the .deb of a fetched package is in the store.
func (a *Archive) Deb(p debian.Package) string {
	return a.store.path("pool", p.SHA256)
}

// verifyFile tells whether the blob is at path. What is there and is not the
// blob is removed.
func verifyFile(path string, b blob) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the cache: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return false, fmt.Errorf("reading the cache: %w", err)
	}
	if n == b.size && hex.EncodeToString(sum.Sum(nil)) == b.sha256 {
		return true, nil
	}
	if err := os.Remove(path); err != nil {
		return false, fmt.Errorf("removing a damaged file of the cache: %w", err)
	}
	return false, nil
}
