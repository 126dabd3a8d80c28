//go:build e2e

package mirror

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// apt is an apt of a folder of its own.
type apt struct {
	root, arch string
	answers    map[string]string // by what is installed and what is asked for
}

// newApt makes the folder and lets apt fetch its lists.
func newApt(t *testing.T, a *Archive, arch string) apt {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"lists/partial", "cache/archives/partial", "etc/preferences.d"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var sources strings.Builder
	for _, s := range a.suites {
		fmt.Fprintf(&sources, "deb [trusted=yes] %s %s main\n", a.bases[s.archive], s.name)
	}
	write(t, filepath.Join(root, "etc/sources.list"), sources.String())
	write(t, filepath.Join(root, "status"), "")
	apt := apt{root, arch, map[string]string{}}
	apt.run(t, "update")
	return apt
}

// run runs apt-get on the folder.
func (a apt) run(t *testing.T, args ...string) string {
	t.Helper()
	options := []string{"-o", "APT::Architecture=" + a.arch, "-o", "APT::Architectures::=" + a.arch, "-o", "APT::Sandbox::User=root",
		"-o", "Dir::State::status=" + a.root + "/status", "-o", "Dir::State::lists=" + a.root + "/lists", "-o", "Dir::Cache=" + a.root + "/cache",
		"-o", "Dir::Etc=" + a.root + "/etc", "-o", "Dir::State::extended_states=" + a.root + "/extended_states",
		"-o", "Acquire::Check-Valid-Until=false", "-o", "Acquire::GzipIndexes=false",
		"-o", "Dir::Cache::pkgcache=pkgcache.bin", "-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin"}
	out, err := exec.CommandContext(t.Context(), "apt-get", append(options, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("apt-get %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// stanza writes p as dpkg has an installed package.
func stanza(w *strings.Builder, p debian.Package) {
	fmt.Fprintf(w, "Package: %s\nStatus: install ok installed\nPriority: %s\nSection: misc\nMaintainer: nobody\nArchitecture: %s\nVersion: %s\nDescription: none\n",
		p.Name, p.Priority, p.Architecture, p.Version)
	for _, field := range [][2]string{{"Multi-Arch", p.MultiArch}, {"Pre-Depends", p.PreDepends}, {"Depends", p.Depends},
		{"Conflicts", p.Conflicts}, {"Breaks", p.Breaks}, {"Provides", p.Provides}} {
		if field[1] != "" {
			fmt.Fprintf(w, "%s: %s\n", field[0], field[1])
		}
	}
	if p.Essential {
		w.WriteString("Essential: yes\n")
	}
	w.WriteString("\n")
}
