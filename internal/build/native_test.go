package build

import (
	"reflect"
	"slices"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror/mirrortest"
	"github.com/oarcluster/oarcluster/internal/pkgdiff"
)

func TestInterpretersOfTheSameVersionAreNative(t *testing.T) {
	t.Parallel()
	python, perl := debian.Package{Name: "python3.13-minimal", Version: "3.13.5-2"}, debian.Package{Name: "perl-base", Version: "5.40"}
	other := debian.Package{Name: "vim", Version: "1"}
	rebuilt := python
	rebuilt.Version += "+b1"
	for name, tc := range map[string]struct {
		packages [][]debian.Package
		native   []debian.Package
		want     [][]string
	}{
		"in their level and above":     {[][]debian.Package{{perl}, {python}, {}}, []debian.Package{perl, python}, [][]string{{"/usr/bin/perl"}, {"/usr/bin/perl", "/usr/bin/python3.13"}, {"/usr/bin/perl", "/usr/bin/python3.13"}}},
		"none before they are there":   {[][]debian.Package{{}, {perl}}, []debian.Package{perl}, [][]string{nil, {"/usr/bin/perl"}}},
		"not of another version":       {[][]debian.Package{{perl, python}}, []debian.Package{rebuilt, perl}, [][]string{{"/usr/bin/perl"}}},
		"not what is no interpreter":   {[][]debian.Package{{other}}, []debian.Package{other}, [][]string{nil}},
		"not without native programs":  {[][]debian.Package{{perl, python}}, nil, [][]string{nil}},
		"not of an image without them": {[][]debian.Package{{other}}, []debian.Package{perl, python}, [][]string{nil}},
	} {
		if got := (&target{packages: tc.packages, native: tc.native}).interpreters(); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

// TestNativeProgramsAreLocked: the packages that help come from the lock as they
// come from the archive, and a platform that needs no emulation has none.
func TestNativeProgramsAreLocked(t *testing.T) {
	s := newSmall(t)
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/amd64, linux/arm64]\npackages: [vim, python3-minimal]\n")
	o := s.bothPlatforms(t, "1:9")
	if _, _, err := WriteLocks(t.Context(), o, true); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"small for linux/amd64": {"libeatmydata1 amd64"},
		"small for linux/arm64": {"libeatmydata1 arm64", "libeatmydata1 amd64", "perl-base amd64", "python3-minimal amd64", "python3.13-minimal amd64"},
	}
	for _, locked := range []bool{false, true} {
		o.Locked, o.Offline = locked, locked
		targets, _, leave, err := prepare(t.Context(), o)
		leave()
		if err != nil || len(targets) != 2 {
			t.Fatalf("locked %v: %d targets, %v", locked, len(targets), err)
		}
		for _, target := range targets {
			var got []string
			for _, p := range slices.Concat(target.eatmydata, target.native) {
				got = append(got, p.Name+" "+p.Architecture)
			}
			slices.Sort(got[1:])
			if !reflect.DeepEqual(got, want[target.String()]) {
				t.Errorf("locked %v: %s has %q", locked, target, got)
			}
			interpreters := slices.Concat(target.interpreters()...)
			if wanted := len(target.native) > 0; slices.Contains(interpreters, "/usr/bin/python3.13") != wanted {
				t.Errorf("locked %v: native interpreters of %s are %q", locked, target, interpreters)
			}
		}
	}
}

// TestARebuildForOneArchitectureIsTold: a package of the image is told from the
// one of the same name that helps to build it.
func TestARebuildForOneArchitectureIsTold(t *testing.T) {
	s := newSmall(t)
	s.write(t, "name: small\nfrom: {debian: trixie}\nplatforms: [linux/amd64, linux/arm64]\npackages: [perl-base]\n")
	var debs []mirrortest.Deb
	for _, arch := range []string{"amd64", "arm64"} {
		for _, d := range packages() {
			d.Arch = arch
			debs = append(debs, d)
		}
	}
	publishDebian(t, s.Mirror, debs...)
	s.lock(t)
	before, err := setsOfLock(s.locked)
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"arm64", "amd64"} {
		for i := range debs {
			if debs[i].Name == "perl-base" && debs[i].Arch == arch {
				debs[i].Files = map[string]string{"usr/bin/perl": "made anew"}
			}
		}
		publishDebian(t, s.Mirror, debs...)
		rebuilt := func(name string) []pkgdiff.Change {
			return []pkgdiff.Change{{Kind: pkgdiff.Rebuilt, Name: name, Architecture: arch, From: "5", To: "5"}}
		}
		want := map[string]pkgdiff.Report{
			"arm64": {{Title: "small for linux/amd64", Changes: []pkgdiff.Change{}}, {Title: "small for linux/arm64", Changes: rebuilt("perl-base")}},
			"amd64": {{Title: "small for linux/amd64", Changes: rebuilt("perl-base")}, {Title: "small for linux/arm64", Changes: rebuilt("perl-base:amd64")}},
		}[arch]
		if report, changes, err := CheckLocks(t.Context(), s.o); err != nil || len(changes) > 0 || !reflect.DeepEqual(report, want) {
			t.Errorf("check after one for %s: got %+v, %q, %v", arch, report, changes, err)
		}
		if report := s.lock(t); !reflect.DeepEqual(report, want) {
			t.Errorf("lock after one for %s: got %+v", arch, report)
		}
	}
	after, err := setsOfLock(s.locked)
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range pkgdiff.Compare(before, after) {
		if len(section.Changes) != 1 || section.Changes[0].Name != "perl-base" {
			t.Errorf("images differ by %+v", section)
		}
	}
}
