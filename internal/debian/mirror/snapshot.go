package mirror

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// snapshotAfter is how long after an archive's newest Release file it is looked
// at: the service takes a copy several times a day, and gives the last one before
// the time asked for, while the archive keeps for longer what no index names any
// more.
const snapshotAfter = 12 * time.Hour

// recall brings packages that the mirror has no more into the store from the
// source's snapshot service, which has an archive as it was at some time at
// /archive/ARCHIVE/TIME/. It needs no trust, for the digest of each package is
// known. It is asked for one after the other, as such services want it. recall
// returns those that cannot be had there either. When it fails otherwise, that is
// the error, and the rest is not asked for.
func (a *Archive) recall(ctx context.Context, packages []debian.Package, tally *tally) (missing []debian.Package, err error) {
	for i, p := range packages {
		folder := a.snapshotOf(p)
		if folder == "" {
			missing = append(missing, p)
			continue
		}
		err := a.client.download(ctx, blobOf(p, folder), a.Deb(p), tally)
		if _, gone := errors.AsType[notFound](err); gone {
			missing = append(missing, p)
			continue
		}
		if err != nil {
			return append(missing, packages[i:]...), err
		}
		a.mu.Lock()
		a.recalled = append(a.recalled, p.Name)
		a.mu.Unlock()
		tally.done()
	}
	return missing, nil
}

// snapshotOf returns the folder of the snapshot service that is a package's
// archive at the state that is known of it, "" for an archive that it does not
// have.
func (a *Archive) snapshotOf(p debian.Package) string {
	var newest time.Time
	for _, s := range a.suites {
		if s.archive == p.Archive && s.release.Date.After(newest) {
			newest = s.release.Date
		}
	}
	if a.source.Snapshot == "" || a.source.Offline || newest.IsZero() || !slices.Contains([]string{"debian", "debian-security"}, p.Archive) {
		return ""
	}
	return strings.TrimRight(a.source.Snapshot, "/") + "/archive/" + p.Archive + "/" + newest.Add(snapshotAfter).UTC().Format("20060102T150405Z")
}

// Recalled returns the packages that Fetch got from the snapshot service.
func (a *Archive) Recalled() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.recalled))
}
