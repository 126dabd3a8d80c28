package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/pkgdiff"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// WriteLocks resolves the recipes afresh, for all of their platforms unless the
// options name some, and writes a lock beside each of them. It returns the
// names of the files and what changed in them. Unless fetch is false, the
// packages are fetched as well, so that the store keeps what the locks need.
func WriteLocks(ctx context.Context, o Options, fetch bool) ([]string, pkgdiff.Report, error) {
	dir, leave, err := enterCache(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	locks, targets, a, err := resolveLocks(ctx, o, dir, func(r *recipes.Resolved) []string { return r.Platforms })
	if err != nil {
		return nil, nil, err
	}
	if fetch {
		if err := a.fetch(ctx, o, targets); err != nil {
			return nil, nil, err
		}
	}
	var files []string
	var before, after []pkgdiff.Set
	for _, l := range locks {
		text, err := l.Encode()
		if err != nil {
			return nil, nil, fmt.Errorf("writing the lock %s: %w", l.file, err)
		}
		old, err := os.ReadFile(l.file)
		if known, err := lock.Decode(l.file, old); err == nil {
			before, after = append(before, lockSets(known)...), append(after, lockSets(l.Lock)...)
		}
		if err != nil || !bytes.Equal(old, text) {
			if err := replaceFile(l.file, text); err != nil {
				return nil, nil, fmt.Errorf("writing the lock: %w", err)
			}
		}
		if err := cache.Remember(dir, l.file); err != nil {
			return nil, nil, err
		}
		files = append(files, l.file)
	}
	return files, pkgdiff.Compare(before, after), nil
}

// CheckLocks resolves the recipes afresh, for the platforms of their locks unless
// the options name some, and tells what [WriteLocks] would change about these: in
// packages, and as sentences, in what the locks were made for. That the archive
// has a newer date alone is no change.
func CheckLocks(ctx context.Context, o Options) (pkgdiff.Report, []string, error) {
	dir, leave, err := enterCache(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	locks, targets, _, err := resolveLocks(ctx, o, dir, lockedPlatforms)
	if err != nil {
		return nil, nil, err
	}
	var before, after []pkgdiff.Set
	var changes []string
	for _, l := range locks {
		known, err := readLock(l.file)
		if errors.Is(err, errNoLock) {
			changes = append(changes, err.Error())
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		known.Platforms = slices.DeleteFunc(known.Platforms, func(p lock.Platform) bool { return l.Platform(p.Name) == nil })
		before = append(before, lockSets(known)...)
		for _, t := range targets {
			if t.recipe.File != l.recipe {
				continue
			}
			p, err := t.lockedIn(l.file, known)
			if err == nil {
				err = t.agrees(l.file, known, p)
			}
			if err != nil {
				changes = append(changes, err.Error())
			}
		}
		l.Platforms = slices.DeleteFunc(l.Platforms, func(p lock.Platform) bool { return known.Platform(p.Name) == nil })
		after = append(after, lockSets(l.Lock)...)
	}
	return pkgdiff.Compare(before, after), changes, nil
}

// setsOfLock reads a lock file as sets of packages to compare with others.
func setsOfLock(file string) ([]pkgdiff.Set, error) {
	l, err := readLock(file)
	if err != nil {
		return nil, err
	}
	sets := lockSets(l)
	for i := range sets {
		sets[i].Title = l.Platforms[i].Name
	}
	return sets, nil
}

// lockSets returns the packages of each platform of a lock.
func lockSets(l *lock.Lock) []pkgdiff.Set {
	var sets []pkgdiff.Set
	for _, p := range l.Platforms {
		set := pkgdiff.Set{Title: l.Recipe + " for " + p.Name}
		for _, one := range p.Packages() {
			set.Packages = append(set.Packages, pkgdiff.Package{Name: one.Name, Version: one.Version, Architecture: one.Architecture, SHA256: one.SHA256})
		}
		sets = append(sets, set)
	}
	return sets
}

// lockFile is a lock, where it belongs, and the recipe that it is of.
type lockFile struct {
	*lock.Lock
	file, recipe string
}

// lockedPlatforms returns the platforms that a recipe's lock has packages for,
// or all of the recipe's when there is no good lock.
func lockedPlatforms(r *recipes.Resolved) []string {
	l, err := readLock(lock.FileName(r.File, r.Suite.Name))
	if err != nil {
		return r.Platforms
	}
	var names []string
	for _, p := range l.Platforms {
		names = append(names, p.Name)
	}
	return names
}

// resolveLocks makes the locks of the recipes, one for all platforms of each,
// where the options name none. The caller has entered the cache in dir.
func resolveLocks(ctx context.Context, o Options, dir string, platforms func(*recipes.Resolved) []string) ([]lockFile, []*target, archives, error) {
	if o.Locked {
		return nil, nil, nil, ui.Usage(errors.New("--locked is for builds: a lock is written from the archive as it is"), "leave --locked out")
	}
	targets, err := planFor(o, platforms)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, set := range byImage(targets) {
		if r := targets[set[0]].recipe; r.Base != "" {
			o.say("%s needs no lock: it comes from an image that is named by its digest", r.File)
		}
	}
	targets = overArchive(targets)
	a, err := openArchives(ctx, o, dir, targets)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := a.resolve(ctx, o, targets); err != nil {
		return nil, nil, nil, err
	}
	var locks []lockFile
	for _, set := range byImage(targets) {
		first := targets[set[0]].recipe
		l := lockFile{&lock.Lock{Recipe: first.Name, Suite: first.Suite.Name}, lock.FileName(first.File, first.Suite.Name), first.File}
		for _, n := range set {
			if err := targets[n].writeInto(l.Lock, a); err != nil {
				return nil, nil, nil, err
			}
		}
		locks = append(locks, l)
	}
	return locks, targets, a, nil
}

// writeInto adds the target's packages to a lock, and what they follow from.
func (t *target) writeInto(l *lock.Lock, a archives) error {
	releases, err := a.of(t).Releases(t.arch)
	if err != nil {
		return err
	}
	for _, r := range releases {
		i := slices.IndexFunc(l.Releases, func(other lock.Release) bool { return other.Suite == r.Suite && other.Archive == r.Archive })
		if i < 0 {
			l.Releases = append(l.Releases, r)
			continue
		}
		for _, index := range r.Indexes {
			if !slices.Contains(l.Releases[i].Indexes, index) {
				l.Releases[i].Indexes = append(l.Releases[i].Indexes, index)
			}
		}
	}
	for _, s := range t.recipe.Sources {
		if one := lockedSource(s); !slices.ContainsFunc(l.Sources, func(other lock.Source) bool { return other.Name == one.Name }) {
			l.Sources = append(l.Sources, one)
		}
	}
	p := lock.Platform{Name: t.platformName(), Preload: t.eatmydata}
	for i, level := range t.recipe.Levels {
		p.Levels = append(p.Levels, lock.Level{Name: level.Name, Asks: asksOf(level), Packages: t.packages[i]})
	}
	l.Platforms = append(l.Platforms, p)
	return nil
}

// replaceFile writes a file in one step.
func replaceFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".lock-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
