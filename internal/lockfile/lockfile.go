// Package lockfile takes locks of files (flock(2)), which keep the processes of
// one machine apart: exclusive ones, and shared ones that keep out those who want
// an exclusive one. The kernel frees a lock when its process dies,
// so none is ever left behind.
//
// A caller who has to wait does so in steps and not in the system call, which
// would not end with its context.
package lockfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// waitEvery is how often [Wait] tries.
const waitEvery = 50 * time.Millisecond

// Try opens the file, which it makes if need be, and locks it. It returns nil
// without an error when another one has the lock, or has just renamed or removed
// the file. Closing the file frees the lock.
func Try(name string) (*os.File, error) { return try(name, syscall.LOCK_EX) }

func try(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if err == nil && leadsTo(name, f) {
		return f, nil
	}
	f.Close()
	if err == nil || errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return nil, nil
	}
	return nil, fmt.Errorf("locking %s: %w", name, err)
}

// Wait does what [Try] does until it has the lock, or ctx ends.
func Wait(ctx context.Context, name string) (*os.File, error) {
	return wait(ctx, name, syscall.LOCK_EX)
}

// Share waits for a shared lock, which any number may have at once.
func Share(ctx context.Context, name string) (*os.File, error) {
	return wait(ctx, name, syscall.LOCK_SH)
}

func wait(ctx context.Context, name string, how int) (*os.File, error) {
	tick := time.NewTicker(waitEvery)
	defer tick.Stop()
	for {
		if f, err := try(name, how); f != nil || err != nil {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the lock of %s: %w", name, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// leadsTo tells whether f is what name leads to: it is not when another process
// renamed or removed it before the lock was had.
func leadsTo(name string, f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(name)
	return err == nil && os.SameFile(mine, there)
}
