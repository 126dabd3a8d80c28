package configs

import (
	"bytes"
	"io/fs"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// walk calls f with the name and bytes of each file of all trees.
func walk(t *testing.T, f func(name string, data []byte)) {
	t.Helper()
	err := fs.WalkDir(FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := FS.ReadFile(name)
		if err != nil {
			return err
		}
		f(name, data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkers maps an interpreter to the command that checks syntax on stdin.
var checkers = map[string][]string{
	"/bin/sh":          {"sh", "-n"},
	"/bin/bash":        {"bash", "-n"},
	"/usr/bin/python3": {"python3", "-c", "import sys; compile(sys.stdin.read(), 'stdin', 'exec')"},
	"/usr/bin/perl":    {"perl", "-c"},
}

func TestScriptsParse(t *testing.T) {
	t.Parallel()
	walk(t, func(name string, data []byte) {
		line, _, _ := bytes.Cut(data, []byte("\n"))
		shebang, ok := bytes.CutPrefix(line, []byte("#!"))
		if !ok {
			return
		}
		interpreter := strings.Fields(string(shebang))[0]
		checker, known := checkers[interpreter]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if bytes.Contains(data, []byte("\nuse DBI;")) {
				return // that module is in the image only: e2e runs it
			}
			if !known {
				t.Fatalf("no checker for interpreter %q", interpreter)
			}
			if _, err := exec.LookPath(checker[0]); err != nil {
				t.Skipf("%s is not on this machine", checker[0])
			}
			cmd := exec.Command(checker[0], checker[1:]...)
			cmd.Stdin = bytes.NewReader(data)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("checking syntax: %v\n%s", err, out)
			}
		})
	})
}

func TestNoSecrets(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`PRIVATE KEY|\$(1|2[aby]|5|6|y|apr1)\$[./A-Za-z0-9]`)
	walk(t, func(name string, data []byte) {
		if m := secret.Find(data); m != nil {
			t.Errorf("%s holds a key or a password hash: %q", name, m)
		}
	})
}

func TestScriptsAreInPlaces(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"debian/usr/sbin/policy-rc.d",
		"base/usr/sbin/my_init",
		"base/usr/sbin/setuser",
		"base/usr/sbin/taillogs",
		"base/etc/my_init.d/10-oarcluster",
		"base/usr/lib/oarcluster/reload",
		"base/usr/lib/oarcluster/settings",
		"frontend/etc/my_init.d/20-homes",
	} {
		data, err := FS.ReadFile(name)
		if err != nil {
			t.Error(err)
		} else if !bytes.HasPrefix(data, []byte("#!")) {
			t.Errorf("%s does not start with #!: it would get mode 0644", name)
		}
	}
}

// Merged-/usr: a real folder of one of these names would replace Debian's link.
func TestNoFolderHidesLink(t *testing.T) {
	t.Parallel()
	walk(t, func(name string, _ []byte) {
		_, inside, _ := strings.Cut(name, "/")
		top, _, _ := strings.Cut(inside, "/")
		switch top {
		case "bin", "sbin", "lib", "lib64":
			t.Errorf("%s: put it below usr/%s", name, top)
		}
	})
}

// supervisorctl status showed these names in the old product, and shows them.
func TestSupervisedServices(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"base":     {"rsyslogd", "sshd"},
		"server":   {"oar-server", "postgresql"},
		"frontend": {"apache2", "oarapi"},
		"node":     {"oar-node"},
	}
	program := regexp.MustCompile(`(?m)^\[program:(\S+)\]$`)
	for image, services := range want {
		found := map[string]bool{}
		files, err := fs.Glob(FS, path.Join(image, "etc/supervisor/conf.d/*.conf"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := FS.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range program.FindAllSubmatch(data, -1) {
				found[string(m[1])] = true
			}
		}
		for _, s := range services {
			if !found[s] {
				t.Errorf("image %s: service %s is not supervised", image, s)
			}
		}
		if len(found) != len(services) {
			t.Errorf("image %s: got services %v, want %v", image, found, services)
		}
	}
}

// Published images name the public mirror, whatever mirror built them.
func TestAptSources(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{"trixie", "bookworm"} {
		data, err := FS.ReadFile(suite + "/etc/apt/sources.list.d/debian.sources")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"URIs: http://cloudfront.debian.net/debian\n",
			"URIs: http://cloudfront.debian.net/debian-security\n",
			"Suites: " + suite + " " + suite + "-updates\n",
			"Suites: " + suite + "-security\n",
		} {
			if !strings.Contains(string(data), want) {
				t.Errorf("%s: no line %q", suite, want)
			}
		}
	}
}
