package build

import (
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cache"
)

// hearing calls itself with every line that is said.
type hearing func(line string)

func (h hearing) Write(line []byte) (int, error) {
	h(string(line))
	return len(line), nil
}

func TestNothingIsPrunedBeforeTheLockIsWritten(t *testing.T) {
	s := newSmall(t)
	dir, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	fetched := false
	s.o.Err = hearing(func(line string) {
		fetched = fetched || strings.HasPrefix(line, "fetched 5 packages")
		if report, err := cache.Tidy(dir, 0, time.Now().Add(1000*time.Hour)); err != nil || report != nil {
			t.Errorf("after %q the cache was tidied: %+v, %v", line, report, err)
		}
	})
	if s.lock(t); !fetched {
		t.Error("it said nothing of what it fetched")
	}
}
