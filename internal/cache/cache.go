// Package cache keeps the folder of what can be fetched or made again within
// bounds: .debs, package indexes, answers of the resolution, and layers.
//
// What was not used for longest goes first. What a lock file needs stays, as long
// as the lock is where it was when it was written or built from; and nothing goes
// while a build runs. The verified Release files stay, too: they are small, and
// remember which dates a mirror has served.
//
// The folder is shared by processes: who works in it has entered it ([Enter]),
// and who makes room waits until all have left.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/lockfile"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// The names below the folder that are this package's own.
const (
	inUse  = "in-use" // locked by who works in the folder
	locks  = "locks"  // the paths of lock files, each in a file
	pruned = "pruned" // as old as the last time that room was made unasked
)

// Dir returns the folder of what can be fetched or made again.
func Dir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", ui.WithHint(fmt.Errorf("finding the cache folder: %w", err), "set HOME or XDG_CACHE_HOME")
	}
	return filepath.Join(dir, "oarcluster"), nil
}

// Enter keeps what is in the folder from being pruned until leave is called.
func Enter(ctx context.Context, dir string) (leave func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, ui.WithHint(fmt.Errorf("opening the cache: %w", err), "set XDG_CACHE_HOME to a folder you may write to")
	}
	f, err := lockfile.Share(ctx, filepath.Join(dir, inUse))
	if err != nil {
		return nil, fmt.Errorf("opening the cache: %w", err)
	}
	return func() { f.Close() }, nil
}

// Remember keeps what the lock file needs, until it is gone.
func Remember(dir, file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(path))
	name := filepath.Join(dir, locks, hex.EncodeToString(sum[:]))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	if old, err := os.ReadFile(name); err == nil && string(old) == path+"\n" {
		return nil
	}
	if err := os.WriteFile(name, []byte(path+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	return nil
}

// needed returns the digests of the .debs that remembered locks need. A lock
// that cannot be read is an error: what it needs is not known.
func needed(dir string) (map[string]bool, error) {
	digests := map[string]bool{}
	entries, err := os.ReadDir(filepath.Join(dir, locks))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the cache: %w", err)
	}
	for _, entry := range entries {
		name := filepath.Join(dir, locks, entry.Name())
		path, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the cache: %w", err)
		}
		file := strings.TrimSuffix(string(path), "\n")
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(name)
			continue
		}
		var l *lock.Lock
		if err == nil {
			l, err = lock.Decode(file, data)
		}
		if err != nil {
			return nil, ui.WithHint(fmt.Errorf("looking for what is still needed: %w", err), "mend or remove that lock: what it needs cannot be told")
		}
		for _, p := range l.Platforms {
			for _, one := range p.Packages() {
				digests[one.SHA256] = true
			}
		}
	}
	return digests, nil
}

// Tidy makes room when the folder is larger than keep, if nobody works in it and
// the last time is a day ago. It returns what was removed.
func Tidy(dir string, keep int64, now time.Time) (Report, error) {
	mark := filepath.Join(dir, pruned)
	if info, err := os.Stat(mark); err == nil && now.Sub(info.ModTime()) < 24*time.Hour {
		return nil, nil
	}
	f, err := lockfile.Try(filepath.Join(dir, inUse))
	if f == nil || err != nil {
		return nil, err
	}
	defer f.Close()
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		return nil, fmt.Errorf("writing the cache: %w", err)
	}
	_ = os.Chtimes(mark, now, now)
	return sweep(dir, keep, false)
}

// Prune makes room until the folder holds at most keep bytes, or nothing is left
// that may go. With dry, it tells alone what it would remove. It waits for those
// who work in the folder, after telling so.
func Prune(ctx context.Context, dir string, keep int64, dry bool, waiting func()) (Report, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return Report{}, nil
	}
	f, err := lockfile.Try(filepath.Join(dir, inUse))
	if f == nil && err == nil {
		waiting()
		f, err = lockfile.Wait(ctx, filepath.Join(dir, inUse))
	}
	if err != nil {
		return nil, fmt.Errorf("pruning the cache: %w", err)
	}
	defer f.Close()
	return sweep(dir, keep, dry)
}
