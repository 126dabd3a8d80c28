package mirror

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/oarcluster/oarcluster/internal/lockfile"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// store is the cache folder. Its files appear by rename only, so who finds one
// finds it whole.
type store struct{ root string }

// path returns where a thing of a kind is kept, by the digest that names it.
// The first two digits make a folder, to keep folders small. For what is no
// SHA-256 in hexadecimal digits there is no place: the answer is a path at which
// nothing can ever be.
func (s store) path(kind, digest string) string {
	if !isDigest(digest) {
		return filepath.Join(s.root, kind, "no digest", "\x00")
	}
	return filepath.Join(s.root, kind, digest[:2], digest)
}

// unwritable is the error of a cache that cannot be written.
func unwritable(err error) error {
	err = fmt.Errorf("writing the cache: %w", err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ui.WithHint(err, "the disk is full: make room and run it again, which goes on where it stopped; oarbuild prune gives some of the cache back")
	}
	return err
}

// isDigest tells whether text is a SHA-256 as it names things in the store.
func isDigest(text string) bool {
	return len(text) == 2*sha256.Size && strings.Trim(text, "0123456789abcdef") == ""
}

// writeFile puts data at path in one step.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return unwritable(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return unwritable(err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return unwritable(err)
	}
	return nil
}

// partial opens the file in which path grows, for this process alone. It may
// hold the beginning that an earlier attempt left. When another process brings
// path to its end in the meantime, the answer is nil.
func partial(ctx context.Context, path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, unwritable(err)
	}
	for {
		f, err := lockfile.Try(path + ".part")
		if err != nil {
			return nil, unwritable(err)
		}
		if _, whole := os.Stat(path); whole == nil {
			if f != nil { // one that was begun anew after the other process had finished
				return nil, errors.Join(os.Remove(f.Name()), f.Close())
			}
			return nil, nil
		}
		if f != nil {
			return f, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// touch notes that a file was used, for what was not used for long goes first
// when the cache grows too large. Once a day is enough.
func touch(path string) {
	if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
		_ = os.Chtimes(path, time.Time{}, time.Now()) // a cache that cannot be written serves as well
	}
}

// missing tells whether there is nothing at path.
func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
