package build

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// tidy keeps the cache at its size, of which OARBUILD_KEEP_STORAGE may tell
// another one. It looks once a day, and whatever stops it is no fault of the
// build that is done.
func (o Options) tidy() {
	keep, err := keepStorage()
	if err != nil {
		o.warn(err.Error())
		return
	}
	dir, err := cacheDir()
	if err != nil {
		return
	}
	report, err := cache.Tidy(dir, keep, time.Now())
	if err != nil && !os.IsNotExist(err) {
		o.warn(err.Error())
	}
	var removed int64
	for _, line := range report {
		removed += line.RemovedBytes
	}
	if removed > 0 {
		o.say("removed %s from the cache, of what was not used for longest", cache.FormatSize(removed))
	}
}

// keepStorage returns the size that the cache is kept at.
func keepStorage() (int64, error) {
	if text := os.Getenv("OARBUILD_KEEP_STORAGE"); text != "" {
		return cache.ParseSize(text)
	}
	return cache.DefaultKeep, nil
}

// aboutDisk says what to do when the disk is full, wherever that was noticed.
func aboutDisk(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ui.WithHint(err, "the disk is full: make room and run it again; oarbuild prune gives some of the cache back")
	}
	return err
}
