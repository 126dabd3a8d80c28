package build

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/debian/mirror/mirrortest"
)

// bothPlatforms puts a small Debian for both architectures on the mirror, whose
// vim has the version, and returns options for both.
func (s *small) bothPlatforms(t *testing.T, vim string) Options {
	t.Helper()
	var debs []mirrortest.Deb
	for _, arch := range []string{"amd64", "arm64"} {
		for _, d := range packages() {
			if d.Arch = arch; strings.HasPrefix(d.Name, "vim") {
				d.Version = vim
			}
			debs = append(debs, d)
		}
	}
	publishDebian(t, s.Mirror, debs...)
	o := s.o
	o.Platforms = []string{"linux/amd64", "linux/arm64"}
	return o
}

// vims returns the versions of vim in the lock, by platform.
func (s *small) vims(t *testing.T) map[string]string {
	t.Helper()
	l, err := readLock(s.locked)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, p := range l.Platforms {
		for _, one := range p.Packages() {
			if one.Name == "vim" {
				found[p.Name] = one.Version
			}
		}
	}
	return found
}

func TestLockingOnePlatformKeepsTheOther(t *testing.T) {
	s := newSmall(t)
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/amd64, linux/arm64]\npackages: [vim]\n")
	both := s.bothPlatforms(t, "1:9")
	if _, _, err := WriteLocks(t.Context(), both, true); err != nil {
		t.Fatal(err)
	}
	first := s.Date
	s.Date = s.Date.Add(time.Minute)
	s.bothPlatforms(t, "1:10")
	one := s.o
	one.Platforms = []string{"linux/amd64"}
	_, report, err := WriteLocks(t.Context(), one, true)
	if err != nil || len(report) != 2 || len(report[0].Changes) != 2 || len(report[1].Changes) > 0 {
		t.Errorf("got %+v, %v", report, err)
	}
	if want := s.locked + ": renewed linux/amd64, left linux/arm64 as it was\n"; !strings.Contains(s.out.String(), want) {
		t.Errorf("it said\n%swithout %s", s.out, want)
	}
	if got, want := s.vims(t), map[string]string{"linux/amd64": "1:10", "linux/arm64": "1:9"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}

	locked := both
	locked.Locked, locked.Offline = true, true
	targets, _, leave, err := prepare(t.Context(), locked)
	defer leave()
	if err != nil || len(targets) != 2 || !targets[0].epoch.Equal(s.Date) || !targets[1].epoch.Equal(first) {
		t.Fatalf("each platform has the time of its own state: %v, %v", targets, err)
	}
	check, changes, err := CheckLocks(t.Context(), one)
	if err != nil || !check.Empty() || len(changes) > 0 {
		t.Errorf("check of the platform: %+v, %v, %v", check, changes, err)
	}
	if check, changes, err = CheckLocks(t.Context(), s.o); err != nil || len(check) != 2 || len(check[1].Changes) != 2 || len(changes) > 0 {
		t.Errorf("check of all: %+v, %v, %v", check, changes, err)
	}
}

func TestALockThatCannotKeepAPlatformIsLeftAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*lock.Lock)
		want   string
	}{
		"another name": {func(l *lock.Lock) { l.Recipe = "other" }, "linux/arm64 cannot stay as it is: the recipe has another name or other sources"},
		"a source": {func(l *lock.Lock) {
			l.Sources = []lock.Source{{Name: "mine", URL: "http://x.example", Suite: "s", Components: []string{"main"}, KeySHA256: strings.Repeat("a", 64)}}
		}, "other sources now"},
		"no platform": {func(l *lock.Lock) { l.Platforms[0].Name = "plan9/arm64" }, `"plan9/arm64" is no platform of Debian's`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSmall(t)
			s.lock(t)
			l, err := readLock(s.locked)
			if err != nil {
				t.Fatal(err)
			}
			l.Platforms[0].Name = "linux/arm64"
			tc.change(l)
			if err := (lockFile{Lock: l, file: s.locked}).write(); err != nil {
				t.Fatal(err)
			}
			o := s.o
			o.Platforms = []string{"linux/amd64"}
			if _, _, err := WriteLocks(t.Context(), o, true); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(hint(err), "without --platform") {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
			if now, err := readLock(s.locked); err != nil || now.Platform("linux/amd64") != nil {
				t.Errorf("the lock was written: %v", err)
			}
		})
	}
	s := newSmall(t)
	if err := replaceFile(s.locked, []byte("<<<<<<< ours\n")); err != nil {
		t.Fatal(err)
	}
	o := s.o
	o.Platforms = []string{"linux/amd64"}
	if _, _, err := WriteLocks(t.Context(), o, true); err == nil || !strings.Contains(err.Error(), "it is no lock") {
		t.Errorf("a lock that cannot be read: %v", err)
	}
	s.lock(t) // without --platform it is written anew
}
