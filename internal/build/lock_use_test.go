package build

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
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

func TestCheckIsAboutThePlatformsAskedFor(t *testing.T) {
	s := newSmall(t)
	s.lock(t)
	text, err := os.ReadFile(s.locked)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lock.Decode("x", text)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/amd64, linux/arm64]\npackages: [vim]\n")
	o := s.o
	o.Platforms = []string{"linux/amd64"}
	check := func(want string) {
		t.Helper()
		text, err := l.Encode()
		if err == nil {
			err = os.WriteFile(s.locked, text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		report, changes, err := CheckLocks(t.Context(), o)
		if got := strings.Join(changes, "; "); err != nil || !report.Empty() || got != want {
			t.Errorf("got %+v, %q, %v, want %q", report, got, err, want)
		}
	}
	other := l.Platforms[0]
	other.Name = "linux/arm64"
	l.Platforms = append(l.Platforms, other)
	check("")
	l.Platforms = l.Platforms[1:]
	check(s.locked + ": it has no packages for small for linux/amd64")
}

func TestALockIsNotMadeFromALock(t *testing.T) {
	s := newSmall(t)
	s.o.Locked = true
	if _, _, err := WriteLocks(t.Context(), s.o, true); err == nil || !strings.Contains(err.Error(), "--locked is for builds") || hint(err) == "" {
		t.Errorf("write: got %v", err)
	}
	if _, _, err := CheckLocks(t.Context(), s.o); err == nil || !strings.Contains(err.Error(), "--locked is for builds") {
		t.Errorf("check: got %v", err)
	}
}

func TestARecipeOverAnImageNeedsNoLock(t *testing.T) {
	s := newSmall(t)
	s.write(t, "name: small\nfrom: {image: \"far.example.org/x@sha256:"+strings.Repeat("a", 64)+"\"}\n")
	s.o.Platforms = []string{"linux/amd64"}
	files, _, err := WriteLocks(t.Context(), s.o, true)
	if err != nil || len(files) > 0 || !strings.Contains(s.out.String(), "small.yaml needs no lock: it comes from an image") {
		t.Errorf("wrote %v, %v, said %q", files, err, s.out)
	}
}
