package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/oci"
)

// Report tells of each kind of thing how much there is. Sums are in bytes.
type Report []Line

// Line is one kind of thing in the cache.
type Line struct {
	Kind                    string // "packages", "indexes", "layers"
	Removed, Kept           int
	RemovedBytes, KeptBytes int64
	Locked                  int // of those kept, needed by locks
}

// item is something that can be removed as a whole.
type item struct {
	kind   string
	used   time.Time
	size   int64
	paths  []string
	locked bool
}

// sweep removes the items that were not used for longest until the rest is at
// most keep bytes. dry removes nothing.
func sweep(dir string, keep int64, dry bool) (Report, error) {
	items, err := collect(dir)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(items, func(a, b item) int { return a.used.Compare(b.used) })
	total := int64(0)
	for _, it := range items {
		total += it.size
	}
	report := Report{{Kind: packages}, {Kind: indexes}, {Kind: layers}}
	for _, it := range items {
		line := &report[slices.IndexFunc(report, func(l Line) bool { return l.Kind == it.kind })]
		if it.locked || total <= keep {
			line.Kept++
			line.KeptBytes += it.size
			if it.locked {
				line.Locked++
			}
			continue
		}
		if err := it.remove(dry); err != nil {
			return report, err
		}
		total -= it.size
		line.Removed++
		line.RemovedBytes += it.size
	}
	return report, nil
}

// remove removes the item's files, unless it is only to be tried.
func (it item) remove(dry bool) error {
	for _, path := range it.paths {
		if dry {
			break
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("pruning the cache: %w", err)
		}
	}
	return nil
}

// The kinds of things.
const (
	packages = "packages"
	indexes  = "indexes"
	layers   = "layers"
)

// collect finds all that may be removed, and whether a lock needs it.
func collect(dir string) ([]item, error) {
	need, err := needed(dir)
	if err != nil {
		return nil, err
	}
	var items []item
	for folder, kind := range map[string]string{"debian/pool": packages, "debian/indexes": indexes, "debian/resolved": indexes, "bases": indexes} {
		// The folder may be a link to another disk, which WalkDir would not follow.
		root, err := filepath.EvalSymlinks(filepath.Join(dir, folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the cache: %w", err)
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			digest := strings.TrimSuffix(d.Name(), ".part")
			items = append(items, item{kind, info.ModTime(), info.Size(), []string{path}, kind == packages && need[digest]})
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading the cache: %w", err)
		}
	}
	store := filepath.Join(dir, "layers")
	if _, err := os.Stat(store); errors.Is(err, fs.ErrNotExist) {
		return items, nil
	}
	opened, err := oci.Open(store)
	if err != nil {
		return nil, err
	}
	kept, err := opened.Kept()
	for _, k := range kept {
		items = append(items, item{layers, k.Used, k.Size, k.Paths, false})
	}
	return items, err
}
