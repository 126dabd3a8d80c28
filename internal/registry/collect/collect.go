// Package collect removes from the folder of the embedded registry what no tag
// leads to: images that a later one took the place of, and uploads that were cut
// off.
//
// # What stays
//
// All that a tag leads to, through indexes, manifests and what is attached to
// them. Then, newest first, the untagged manifests that fit into the size asked
// for, for somebody may run them by digest. And what is younger than an hour:
// somebody may be pushing it, its blobs first.
//
// # Who may be at work meanwhile
//
// A push by this program holds a shared lock of the folder ([Hold]) from its
// first question to its last tag, and [Run] takes the lock alone. So a push
// never finds a blob and loses it before the manifest is written. Other programs
// that push through the registry have the hour. Reading goes on all the time.
package collect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/sirupsen/logrus"

	"github.com/oarcluster/oarcluster/internal/lockfile"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// young is the age below which nothing is removed.
const young = time.Hour

// Options say what to remove.
type Options struct {
	Root   string // folder of the registry
	Keep   int64  // bytes that may stay, of what no tag leads to the newest; what tags lead to stays in any case
	DryRun bool   // remove nothing
	Now    time.Time
	// Waiting is called when somebody pushes, which is waited for.
	Waiting func()
}

// Removed is what was removed, or would have been.
type Removed struct {
	Manifests    []string // REPOSITORY@DIGEST, sorted
	Blobs        int      // of those and others
	Bytes, Stays int64    // of blobs
}

// Hold keeps the registry of the folder root from being collected until release
// is called, which may be done more than once.
func Hold(ctx context.Context, root string) (release func(), err error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, ui.WithHint(fmt.Errorf("making the registry's folder: %w", err), "set XDG_DATA_HOME to a folder you may write to")
	}
	lock, err := lockfile.Share(ctx, lockOf(root))
	if err != nil {
		return nil, err
	}
	return func() { lock.Close() }, nil
}

// lockOf returns the name of the lock of a registry's folder.
func lockOf(root string) string { return filepath.Join(root, "lock") }

// Run removes what need not stay.
func Run(ctx context.Context, o Options) (*Removed, error) {
	removed, err := run(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("collecting the registry of %s: %w", o.Root, err)
	}
	return removed, nil
}

func run(ctx context.Context, o Options) (*Removed, error) {
	if _, err := os.Stat(o.Root); os.IsNotExist(err) {
		return &Removed{}, nil
	}
	lock, err := lockfile.Try(lockOf(o.Root))
	if lock == nil && err == nil {
		if o.Waiting != nil {
			o.Waiting()
		}
		lock, err = lockfile.Wait(ctx, lockOf(o.Root))
	}
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	logrus.SetLevel(logrus.PanicLevel) // see package registry
	files := filesystem.New(filesystem.DriverParameters{RootDirectory: o.Root, MaxThreads: 100})
	namespace, err := storage.NewRegistry(ctx, files, storage.EnableDelete)
	if err != nil {
		return nil, err
	}
	m := &marker{options: o, files: files, namespace: namespace, kept: map[string]bool{}, manifests: map[string]bool{}}
	if err := m.mark(ctx); err != nil {
		return nil, err
	}
	return m.sweep(ctx)
}

// isNotThere tells whether the driver has no such file.
func isNotThere(err error) bool {
	_, ok := err.(driver.PathNotFoundError)
	return ok
}
