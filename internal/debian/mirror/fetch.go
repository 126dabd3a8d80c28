package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// Fetch brings the .debs of the packages into the store, several at a time, and
// verifies those that are there already. Duplicates are fetched once. What was
// fetched before an error stays. What the mirror has no more comes from the source's
// Snapshot, if there is one. When nothing but packages that cannot be had is in the
// way, the error is a [*Vanished] of all of them.
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
	var vanished Vanished
	group, fetching := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, p := range unique {
		group.Go(func() error {
			err := a.fetchOne(fetching, p, &tally)
			if vanished.take(p, err) {
				return nil
			}
			if err == nil {
				tally.done()
			}
			return wrap("package", p.Name, err)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	slices.SortFunc(vanished.Packages, func(a, b debian.Package) int { return strings.Compare(a.Name, b.Name) })
	if len(vanished.Packages) > 0 {
		vanished.Packages, vanished.Snapshot = a.recall(ctx, vanished.Packages, &tally)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return vanished.err()
}

// blobOf returns the .deb of a package of an archive whose folder is at base.
func blobOf(p debian.Package, base string) blob {
	// Some servers take a bare plus sign for a blank.
	return blob{base + "/" + strings.ReplaceAll(p.Filename, "+", "%2B"), p.SHA256, p.Size}
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
	b := blobOf(p, a.bases[p.Archive])
	state, err := verifyFile(path, b)
	if err != nil {
		return err
	}
	switch state {
	case whole:
		tally.stored(p.Size)
		return nil
	case damaged:
		a.mu.Lock()
		a.damaged = append(a.damaged, p.Name)
		a.mu.Unlock()
	}
	return a.client.download(ctx, b, path, tally)
}

// Damaged returns the packages of which Fetch found something else in the store
// than it should be, and threw it away.
func (a *Archive) Damaged() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.damaged))
}

// Deb returns the path at which the .deb of a fetched package is in the store.
func (a *Archive) Deb(p debian.Package) string {
	return a.store.path("pool", p.SHA256)
}

// state is what verifyFile finds.
type state int

const (
	absent state = iota
	damaged
	whole
)

// verifyFile tells whether the blob is at path. What is there and is not the
// blob is removed.
func verifyFile(path string, b blob) (state, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return absent, nil
	}
	if err != nil {
		return absent, fmt.Errorf("reading the cache: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return absent, fmt.Errorf("reading the cache: %w", err)
	}
	if n == b.size && hex.EncodeToString(sum.Sum(nil)) == b.sha256 {
		touch(path)
		return whole, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // another process may have been faster
		return absent, fmt.Errorf("removing a damaged file of the cache: %w", err)
	}
	return damaged, nil
}
