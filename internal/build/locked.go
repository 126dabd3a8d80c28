package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/containerd/platforms"

	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// takeLocks gives each target the packages that the lock beside its recipe names.
func takeLocks(targets []*target) error {
	read := map[string]*lock.Lock{}
	for _, t := range targets {
		file := lock.FileName(t.recipe.File, t.recipe.Suite.Name)
		if read[file] == nil {
			l, err := readLock(file)
			if err != nil {
				return err
			}
			read[file] = l
		}
		if err := t.take(file, read[file]); err != nil {
			return err
		}
	}
	return nil
}

// openLocks returns the archives of targets with locks at the state of these, and
// has the cache keep what they need. No mirror is asked.
func openLocks(ctx context.Context, o Options, dir string, targets []*target) (archives, error) {
	all, files := archives{}, map[string]bool{}
	for _, t := range targets {
		file := lock.FileName(t.recipe.File, t.recipe.Suite.Name)
		if err := cache.Remember(dir, file); err != nil {
			return nil, err
		}
		files[file] = true
		if all[t.archive()] != nil {
			continue
		}
		source, progress := source(ctx, o, dir, t.recipe.Suite.Name)
		source.Snapshot = os.Getenv("OARBUILD_SNAPSHOT")
		archive, err := mirror.Reopen(source, further(t.recipe.Sources), t.locked)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.recipe.File, err)
		}
		all[t.archive()] = &suiteArchive{archive, nil, progress}
	}
	o.say("took %d packages for %s from %s", len(union(targets)), count(len(targets), "image"), count(len(files), "lock"))
	return all, all.date(o, targets)
}

// errNoLock is why a lock cannot be read most of the time.
var errNoLock = errors.New("there is none")

// readLock reads a lock file.
func readLock(file string) (*lock.Lock, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ui.Usage(fmt.Errorf("reading the lock %s: %w", file, errNoLock), "oarbuild lock writes it")
	}
	if err != nil {
		return nil, ui.Usage(fmt.Errorf("reading the lock: %w", err), "oarbuild lock writes it anew")
	}
	return lock.Decode(file, data)
}

// platformName is the name under which a lock has the target's platform.
func (t *target) platformName() string { return platforms.Format(t.platform) }

// take takes the target's packages from a lock, which must have been made for
// the recipe as it is.
func (t *target) take(file string, l *lock.Lock) error {
	p, err := t.lockedIn(file, l)
	if err != nil {
		return err
	}
	if err := t.agrees(file, l, p); err != nil {
		return err
	}
	for _, level := range p.Levels {
		t.packages = append(t.packages, level.Packages)
	}
	own := func(p debian.Package) bool { return p.Name == preloaded && p.Architecture == t.arch }
	t.eatmydata = slices.DeleteFunc(slices.Clone(p.Preload), func(p debian.Package) bool { return !own(p) })
	t.native = slices.DeleteFunc(slices.Clone(p.Preload), own)
	t.locked = l.ReleasesFor(t.arch)
	if !slices.ContainsFunc(t.locked, func(r lock.Release) bool { return r.Suite == l.Suite }) {
		return ui.Usage(fmt.Errorf("%s: it has no release of %s for %s", file, l.Suite, t), "oarbuild lock writes it anew")
	}
	return nil
}

// lockedIn returns what a lock has for the target's platform.
func (t *target) lockedIn(file string, l *lock.Lock) (*lock.Platform, error) {
	if p := l.Platform(t.platformName()); p != nil {
		return p, nil
	}
	return nil, ui.Usage(fmt.Errorf("%s: it has no packages for %s", file, t), "oarbuild lock writes it anew, for all platforms of the recipe")
}

// agrees says how the recipe differs from the one that the lock was made for.
func (t *target) agrees(file string, l *lock.Lock, p *lock.Platform) error {
	at, changes := file, []string{}
	if l.Recipe != t.recipe.Name || l.Suite != t.recipe.Suite.Name {
		changes = append(changes, fmt.Sprintf("it was %s of %s", l.Recipe, l.Suite))
	}
	for _, s := range t.recipe.Sources {
		if !slices.ContainsFunc(l.Sources, func(other lock.Source) bool { return sameSource(other, lockedSource(s)) }) {
			changes = append(changes, fmt.Sprintf("source %s is new, or another one", s.Name))
		}
	}
	for i, level := range t.recipe.Levels {
		if i >= len(p.Levels) || p.Levels[i].Name != level.Name || len(t.recipe.Levels) != len(p.Levels) {
			changes = append(changes, "it comes from other recipes")
			break
		}
		if change := compareAsks(p.Levels[i].Asks, level); change != "" && len(changes) == 0 {
			at, changes = p.Levels[i].At, append(changes, change)
		}
	}
	for _, one := range p.Packages() {
		if !slices.Contains([]string{"debian", "debian-security"}, one.Archive) && !slices.ContainsFunc(t.recipe.Sources, func(s recipes.Source) bool { return s.Name == one.Archive }) {
			changes = append(changes, "source "+one.Archive+" is gone")
			break
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return ui.Usage(fmt.Errorf("%s: %s was changed after it was locked: %s", at, t.recipe.File, strings.Join(changes, ", ")), "oarbuild lock locks it anew")
}

// compareAsks says what a level asks for that it did not ask for when it was
// locked, and the other way round.
func compareAsks(locked []string, level recipes.Level) string {
	asks := asksOf(level)
	without := func(all, some []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(some, name) })
	}
	var changes []string
	if more := without(asks, locked); len(more) > 0 {
		changes = append(changes, "asks for "+strings.Join(more, ", "))
	}
	if fewer := without(locked, asks); len(fewer) > 0 {
		changes = append(changes, "no more asks for "+strings.Join(fewer, ", "))
	}
	if len(changes) == 0 {
		return ""
	}
	return level.Name + " " + strings.Join(changes, " and ")
}

// asksOf returns the packages that a level asks for, sorted.
func asksOf(level recipes.Level) []string {
	asks := []string{}
	for _, p := range level.Packages {
		asks = append(asks, p.Name)
	}
	slices.Sort(asks)
	return asks
}

// aboutLock says of packages that cannot be had for a locked build what they are
// needed for, and what to do.
func aboutLock(targets []*target, err error) error {
	v, ok := errors.AsType[*mirror.Vanished](err)
	if !ok || targets[0].locked == nil {
		return err
	}
	hint := "name a mirror that still has them with --mirror, copy the store of a machine that has them, name a snapshot service by OARBUILD_SNAPSHOT, or lock what the mirror has by oarbuild lock"
	if v.Offline {
		hint = "run oarbuild lock while the network is there: it fetches what it locks"
	}
	return ui.WithHint(fmt.Errorf("building from locks: %w", error(v)), "%s", hint)
}
