//go:build e2e

package layer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// levels are the package sets of the comparison: those of the shipped images,
// and one that collides.
// Each stands on the one that it names.
var levels = []struct {
	name, on string
	asked    string
}{
	{"bare", "", "?essential ?priority(required) apt"},
	{"base", "bare", "rsyslog openssh-server supervisor tini sudo tmux vim git less curl ipython3"},
	{"server", "base", "oar-server oar-server-pgsql postgresql"},
	{"frontend", "base", "oar-user oar-user-pgsql oar-web-status oar-restful-api apache2 apache2-suexec-custom libapache2-mod-php php-pgsql phppgadmin"},
	{"node", "base", "oar-node"},
	{"dnsmasq", "bare", "dnsmasq-base"},
	// Its help files are vim-runtime's too, which diverts them: the real dpkg's.
	{"diverted", "base", "vim-tiny"},
}

// epoch is later than all that Debian's packages hold.
var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// TestSameAsApt compares, file by file, trees made of our layers and the
// configure step with trees in which apt installed the same packages.
// E2E_MIRROR names the mirror if it is not the one of the machine's apt.
func TestSameAsApt(t *testing.T) {
	require(t, os.Geteuid() == 0, "root's rights")
	for _, tool := range []string{"apt-get", "mmdebstrap", "unshare", "tar"} {
		_, err := exec.LookPath(tool)
		require(t, err == nil, tool)
	}
	o := newOracle(t)
	ours, sets, catalog := map[string]string{}, map[string][]Deb{}, &Catalog{}
	for _, level := range levels {
		sets[level.name] = o.closure(t, level.name)
		below := sets[level.on]
		spec := Spec{Below: below, Epoch: epoch, Arch: "amd64", Catalog: catalog}
		for _, d := range sets[level.name] {
			if !slices.ContainsFunc(below, func(b Deb) bool { return b.Package.Name == d.Package.Name }) {
				spec.New = append(spec.New, d)
			}
		}
		ours[level.name] = o.unpack(t, level.name, ours[level.on], spec)
		asked := level.asked
		if level.on == "" {
			asked = ""
		}
		o.configure(t, ours[level.name], ours[level.on], asked)
		theirs := o.install(t, level.name, level.on, level.asked)
		t.Run(level.name, func(t *testing.T) { compareTrees(t, ours[level.name], theirs) })
	}
}

// require fails the test with a clear word when something is missing.
func require(t *testing.T, there bool, what string) {
	t.Helper()
	if !there {
		t.Fatalf("missing: %s", what)
	}
}

// oracle is a working folder with an apt of its own.
type oracle struct{ dir, mirror, keys string }

// newOracle sets up an apt for trixie that knows of no installed package.
func newOracle(t *testing.T) *oracle {
	keys, err := filepath.Abs("../../../keys")
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{t.TempDir(), machineMirror(), keys}
	for _, dir := range []string{"etc/apt/apt.conf.d", "etc/apt/preferences.d", "state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(o.dir, "apt", dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o.write(t, "apt/status", "")
	o.write(t, "apt/etc/apt/sources.list", o.sources())
	o.write(t, "apt/apt.conf", fmt.Sprintf(`Dir "%[1]s/apt/"; Dir::Etc "etc/apt"; Dir::State "state"; Dir::State::status "%[1]s/apt/status";
Dir::Cache "cache"; APT::Architecture "amd64"; APT::Architectures { "amd64"; }; APT::Install-Recommends "false";
APT::Sandbox::User "root"; Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false"; Acquire::Languages "none";
Dir::Etc::trustedparts "%[2]s";
`, o.dir, o.keys))
	o.run(t, "apt-get", "update")
	return o
}

// machineMirror is where the machine's own apt gets Debian from.
func machineMirror() string {
	if mirror := os.Getenv("E2E_MIRROR"); mirror != "" {
		return mirror
	}
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI)").Output()
	if err == nil {
		for line := range strings.Lines(string(out)) {
			if mirror, is := strings.CutSuffix(strings.TrimRight(line, "/\n"), "/debian"); is {
				return mirror
			}
		}
	}
	return "http://cloudfront.debian.net"
}

// sources are the three archives of trixie.
func (o *oracle) sources() string {
	return strings.ReplaceAll("deb M/debian trixie main\ndeb M/debian trixie-updates main\ndeb M/debian-security trixie-security main\n", "M", o.mirror)
}

func (o *oracle) write(t *testing.T, name, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(data), 0o755); err != nil {
		t.Fatal(err)
	}
}

// run runs a command with the oracle's apt and returns what it prints.
func (o *oracle) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "APT_CONFIG="+o.dir+"/apt/apt.conf", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// closure downloads what apt would install for a level and those beneath it.
func (o *oracle) closure(t *testing.T, name string) []Deb {
	t.Helper()
	var asked []string
	for at := name; at != ""; {
		i := slices.IndexFunc(levels, func(l struct{ name, on, asked string }) bool { return l.name == at })
		asked, at = append(asked, strings.Fields(levels[i].asked)...), levels[i].on
	}
	o.run(t, "apt-get", append([]string{"-y", "-d", "install"}, asked...)...)
	var debs []Deb
	for line := range strings.Lines(o.run(t, "apt-get", append([]string{"-s", "install"}, asked...)...)) {
		// Inst name (version archives [architecture])
		words := strings.Fields(line)
		if len(words) < 4 || words[0] != "Inst" {
			continue
		}
		p := o.indexed(t, words[1]+"="+strings.TrimPrefix(words[2], "("))
		found, err := filepath.Glob(filepath.Join(o.dir, "apt/cache/archives", p.Name+"_"+strings.ReplaceAll(p.Version, ":", "%3a")+"_*.deb"))
		if err != nil || len(found) != 1 {
			t.Fatalf("the .deb of %s %s: %v, %v", p.Name, p.Version, found, err)
		}
		debs = append(debs, Deb{p, found[0]})
	}
	return debs
}

// indexed returns what the index has of a package, NAME=VERSION.
func (o *oracle) indexed(t *testing.T, what string) debian.Package {
	t.Helper()
	found, err := debian.ParseIndex(strings.NewReader(o.run(t, "apt-cache", "show", what)), "debian")
	if err != nil || len(found) == 0 {
		t.Fatalf("package %s: %v, %v", what, found, err)
	}
	return found[0]
}

// unpack writes a layer, twice, and unpacks it over a copy of the tree beneath.
func (o *oracle) unpack(t *testing.T, name, below string, s Spec) string {
	t.Helper()
	root := filepath.Join(o.dir, "ours-"+name)
	if below == "" {
		o.run(t, "mkdir", root)
	} else {
		o.run(t, "cp", "-a", below, root)
	}
	var sums [2][]byte
	for i := range sums {
		f, err := os.Create(root + ".tar")
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		err = Write(context.Background(), io.MultiWriter(f, sum), s)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		sums[i] = sum.Sum(nil)
		t.Logf("%s: %d packages", name, len(s.New))
	}
	if !bytes.Equal(sums[0], sums[1]) {
		t.Errorf("%s: two layers of the same packages differ", name)
	}
	o.run(t, "tar", "--numeric-owner", "-xpf", root+".tar", "-C", root)
	o.run(t, "rm", root+".tar")
	if below == "" {
		o.write(t, "ours-"+name+"/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")
	}
	return root
}

// configure runs the configure step in the tree.
func (o *oracle) configure(t *testing.T, root, below, asked string) {
	t.Helper()
	script, err := os.ReadFile("../../../llb/configure.sh")
	if err != nil {
		t.Fatal(err)
	}
	o.write(t, "configure.sh", string(script))
	o.chroot(t, root, below, "SOURCE_DATE_EPOCH="+fmt.Sprint(epoch.Unix()), "PACKAGES="+asked, "sh", "/run/configure.sh")
}

// install makes apt install the level's packages on a copy of its own tree
// beneath, the first of which mmdebstrap makes.
func (o *oracle) install(t *testing.T, name, on, asked string) string {
	t.Helper()
	root := filepath.Join(o.dir, "apts-"+name)
	if on == "" {
		o.run(t, "mmdebstrap", "--quiet", "--keyring="+o.keys, "--variant=minbase", "--mode=root", "--format=directory", "--architectures=amd64",
			"--aptopt=Acquire::Check-Valid-Until \"false\"", "--aptopt=Acquire::Check-Date \"false\"", "trixie", root, o.dir+"/apt/etc/apt/sources.list")
		o.write(t, "apts-"+name+"/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")
		o.write(t, "apts-"+name+"/etc/apt/sources.list", o.sources())
		return root
	}
	o.run(t, "cp", "-a", filepath.Join(o.dir, "apts-"+on), root)
	o.run(t, "cp", "-rT", filepath.Join(o.dir, "apt/state/lists"), root+"/var/lib/apt/lists")
	o.run(t, "cp", "-rT", filepath.Join(o.dir, "apt/cache/archives"), root+"/var/cache/apt/archives")
	o.chroot(t, root, "", "sh", "-c", "apt-get -y --no-download --no-install-recommends install "+asked)
	o.run(t, "rm", "-rf", root+"/var/cache/apt/archives", root+"/var/lib/apt/lists")
	return root
}

// isolated prepares a chroot of $1 with $2 beneath it, and runs the rest in it.
const isolated = `root=$1 below=$2 script=$3; shift 3
mount -t proc proc "$root/proc"; mount -t tmpfs tmpfs "$root/run"; mount -t tmpfs tmpfs "$root/dev"
mkdir "$root/run/lock" "$root/run/below" "$root/dev/shm"
while read -r name major minor; do mknod -m 666 "$root/dev/$name" c "$major" "$minor"; done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
END
ln -s /proc/self/fd "$root/dev/fd"
[ -z "$below" ] || mount --bind -o ro "$below" "$root/run/below"
[ ! -e "$script" ] || cp "$script" "$root/run/configure.sh"
exec env -i DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" env "$@" </dev/null`

// chroot runs a command in the tree without network.
func (o *oracle) chroot(t *testing.T, root, below string, command ...string) {
	t.Helper()
	o.run(t, "unshare", append([]string{"--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-euc", isolated, "-",
		root, below, o.dir + "/configure.sh"}, command...)...)
}
