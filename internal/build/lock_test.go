package build

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cache"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/debian/mirror/mirrortest"
	"github.com/oarcluster/oarcluster/internal/oci"
	"github.com/oarcluster/oarcluster/internal/pkgdiff"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// packages are those of a small Debian.
func packages() []mirrortest.Deb {
	return []mirrortest.Deb{
		{Name: "base-files", Version: "1", Fields: "Essential: yes\n", Files: map[string]string{"etc/debian_version": "13"}},
		{Name: "apt", Version: "3", Files: map[string]string{"usr/bin/apt": "apt"}},
		{Name: "libeatmydata1", Version: "1", Files: map[string]string{"usr/lib/x86_64-linux-gnu/libeatmydata.so": "x"}},
		{Name: "vim", Version: "1:9", Fields: "Depends: vim-runtime\n", Files: map[string]string{"usr/bin/vim": "vim"}},
		{Name: "vim-runtime", Version: "1:9", Fields: "Multi-Arch: foreign\n", Files: map[string]string{"usr/share/vim/vimrc": "set"}},
		{Name: "perl-base", Version: "5", Files: map[string]string{"usr/bin/perl": "perl"}},
		{Name: "python3-minimal", Version: "3.13", Fields: "Depends: python3.13-minimal\n"},
		{Name: "python3.13-minimal", Version: "3.13", Files: map[string]string{"usr/bin/python3.13": "python"}},
	}
}

// small is a mirror of the small Debian, a recipe of it, and a fresh cache.
type small struct {
	*mirrortest.Mirror
	o              Options
	out            *bytes.Buffer
	recipe, locked string // files
}

func newSmall(t *testing.T) *small {
	t.Helper()
	m := mirrortest.New(t, 0)
	publishDebian(t, m, packages()...)
	m.Publish(t, "debian", "trixie-updates")
	m.Publish(t, "debian-security", "trixie-security")
	dir, out := t.TempDir(), &bytes.Buffer{}
	s := &small{m, Options{}, out, filepath.Join(dir, "small.yaml"), filepath.Join(dir, "small.trixie.lock.json")}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("OARBUILD_SNAPSHOT", m.URL+"/snapshot")
	s.o = Options{Recipes: []string{s.recipe}, Mirror: m.URL, Err: out, keyring: [][]byte{m.Key}, Progress: "plain"}
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/amd64]\npackages: [vim]\n")
	return s
}

// publishDebian puts Debian's suite itself on the mirror.
func publishDebian(t *testing.T, m *mirrortest.Mirror, debs ...mirrortest.Deb) {
	t.Helper()
	m.Publish(t, "debian", "trixie", debs...)
}

func (s *small) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(s.recipe, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// layers makes the layers of the recipe, which is all that needs the archive,
// and returns their references.
func (s *small) layers(t *testing.T, o Options) ([]string, error) {
	t.Helper()
	o.Platforms = []string{"linux/amd64"}
	targets, a, leave, err := prepare(t.Context(), o)
	defer leave()
	if err != nil {
		return nil, err
	}
	if err := a.fetch(t.Context(), o, targets); err != nil {
		return nil, err
	}
	store, err := oci.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := makeLayers(t.Context(), o, a, store, targets); err != nil {
		return nil, err
	}
	return keysOf(t, a, targets[0]), nil
}

// lock writes the lock.
func (s *small) lock(t *testing.T) pkgdiff.Report {
	t.Helper()
	files, changes, err := WriteLocks(t.Context(), s.o, true)
	if err != nil || len(files) != 1 || files[0] != s.locked {
		t.Fatalf("wrote %v, %v", files, err)
	}
	return changes
}

func TestALockGivesTheSameBuildWhenTheMirrorHasMovedOn(t *testing.T) {
	s := newSmall(t)
	fresh, err := s.layers(t, s.o)
	if err != nil {
		t.Fatal(err)
	}
	s.lock(t)
	first, err := os.ReadFile(s.locked)
	if err != nil {
		t.Fatal(err)
	}
	s.Requests()
	locked := s.o
	locked.Locked = true
	if got, err := s.layers(t, locked); err != nil || !reflect.DeepEqual(got, fresh) {
		t.Errorf("locked: got %v, %v; want %v", got, err, fresh)
	}
	if asked := s.Requests(); len(asked) > 0 {
		t.Errorf("a locked build of what the store has asked for %v", asked)
	}

	// The archive has a newer vim, and nothing else of the old state.
	newer := packages()
	newer[3].Version, newer[4].Version = "1:10", "1:10"
	s.Drop("pool/")
	publishDebian(t, s.Mirror, newer...)
	locked.Offline = true
	if got, err := s.layers(t, locked); err != nil || !reflect.DeepEqual(got, fresh) {
		t.Errorf("locked and offline: got %v, %v", got, err)
	}
	if got, err := s.layers(t, s.o); err != nil || reflect.DeepEqual(got, fresh) {
		t.Errorf("the default build is fresh: got %v, %v", got, err)
	}

	report, changes, err := CheckLocks(t.Context(), s.o)
	want := pkgdiff.Report{{Title: "small for linux/amd64", Changes: []pkgdiff.Change{
		{Kind: pkgdiff.Upgraded, Name: "vim", Architecture: "amd64", From: "1:9", To: "1:10"},
		{Kind: pkgdiff.Upgraded, Name: "vim-runtime", Architecture: "amd64", From: "1:9", To: "1:10"}}}}
	if err != nil || len(changes) > 0 || !reflect.DeepEqual(report, want) {
		t.Errorf("check: got %+v, %v, %v", report, changes, err)
	}
	if now, err := os.ReadFile(s.locked); err != nil || !bytes.Equal(now, first) {
		t.Error("check changed the lock")
	}
	if report := s.lock(t); !reflect.DeepEqual(report, want) {
		t.Errorf("lock: got %+v", report)
	}
	if report, changes, err := CheckLocks(t.Context(), s.o); err != nil || len(changes) > 0 || !report.Empty() {
		t.Errorf("check after lock: got %+v, %v, %v", report, changes, err)
	}
}

func TestALockIsTheSameTextForTheSameArchive(t *testing.T) {
	s := newSmall(t)
	s.lock(t)
	first, err := os.ReadFile(s.locked)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(s.locked)
	s.lock(t)
	again, err := os.ReadFile(s.locked)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("another text: %v", err)
	}
	if now, _ := os.Stat(s.locked); !os.SameFile(info, now) {
		t.Error("an unchanged lock was written again")
	}
	l, err := lock.Decode("x", first)
	if err != nil {
		t.Fatal(err)
	}
	p := l.Platform("linux/amd64")
	if len(l.Releases) != 3 || len(p.Levels) != 2 || len(p.Levels[0].Packages) != 2 || p.Preload[0].Name != preloaded || p.Levels[1].Asks[0] != "vim" {
		t.Errorf("got %+v", l)
	}
	sets, err := setsOfLock(s.locked)
	if err != nil || len(sets) != 1 || sets[0].Title != "linux/amd64" || len(sets[0].Packages) != 4 {
		t.Errorf("got %+v, %v", sets, err)
	}
}

func TestALockThatDoesNotFitIsRefused(t *testing.T) {
	const recipe = "name: small\nfrom: {debian: trixie}\n"
	for name, tc := range map[string]struct {
		change     func(*testing.T, *small)
		want, hint string
	}{
		"none":            {func(t *testing.T, s *small) { _ = os.Remove(s.locked) }, "small.trixie.lock.json: there is none", "oarbuild lock writes it"},
		"another package": {func(t *testing.T, s *small) { s.write(t, recipe+"packages: [apt, vim-runtime]\n") }, "small.yaml was changed after it was locked: small asks for apt, vim-runtime and no more asks for vim", "oarbuild lock"},
		"another name":    {func(t *testing.T, s *small) { s.write(t, "name: other\nfrom: {debian: trixie}\npackages: [vim]\n") }, "it was small of trixie", "oarbuild lock"},
		"another base":    {func(t *testing.T, s *small) { s.write(t, "name: small\nfrom: base\npackages: [vim]\n") }, "it comes from other recipes", "oarbuild lock"},
		"another suite": {func(t *testing.T, s *small) {
			s.write(t, "name: small\nfrom: {debian: bookworm}\nvars: {suite: bookworm}\npackages: [vim]\n")
		}, "small.bookworm.lock.json: there is none", "oarbuild lock"},
		"a source more": {func(t *testing.T, s *small) {
			s.write(t, recipe+"packages: [vim]\nsources: [{name: mine, url: http://x.example, suite: stable, components: [main], keyring: key.asc}]\n")
			if err := os.WriteFile(filepath.Join(filepath.Dir(s.recipe), "key.asc"), s.Key, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "source mine is new, or another one", "oarbuild lock"},
		"another platform": {func(t *testing.T, s *small) {
			text, _ := os.ReadFile(s.locked)
			l, err := lock.Decode("x", text)
			if err != nil {
				t.Fatal(err)
			}
			l.Platforms[0].Name = "linux/arm64"
			text, _ = l.Encode()
			_ = os.WriteFile(s.locked, text, 0o644)
		}, "it has no packages for small for linux/amd64", "oarbuild lock"},
		"a digest changed": {func(t *testing.T, s *small) {
			text, _ := os.ReadFile(s.locked)
			_ = os.WriteFile(s.locked, bytes.Replace(text, []byte(`"sha256":"`), []byte(`"sha256":"00`), 1), 0o644)
		}, "small.trixie.lock.json:", "oarbuild lock"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSmall(t)
			s.lock(t)
			tc.change(t, s)
			s.Requests()
			locked := s.o
			locked.Locked = true
			_, err := s.layers(t, locked)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(hint(err), tc.hint) {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
			if asked := s.Requests(); len(asked) > 0 {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}

func TestPackagesThatVanishedAreNamed(t *testing.T) {
	s := newSmall(t)
	s.lock(t)
	store := filepath.Join(filepath.Dir(s.recipe), "cache/oarcluster/debian/pool")
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	vim := s.File("/debian/pool/main/vim_1:9_amd64.deb")
	s.Drop("pool/main/vim_")
	locked := s.o
	locked.Locked = true
	_, err := s.layers(t, locked)
	if err == nil || err.Error() != "building from locks: fetching packages: the mirror does not have vim_1:9_amd64.deb" || !strings.Contains(hint(err), "--mirror") {
		t.Errorf("got %v, hint %q", err, hint(err))
	}
	s.Put("/snapshot/archive/debian/"+s.Date.Add(12*time.Hour).Format("20060102T150405Z")+"/pool/main/vim_1:9_amd64.deb", vim)
	if _, err := s.layers(t, locked); err != nil || !strings.Contains(s.out.String(), "the mirror has no more, and the snapshot service had: vim\n") {
		t.Errorf("recalled: %v, said\n%s", err, s.out)
	}
	locked.Offline = true
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	_, err = s.layers(t, locked)
	if err == nil || !strings.HasPrefix(err.Error(), "building from locks: fetching packages: offline, and the store does not have ") || !strings.Contains(hint(err), "while the network is there") {
		t.Errorf("got %v, hint %q", err, hint(err))
	}
}

func TestAPackageExchangedInTheStoreIsFetchedAgain(t *testing.T) {
	s := newSmall(t)
	s.lock(t)
	debs, err := filepath.Glob(filepath.Join(filepath.Dir(s.recipe), "cache/oarcluster/debian/pool/*/*"))
	if err != nil || len(debs) != 5 {
		t.Fatalf("%v, %v", debs, err)
	}
	if err := os.WriteFile(debs[0], []byte("another one"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Requests()
	locked := s.o
	locked.Locked = true
	if _, err := s.layers(t, locked); err != nil {
		t.Error(err)
	}
	if asked := s.Requests(); len(asked) != 1 || !strings.Contains(s.out.String(), "was damaged or exchanged in the store: it was thrown away") {
		t.Errorf("asked for %v, said\n%s", asked, s.out)
	}
}

func TestTheWarmPathAsksOncePerSuite(t *testing.T) {
	s := newSmall(t)
	if _, err := s.layers(t, s.o); err != nil {
		t.Fatal(err)
	}
	s.Requests()
	if _, err := s.layers(t, s.o); err != nil {
		t.Fatal(err)
	}
	asked := s.Requests()
	for _, path := range asked {
		if !strings.HasPrefix(path, "=") || !strings.HasSuffix(path, "/InRelease") {
			t.Errorf("asked for %s", path)
		}
	}
	if len(asked) != 3 {
		t.Errorf("asked %d times: %v", len(asked), asked)
	}
	off := s.o
	off.Offline = true
	if _, err := s.layers(t, off); err != nil || len(s.Requests()) > 0 {
		t.Errorf("offline: %v", err)
	}
}

func TestCheckWithoutALock(t *testing.T) {
	s := newSmall(t)
	if _, changes, err := CheckLocks(t.Context(), s.o); err != nil || len(changes) != 1 || !strings.Contains(changes[0], "there is none") {
		t.Errorf("got %v, %v", changes, err)
	}
	s.lock(t)
	// A platform that the lock is not for is nothing that it says.
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/amd64, linux/arm64]\npackages: [vim-runtime]\n")
	report, changes, err := CheckLocks(t.Context(), s.o)
	if err != nil || len(changes) != 1 || !strings.Contains(changes[0], "no more asks for vim") || report.Empty() {
		t.Errorf("got %v, %v, %v", report, changes, err)
	}
}

// hint returns the hint that a user would see with err.
func hint(err error) string {
	if err == nil {
		return ""
	}
	var out bytes.Buffer
	ui.Report(ui.Streams{Err: &out}, "p", err)
	_, text, _ := strings.Cut(out.String(), "p: hint: ")
	return strings.TrimSpace(text)
}

func TestTheCacheKeepsWhatALockNeeds(t *testing.T) {
	s := newSmall(t)
	s.lock(t)
	dir, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	waiting := func() { t.Error("it waits") }
	report, err := cache.Prune(t.Context(), dir, 0, false, waiting)
	if err != nil || report[0].Kept != 5 || report[0].Locked != 5 || report[1].Kept != 0 {
		t.Fatalf("got %+v, %v", report, err)
	}
	locked := s.o
	locked.Locked, locked.Offline = true, true
	if _, err := s.layers(t, locked); err != nil {
		t.Errorf("offline after pruning: %v", err)
	}
	if err := os.Remove(s.locked); err != nil {
		t.Fatal(err)
	}
	if report, err := cache.Prune(t.Context(), dir, 0, false, waiting); err != nil || report[0].Removed != 5 {
		t.Errorf("without the lock: %+v, %v", report, err)
	}
	if _, err := s.layers(t, s.o); err != nil {
		t.Errorf("the next build: %v", err)
	}
}

func TestABuildTidiesUpAfterItself(t *testing.T) {
	s := newSmall(t)
	if _, err := s.layers(t, s.o); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OARBUILD_KEEP_STORAGE", "0")
	s.o.tidy()
	if !strings.Contains(s.out.String(), "from the cache, of what was not used for longest") {
		t.Errorf("said %s", s.out)
	}
	t.Setenv("OARBUILD_KEEP_STORAGE", "much")
	if s.o.tidy(); !strings.Contains(s.out.String(), `warning: reading size "much"`) {
		t.Errorf("said %s", s.out)
	}
}
