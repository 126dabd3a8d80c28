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
// options name some, and writes a lock beside each of them, in which other
// platforms stay as they are. It returns the names of the files and what changed
// in them. Unless fetch is false, the packages are fetched as well, so that the store
// keeps what the locks need.
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
		known, err := readLock(l.file)
		if len(o.Platforms) > 0 && !errors.Is(err, errNoLock) {
			if err != nil {
				return nil, nil, err
			}
			if err := l.keepOthers(o, known); err != nil {
				return nil, nil, err
			}
		}
		if known != nil {
			before, after = append(before, lockSets(known)...), append(after, lockSets(l.Lock)...)
		}
		if err := l.write(); err != nil {
			return nil, nil, fmt.Errorf("writing the lock %s: %w", l.file, err)
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

// setsOfLock reads of a lock file what the images of its platforms consist of,
// to compare it with another lock or a published image.
func setsOfLock(file string) ([]pkgdiff.Set, error) {
	l, err := readLock(file)
	if err != nil {
		return nil, err
	}
	return imageSets(l), nil
}

// imageSets returns for each platform of a lock the packages of the image.
func imageSets(l *lock.Lock) []pkgdiff.Set {
	var sets []pkgdiff.Set
	for _, p := range l.Platforms {
		set := pkgdiff.Set{Title: p.Name}
		for _, level := range p.Levels {
			for _, one := range level.Packages {
				set.Packages = append(set.Packages, pkgdiff.Package{Name: one.Name, Version: one.Version, Architecture: one.Architecture, SHA256: one.SHA256})
			}
		}
		sets = append(sets, set)
	}
	return sets
}

// lockSets returns for each platform of a lock all that it names. The packages
// that only help to build have their architecture in the name, as dpkg writes it:
// the image may have one of the same name, and they one for each of two
// architectures.
func lockSets(l *lock.Lock) []pkgdiff.Set {
	sets := imageSets(l)
	for i, p := range l.Platforms {
		sets[i].Title = l.Recipe + " for " + p.Name
		for _, one := range p.Preload {
			sets[i].Packages = append(sets[i].Packages, pkgdiff.Package{Name: one.Name + ":" + one.Architecture, Version: one.Version, Architecture: one.Architecture, SHA256: one.SHA256})
		}
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
	return platformNames(l)
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
	for _, s := range t.recipe.Sources {
		if one := lockedSource(s); !slices.ContainsFunc(l.Sources, func(other lock.Source) bool { return other.Name == one.Name }) {
			l.Sources = append(l.Sources, one)
		}
	}
	p := lock.Platform{Name: t.platformName(), Preload: slices.Concat(t.eatmydata, t.native)}
	for i, level := range t.recipe.Levels {
		p.Levels = append(p.Levels, lock.Level{Name: level.Name, Asks: asksOf(level), Packages: t.packages[i]})
	}
	l.Add(p, releases)
	return nil
}

// write writes the lock, unless it is there like that.
func (l lockFile) write() error {
	text, err := l.Encode()
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(l.file); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return replaceFile(l.file, text)
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
