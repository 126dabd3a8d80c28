package layer

import (
	"archive/tar"
	"os/exec"
	"strings"
	"testing"
)

func TestFilterDropsWhatDpkgWould(t *testing.T) {
	t.Parallel()
	const config = `# comment
force-unsafe-io
path-exclude=/usr/share/man/*
path-exclude = /usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/locale/[!e]*
path-include=/usr/share/locale/locale.alias
path-exclude=/opt/a?c
path-exclude=/opt/\*
path-exclude=/opt/[x
`
	f, err := ParseFilter(strings.NewReader(config))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		kind byte
		want bool
	}{
		{".", tar.TypeDir, false},
		{"usr/share/man", tar.TypeDir, false},
		{"usr/share/man/man1", tar.TypeDir, true},
		{"usr/share/man/man1/ls.1.gz", tar.TypeReg, true},
		{"usr/share/doc/bash", tar.TypeDir, false}, // an include may bring something back
		{"usr/share/doc/bash", tar.TypeSymlink, false},
		{"usr/share/doc/bash/README", tar.TypeReg, true},
		{"usr/share/doc/bash/copyright", tar.TypeReg, false},
		{"usr/share/doc/bash/more/copyright", tar.TypeReg, false}, // a wildcard matches slashes
		{"usr/share/locale/de/LC_MESSAGES/x.mo", tar.TypeReg, true},
		{"usr/share/locale/en/LC_MESSAGES/x.mo", tar.TypeReg, false},
		{"usr/share/locale/locale.alias", tar.TypeReg, false},
		{"opt/abc", tar.TypeReg, true},
		{"opt/abcd", tar.TypeReg, false},
		{"opt/*", tar.TypeReg, true},
		{"opt/[x", tar.TypeReg, true},
		{"usr/bin/ls", tar.TypeReg, false},
	} {
		if got := f.drops(c.name, c.kind); got != c.want {
			t.Errorf("drops(%q, %c) = %v, want %v", c.name, c.kind, got, c.want)
		}
	}
}

func TestParseFilterRefusesWhatIsNoPath(t *testing.T) {
	t.Parallel()
	for _, config := range []string{"path-exclude=usr/share", "path-exclude", "\npath-include=[a-"} {
		if _, err := ParseFilter(strings.NewReader(config)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: error %v", config, err)
		}
	}
	if f, err := ParseFilter(strings.NewReader("path-exclude=/[z-a]")); err == nil {
		t.Errorf("a range that runs backwards was accepted: %v", f)
	}
}

// FuzzFilter compares patterns with the shell's own, whose case statement
// matches as fnmatch(3) does without flags.
func FuzzFilter(f *testing.F) {
	for _, seed := range [][2]string{{"/a*", "/ab/c"}, {"/[!a]b", "/cb"}, {`/\*`, "/*"}, {"/[]a]", "/]"}, {"/?", "/x"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, glob, name string) {
		for _, s := range []string{glob, name} {
			for _, c := range s {
				if !strings.ContainsRune("/abc*?[]!-x", c) {
					t.Skip("the shell quotes differently")
				}
			}
		}
		filter, err := ParseFilter(strings.NewReader("path-exclude=/" + glob))
		if err != nil || strings.Contains(name, "//") || strings.ContainsAny(glob, "[") {
			t.Skip("not a pattern of plain wildcards")
		}
		got := filter.drops(name, tar.TypeReg)
		err = exec.Command("sh", "-c", `case $2 in $1) exit 0;; esac; exit 1`, "-", "/"+glob, "/"+name).Run()
		if want := err == nil; got != want {
			t.Errorf("pattern /%s on /%s: %v, the shell says %v", glob, name, got, want)
		}
	})
}
