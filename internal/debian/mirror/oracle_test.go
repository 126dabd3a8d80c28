//go:build e2e

package mirror

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/keys"
)

// sets are package sets as the shipped recipes have them, and others: each string
// stands on those before it, the first on what the bare system is told.
var sets = map[string][]string{
	"base":     {base},
	"server":   {base, "oar-server oar-server-pgsql postgresql"},
	"frontend": {base, "oar-user oar-user-pgsql oar-web-status oar-restful-api apache2 apache2-suexec-custom libapache2-mod-php php-pgsql phppgadmin"},
	"node":     {base, "oar-node taktuk"},
	"dnsmasq":  {"dnsmasq-base"},
	"desktop":  {"task-xfce-desktop default-jdk"},
	"virtual":  {"mailutils mutt lsb-release xserver-xorg"},
	"compiler": {"build-essential devscripts debhelper", "texlive-latex-extra python3-all-dev"},
}

// bookwormSets are those of the shipped recipes on bookworm.
var bookwormSets = map[string][]string{
	"server":   {base, "oar-server oar-server-pgsql postgresql-15"},
	"frontend": {base, "oar-user oar-user-pgsql oar-web-status oar-restful-api apache2 apache2-suexec-custom libapache2-mod-php php-pgsql adminer"},
	"node":     {base, "oar-node oar-user oar-user-pgsql"},
	"dnsmasq":  {"dnsmasq-base tini"},
}

const base = "rsyslog openssh-server supervisor tini sudo tmux vim git less curl ipython3 procps iproute2"

// TestResolveAsAptDoes asks the machine's apt, with folders of its own and the
// lists of the same archive, what it would install, group by group.
func TestResolveAsAptDoes(t *testing.T) { resolveAsApt(t, "trixie", "debian-archive-keyring", sets) }

// TestResolveAsAptDoesOnBookworm: the bare system is told which of the packages
// for a merged /usr it has.
func TestResolveAsAptDoesOnBookworm(t *testing.T) {
	resolveAsApt(t, "bookworm", "usr-is-merged", bookwormSets)
}

func resolveAsApt(t *testing.T, suite, bare string, sets map[string][]string) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("no apt-get on this machine")
	}
	a := openReal(t, suite)
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			apt := newApt(t, a, arch)
			for _, name := range slices.Sorted(maps.Keys(sets)) {
				groups := [][]string{{bare}}
				for _, set := range sets[name] {
					groups = append(groups, strings.Fields(set))
				}
				t.Run(name, func(t *testing.T) { apt.compare(t, a, groups) })
			}
		})
	}
}

// openReal opens a suite on the mirror of the machine, or on the default one.
// E2E_CACHE names a cache folder to keep.
func openReal(t *testing.T, suite string) *Archive {
	t.Helper()
	source, ok := FromMachine(t.Context())
	if !ok {
		source = At(Default)
	}
	source.Suite, source.Keyring = suite, keys.DebianArchive()
	if source.Cache = os.Getenv("E2E_CACHE"); source.Cache == "" {
		source.Cache = t.TempDir()
	}
	a, err := Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// compare resolves the groups both ways, each on what the ones before gave.
func (a apt) compare(t *testing.T, archive *Archive, groups [][]string) {
	t.Helper()
	ours, err := archive.Resolve(t.Context(), a.arch, debian.Request{Groups: groups, Bare: true})
	if err != nil {
		t.Fatal(err)
	}
	var status strings.Builder
	for i, group := range groups {
		if i == 0 {
			group = append([]string{"apt"}, group...)
			for _, p := range ours[0] {
				if p.Essential || p.Priority == "required" {
					group = append(group, p.Name)
				}
			}
		}
		key := strings.Join(group, " ") + "\n" + status.String()
		if a.answers[key] == "" {
			write(t, filepath.Join(a.root, "status"), status.String())
			a.answers[key] = a.run(t, append([]string{"-s", "--no-install-recommends", "install"}, group...)...)
		}
		out := a.answers[key]
		theirs := map[string]bool{}
		for _, line := range regexp.MustCompile(`(?m)^Inst (\S+) \((\S+) `).FindAllStringSubmatch(out, -1) {
			theirs[strings.TrimSuffix(line[1], ":"+a.arch)+" "+line[2]] = true
		}
		for _, p := range ours[i] {
			if !theirs[p.Name+" "+p.Version] {
				t.Errorf("group %d: apt does not install %s %s", i, p.Name, p.Version)
			}
			delete(theirs, p.Name+" "+p.Version)
			stanza(&status, p)
		}
		for _, name := range slices.Sorted(maps.Keys(theirs)) {
			t.Errorf("group %d: apt installs %s as well", i, name)
		}
		t.Logf("group %d: %d packages", i, len(ours[i]))
	}
}
