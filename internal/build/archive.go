package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/keys"
)

// preloaded is the package whose library keeps maintainer scripts from syncing
// the disk at every file.
const preloaded = "libeatmydata1"

// archives are what targets' packages come from, by [target.archive].
type archives map[string]*suiteArchive

// suiteArchive is the archive of one suite, with the further ones of a recipe,
// and how its transfers go.
type suiteArchive struct {
	*mirror.Archive
	debian   *mirror.Archive // without the further ones, nil when all is locked
	progress *progress
}

// archive names what the target's packages come from. Targets of one name share
// one archive.
func (t *target) archive() string {
	name := t.recipe.Suite.Name + describeSources(t.recipe.Sources)
	if t.locked != nil {
		name += fmt.Sprintf("\n%v", t.locked)
	}
	return name
}

// openArchives opens the archive of each suite that the targets are of, and the
// further archives that they name beside it.
func openArchives(ctx context.Context, o Options, dir string, targets []*target) (archives, error) {
	all, suites := archives{}, archives{}
	for _, t := range targets {
		suite := t.recipe.Suite.Name
		if suites[suite] == nil {
			source, progress := source(ctx, o, dir, suite)
			archive, err := mirror.Open(ctx, source)
			if err != nil {
				return nil, err
			}
			suites[suite] = &suiteArchive{archive, archive, progress}
		}
		if all[t.archive()] != nil {
			continue
		}
		archive, err := suites[suite].With(ctx, further(t.recipe.Sources))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.recipe.File, err)
		}
		all[t.archive()] = &suiteArchive{archive, suites[suite].Archive, suites[suite].progress}
	}
	said := map[string]bool{}
	for _, archive := range all {
		for _, warning := range archive.Warnings() {
			if !said[warning] {
				o.warn(warning)
			}
			said[warning] = true
		}
	}
	return all, all.date(o, targets)
}

// date gives each target its newest time, and the state of the archive that it
// is made of.
func (a archives) date(o Options, targets []*target) error {
	for _, t := range targets {
		var err error
		if t.releases, err = a.of(t).Releases(); err != nil {
			return err
		}
		t.epoch = a.of(t).Date()
		if !o.Epoch.IsZero() {
			t.epoch = o.Epoch
		}
	}
	return nil
}

// source returns the mirror to take a suite from: the one asked for, else that
// of this machine's apt, else the public one.
func source(ctx context.Context, o Options, dir, suite string) (mirror.Source, *progress) {
	s, ok := mirror.FromMachine(ctx)
	if o.Mirror != "" || !ok {
		s = mirror.At(cmp.Or(o.Mirror, mirror.Default))
	}
	s.Suite, s.Keyring = suite, keys.DebianArchive()
	if o.keyring != nil {
		s.Keyring = o.keyring
	}
	s.AllowStale, s.Offline = s.AllowStale || o.AllowStale, o.Offline
	progress := newProgress(o)
	s.Cache, s.Progress = filepath.Join(dir, "debian"), progress.take
	return s, progress
}

func (a archives) of(t *target) *suiteArchive { return a[t.archive()] }

// resolve finds the packages of every level of every target.
func (a archives) resolve(ctx context.Context, o Options, targets []*target) error {
	if len(targets) == 0 {
		return nil
	}
	begun, unaided := time.Now(), make([]error, len(targets))
	group, ctx := errgroup.WithContext(ctx)
	for i, t := range targets {
		group.Go(func() (err error) {
			if t.packages, err = a.of(t).Resolve(ctx, t.arch, t.request()); err != nil {
				return a.blame(ctx, t, err)
			}
			groups, err := a.of(t).Resolve(ctx, t.arch, debian.Request{Groups: [][]string{{preloaded}}})
			if err != nil {
				return err
			}
			for _, p := range groups[0] {
				if p.Name == preloaded {
					t.eatmydata = []debian.Package{p}
				}
			}
			unaided[i] = a.resolveNative(ctx, t)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	o.warnUnaided(unaided)
	for _, archive := range a {
		if line := archive.progress.line("index", "indexes", time.Since(begun)); line != "" {
			o.say("%s", line)
		}
	}
	o.say("resolved %d packages for %s in %s", len(union(targets)), count(len(targets), "image"), seconds(time.Since(begun)))
	return nil
}

// blame says which lines of the recipes ask for packages that cannot be had: a
// mistake in the recipe. When each package can be had alone, the set as a whole
// is at fault, and err explains it.
func (a archives) blame(ctx context.Context, t *target, err error) error {
	var mistakes []error
	for _, level := range t.recipe.Levels {
		for _, p := range level.Packages {
			alone := debian.Request{Groups: [][]string{{p.Name}}}
			if _, err := a.of(t).Resolve(ctx, t.arch, alone); err != nil && ctx.Err() == nil {
				mistakes = append(mistakes, fmt.Errorf("%s: %w", p.At, err))
			}
		}
	}
	if len(mistakes) > 0 {
		return ui.WithCode(errors.Join(mistakes...), ui.CodeUsage)
	}
	return fmt.Errorf("%s: %w", t.recipe.File, err)
}

// request asks for a target's packages, level by level.
func (t *target) request() debian.Request {
	r := debian.Request{Bare: true}
	for _, level := range t.recipe.Levels {
		names := []string{}
		for _, p := range level.Packages {
			names = append(names, p.Name)
		}
		r.Groups = append(r.Groups, names)
	}
	return r
}

// fetch brings the .debs of all targets into the store, and says how that went.
func (a archives) fetch(ctx context.Context, o Options, targets []*target) error {
	for name, archive := range a {
		var wanted []*target
		for _, t := range targets {
			if t.archive() == name {
				wanted = append(wanted, t)
			}
		}
		begun, packages := time.Now(), union(wanted)
		err := archive.Fetch(ctx, packages)
		for _, name := range archive.Damaged() {
			o.warn("package " + name + " was damaged or exchanged in the store: it was thrown away")
		}
		if names := archive.Recalled(); len(names) > 0 {
			o.say("the mirror has no more, and the snapshot service had: %s", strings.Join(names, ", "))
		}
		if err != nil {
			return aboutLock(wanted, err)
		}
		if line := archive.progress.line("package", "packages", time.Since(begun)); line != "" {
			o.say("%s", line)
		}
	}
	return nil
}

// union returns the packages of all targets, each once.
func union(targets []*target) []debian.Package {
	var all []debian.Package
	seen := map[string]bool{}
	for _, t := range targets {
		for _, group := range append(t.packages, t.eatmydata, t.native) {
			for _, p := range group {
				if !seen[p.SHA256] {
					seen[p.SHA256] = true
					all = append(all, p)
				}
			}
		}
	}
	return all
}
