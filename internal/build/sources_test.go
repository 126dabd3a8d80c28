package build

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror/mirrortest"
	"github.com/oarcluster/oarcluster/recipes"
)

// withSource gives the small recipe a further archive, which has a package of
// its own and a later vim.
func withSource(t *testing.T, s *small, lifetime time.Duration) *mirrortest.Mirror {
	t.Helper()
	m := mirrortest.New(t, lifetime)
	m.Publish(t, "apt", "stable",
		mirrortest.Deb{Name: "solver", Version: "2", Fields: "Depends: vim (>= 1:10)\n", Files: map[string]string{"usr/bin/solver": "solve"}},
		mirrortest.Deb{Name: "vim", Version: "1:10", Fields: "Depends: vim-runtime\n", Files: map[string]string{"usr/bin/vim": "mine"}})
	if err := os.WriteFile(filepath.Join(filepath.Dir(s.recipe), "mine.asc"), m.Key, 0o644); err != nil {
		t.Fatal(err)
	}
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/amd64]\npackages: [solver]\n"+
		"sources: [{name: mine, url: \""+m.URL+"/apt\", suite: stable, components: [main], keyring: mine.asc}]\n")
	return m
}

func TestASourceIsResolvedLockedAndFetched(t *testing.T) {
	s := newSmall(t)
	m := withSource(t, s, 0)
	fresh, err := s.layers(t, s.o)
	if err != nil {
		t.Fatal(err)
	}
	s.lock(t)
	sets, err := setsOfLock(s.locked)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, p := range sets[0].Packages {
		versions[p.Name] = p.Version
	}
	if versions["solver"] != "2" || versions["vim"] != "1:10" || versions["vim-runtime"] != "1:9" {
		t.Errorf("got %v", versions)
	}
	m.Drop("/")
	locked := s.o
	locked.Locked = true
	if got, err := s.layers(t, locked); err != nil || strings.Join(got, "\n") != strings.Join(fresh, "\n") {
		t.Errorf("locked: got %v, %v", got, err)
	}
}

func TestASourceThatIsNotGoodIsNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		lifetime   time.Duration
		change     func(*testing.T, *small, *mirrortest.Mirror)
		want, hint string
	}{
		"another key": {0, func(t *testing.T, s *small, _ *mirrortest.Mirror) {
			if err := os.WriteFile(filepath.Join(filepath.Dir(s.recipe), "mine.asc"), s.Key, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "it is signed by unknown key", "the keyring of source mine"},
		"an expired key": {24 * time.Hour, func(*testing.T, *small, *mirrortest.Mirror) {}, "which has expired", "the keyring of source mine"},
		"no InRelease":   {0, func(_ *testing.T, _ *small, m *mirrortest.Mirror) { m.Drop("InRelease") }, `the mirror answers "404 Not Found"`, "has to have an InRelease file"},
		"stale": {0, func(t *testing.T, _ *small, m *mirrortest.Mirror) {
			m.Sign(t, "/apt/dists/stable", "Suite: stable\nDate: Sun, 01 Mar 2020 10:00:00 UTC\nValid-Until: Sun, 08 Mar 2020 10:00:00 UTC\nSHA256:\n "+strings.Repeat("0", 64)+" 1 x\n")
		}, "it is valid until 2020-03-08T10:00:00Z only", "--allow-stale"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSmall(t)
			tc.change(t, s, withSource(t, s, tc.lifetime))
			_, err := s.layers(t, s.o)
			if err == nil || !strings.HasPrefix(err.Error(), s.recipe+": source mine: ") || !strings.Contains(err.Error(), tc.want) || !strings.Contains(hint(err), tc.hint) {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
		})
	}
}

func TestTheImageKnowsItsSources(t *testing.T) {
	t.Parallel()
	files, err := sourceFiles([]recipes.Source{{Name: "mine", URL: "https://apt.example.org/x", Suite: "stable", Components: []string{"main", "extra"}, Key: []byte("key")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"etc/apt/sources.list.d/mine.sources": "Types: deb\nURIs: https://apt.example.org/x\nSuites: stable\nComponents: main extra\nSigned-By: /etc/apt/keyrings/mine.asc\n",
		"etc/apt/keyrings/mine.asc":           "key",
	} {
		if got, err := fs.ReadFile(files, name); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestTheTopLayerOfFilesHasTheSources(t *testing.T) {
	s := newSmall(t)
	withSource(t, s, 0)
	keys, err := s.layers(t, s.o)
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(keys, "\n"); strings.Count(all, "etc/apt/sources.list.d/mine.sources") != 1 || !strings.Contains(all, "etc/apt/keyrings/mine.asc") {
		t.Error("no file of sources")
	}
}

// TestASourceNeedNotBeForTheArchitectureThatHelps: nor does it give the programs
// that help, and without any the build is only slower.
func TestASourceNeedNotBeForTheArchitectureThatHelps(t *testing.T) {
	s := newSmall(t)
	m := withSource(t, s, 0)
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/arm64]\npackages: [vim]\n"+
		"sources: [{name: mine, url: \""+m.URL+"/apt\", suite: stable, components: [main], keyring: mine.asc}]\n")
	for _, amd64 := range []bool{false, true} {
		s.bothPlatforms(t, "1:9")
		m.Publish(t, "apt", "stable", mirrortest.Deb{Name: "perl-base", Version: "9"}, mirrortest.Deb{Name: "other", Version: "9", Arch: "arm64"})
		if !amd64 {
			m.Sign(t, "/apt/dists/stable", "Suite: stable\nDate: "+m.Date.Format("Mon, 02 Jan 2006 15:04:05 UTC")+"\nArchitectures: arm64\nComponents: main\nSHA256:\n"+m.PutIndex(t, "/apt/dists/stable", "arm64", "", ""))
		}
		if _, _, err := WriteLocks(t.Context(), s.o, false); err != nil {
			t.Fatalf("with amd64 %v: %v", amd64, err)
		}
		l, err := readLock(s.locked)
		if err != nil {
			t.Fatal(err)
		}
		helps := l.Platform("linux/arm64").Preload
		if i := slices.IndexFunc(helps, func(p debian.Package) bool { return p.Name == "perl-base" }); i < 0 || helps[i].Archive != "debian" || helps[i].Architecture != "amd64" {
			t.Errorf("with amd64 %v: what helps is %+v", amd64, helps)
		}
	}
}

func TestABuildWithoutNativeProgramsIsNoFailure(t *testing.T) {
	s := newSmall(t)
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/arm64]\npackages: [vim]\n")
	s.bothPlatforms(t, "1:9")
	s.Drop("binary-amd64")
	s.lock(t)
	l, err := readLock(s.locked)
	if err != nil {
		t.Fatal(err)
	}
	if helps := l.Platform("linux/arm64").Preload; len(helps) != 1 || helps[0].Architecture != "arm64" {
		t.Errorf("what helps is %+v", helps)
	}
	if want := "warning: packages are configured without interpreters for amd64, which takes longer: "; strings.Count(s.out.String(), want) != 1 {
		t.Errorf("it said\n%s", s.out)
	}
}
