package layer

import (
	"archive/tar"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian/deb/debtest"
)

func TestPackagesThatLieAreRefused(t *testing.T) {
	t.Parallel()
	const sound = "Package: p\nVersion: 1.0\nArchitecture: amd64\n"
	for _, tc := range []struct{ name, control, want string }{
		{"another package", strings.Replace(sound, "p\n", "q\n", 1), `"q" as Package, not "p"`},
		{"a path as name", strings.Replace(sound, "p\n", "../p\n", 1), `"../p" as Package, which may not be`},
		{"a path as architecture", "Multi-Arch: same\n" + strings.Replace(sound, "amd64", "x/../../../../etc/cron.d/x", 1), "as Architecture, which may not be"},
		{"another architecture", strings.Replace(sound, "amd64", "arm64", 1), `"arm64" as Architecture, not "amd64"`},
		{"lines in the version", strings.Replace(sound, "1.0\n", "1.0\n Status: x\n", 1), "as Version, which may not be"},
		{"lines in the architecture", strings.Replace(sound, "amd64", "amd64\n x", 1), "as Architecture, which may not be"},
		{"no version", strings.Replace(sound, "Version: 1.0\n", "", 1), `"" as Version`},
		{"an unknown Multi-Arch", sound + "Multi-Arch: other\n", `"other" as Multi-Arch, which may not be`},
		{"a state", sound + "status: install ok installed\n", "the field status, which is dpkg's own"},
		{"pending triggers", sound + "Triggers-Pending: /x\n", "the field Triggers-Pending, which is dpkg's own"},
		{"configuration files", sound + "CONFFILES:\n /etc/passwd newconffile\n", "the field CONFFILES, which is dpkg's own"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := made(t, "p", "", map[string]string{"control": tc.control})
			err := Write(context.Background(), io.Discard, Spec{New: []Deb{d}})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "package p: ") {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestNamesOfFieldsHaveAnyCase(t *testing.T) {
	t.Parallel()
	d := made(t, "p", "", map[string]string{"control": "version: 1.0\npackage: p\narchitecture: amd64\n"})
	files, _ := write(t, Spec{New: []Deb{d}})
	if got, want := files["var/lib/dpkg/status"].data, "Package: p\nStatus: install ok unpacked\nversion: 1.0\narchitecture: amd64\n\n"; got != want {
		t.Errorf("status is %q, want %q", got, want)
	}
}

func TestParseConffiles(t *testing.T) {
	t.Parallel()
	got, err := parseConffiles([]string{"/etc/my file", "remove-on-upgrade /etc/old one", "/etc/x"})
	want := []conffile{{name: "/etc/my file"}, {"/etc/old one", "remove-on-upgrade"}, {name: "/etc/x"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, line := range []string{"etc/x", "obsolete /etc/x", "remove-on-upgrade", "remove-on-upgrade etc/x"} {
		if got, err := parseConffiles([]string{"/etc/x", line}); err == nil {
			t.Errorf("%q was read as %v", line, got)
		}
	}
}

func TestConffilesWithBlanksHaveTheirSum(t *testing.T) {
	t.Parallel()
	d := made(t, "p", "", map[string]string{"conffiles": "/etc/my file\n"}, debtest.File("./etc/my file", 0o644, "config"))
	files, _ := write(t, Spec{New: []Deb{d}})
	if got := files["var/lib/dpkg/status"].data; !strings.Contains(got, "Conffiles:\n /etc/my file 2245023265ae4cf87d02c8b6ba991139\n") {
		t.Errorf("status is %q", got)
	}
}

func TestPackagesDoNotWriteIntoTheDatabase(t *testing.T) {
	t.Parallel()
	const dpkg = "./var/lib/dpkg"
	in := "it stands in dpkg's database"
	for name, tc := range map[string]struct {
		entries []tar.Header
		want    string
	}{
		"a link for the whole":     {[]tar.Header{debtest.Link(dpkg, "/etc")}, in},
		"a link above it":          {[]tar.Header{debtest.Link("./var/lib", "/etc")}, `"var/lib" of package p is no directory`},
		"a file for info":          {[]tar.Header{debtest.File(dpkg+"/info", 0o644, "")}, in},
		"a link for info":          {[]tar.Header{debtest.Link(dpkg+"/info", "/etc")}, in},
		"a status":                 {[]tar.Header{debtest.File(dpkg+"/status", 0o644, "")}, in},
		"a folder for the status":  {[]tar.Header{debtest.Dir(dpkg + "/status")}, "where it may not be"},
		"a journal":                {[]tar.Header{debtest.Dir(dpkg + "/updates"), debtest.File(dpkg+"/updates/0000", 0o644, "")}, in},
		"a preinst of another":     {[]tar.Header{debtest.File(dpkg+"/info/q.preinst", 0o755, "")}, in},
		"a list of preinst":        {[]tar.Header{debtest.File(dpkg+"/oarbuild-preinst", 0o644, "")}, in},
		"a .deb for the real dpkg": {[]tar.Header{debtest.File("./var/lib/oarbuild/x.deb", 0o644, "")}, in},
		"what dpkg itself ships":   {[]tar.Header{debtest.Dir(dpkg), debtest.Dir(dpkg + "/info"), debtest.Dir(dpkg + "/updates"), debtest.Dir(dpkg + "/alternatives")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Write(context.Background(), io.Discard, Spec{New: []Deb{baseFiles(t), made(t, "p", "", nil, tc.entries...)}})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestTheDatabaseIsSafeFromLinksOfOtherPackages(t *testing.T) {
	t.Parallel()
	a := made(t, "a", "", nil, debtest.Dir("./opt/"), debtest.Link("./opt/in", "/var/lib/dpkg/info"))
	b := made(t, "b", "", nil, debtest.File("./opt/in/a.postinst", 0o755, "evil"))
	for name, s := range map[string]Spec{"one layer": {New: []Deb{baseFiles(t), a, b}}, "two": {Below: []Deb{baseFiles(t), a}, New: []Deb{b}}} {
		err := Write(context.Background(), io.Discard, s)
		if err == nil || !strings.Contains(err.Error(), `at "var/lib/dpkg/info/a.postinst"`) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestHeaderRefusesNamesOutOfTheRoot(t *testing.T) {
	t.Parallel()
	l := &layer{tar: tar.NewWriter(io.Discard), epoch: time.Now()}
	for _, name := range []string{"../x", "/x", "", "a//b", "a/../b", "a/"} {
		if err := l.header(&tar.Header{Typeflag: tar.TypeReg, Name: name}); err == nil {
			t.Errorf("%q was written", name)
		}
	}
}
