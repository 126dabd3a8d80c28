package configs

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// services asks services.pl what it makes of a configuration: the programs in the
// order of their start, then the marks with their ports. Nothing, when it leaves
// all to supervisord.
func services(t *testing.T, files map[string]string) string {
	t.Helper()
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("perl is not on this machine")
	}
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("perl", "-e", `
		require "./base/usr/lib/oarcluster/services.pl";
		($Services::configuration, $Services::folder) = ("$ARGV[0]/main", $ARGV[0]);
		print join ' ', map({ $_->{name} } Services::programs()), map { "[@$_]" } Services::marks();`, folder)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

const mainSections = `; supervisor config file
[unix_http_server]
file=/var/run/supervisor.sock   ; (the path)
[supervisord]
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
[include]
files = /etc/supervisor/conf.d/*.conf
`

// What services.pl does not know costs a supervisord in every container: the
// images' own configurations must not need one.
func TestServicesOfTheImagesAreKnown(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"base":     "rsyslogd sshd",
		"node":     "rsyslogd oar-node sshd [node ready 22 6667]",
		"frontend": "rsyslogd oarapi apache2 sshd [frontend ready 80 22]",
		"server":   "rsyslogd postgresql oar-server sshd",
	} {
		files := map[string]string{"main": mainSections}
		for _, tree := range []string{"base", image} {
			name := path.Join(tree, "etc/supervisor/conf.d", tree+".conf")
			data, err := FS.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[tree+".conf"] = string(data)
		}
		if got := services(t, files); got != want {
			t.Errorf("%s: got %q, want %q", image, got, want)
		}
	}
}

func TestUnknownServicesAreLeftToSupervisord(t *testing.T) {
	t.Parallel()
	const known = "[program:x]\ncommand=/bin/x -a\nstdout_logfile=NONE\nredirect_stderr=true\n"
	if got := services(t, map[string]string{"main": mainSections, "x.conf": known}); got != "x" {
		t.Fatalf("got %q", got)
	}
	for name, files := range map[string]map[string]string{
		"another key":              {"main": mainSections, "x.conf": known + "environment=A=b\n"},
		"another value":            {"main": mainSections, "x.conf": known + "autorestart=unexpected\n"},
		"quotes":                   {"main": mainSections, "x.conf": strings.Replace(known, "-a", "'a b'", 1)},
		"an expansion":             {"main": mainSections, "x.conf": strings.Replace(known, "-a", "%(ENV_A)s", 1)},
		"a log file":               {"main": mainSections, "x.conf": strings.Replace(known, "NONE", "/var/log/x", 1)},
		"the default log":          {"main": mainSections, "x.conf": "[program:x]\ncommand=/bin/x\n"},
		"a continued line":         {"main": mainSections, "x.conf": strings.Replace(known, " -a", "\n  -a", 1)},
		"another section":          {"main": mainSections, "x.conf": known + "[eventlistener:y]\ncommand=/bin/y\n"},
		"another main section":     {"main": mainSections + "[inet_http_server]\nport=*:9001\n", "x.conf": known},
		"a name that needs quotes": {"main": mainSections, "x.conf": strings.Replace(known, ":x", ":x y", 1)},
		"no main configuration":    {"x.conf": known},
	} {
		if got := services(t, files); got != "" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestAStopBeforeSupervisordHears: who becomes supervisord must not end by a signal
// that comes before the handlers do.
func TestAStopBeforeSupervisordHears(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("perl is not on this machine")
	}
	out, err := exec.Command("perl", "-e", `
		require "./base/usr/lib/oarcluster/services.pl";
		$SIG{TERM} = sub {};
		@Services::supervisord = ("/bin/sh", "-c", 'kill -TERM $$; echo alive');
		Services::supervisord();`).CombinedOutput()
	if err != nil || string(out) != "alive\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

// Almighty's modules are to be loaded while the database starts, and none of what
// Almighty starts is to wait again.
func TestAwaitedHoldsAProgramBackWhenItIsCompiled(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("perl is not on this machine")
	}
	out, err := exec.Command("sh", "-c", `(sleep 0.2; echo ended) &
		export OARCLUSTER_AWAITED=$! PERL5OPT="-I$PWD/server/usr/lib/oarcluster -MAwaited"
		exec perl -e '$| = 1; BEGIN { syswrite STDOUT, "compiled\n" } print "runs\n"; exec "env"'`).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "compiled\nended\nruns\n") || strings.Contains(string(out), "PERL5OPT") || strings.Contains(string(out), "OARCLUSTER_AWAITED") {
		t.Errorf("got %v, %q", err, out)
	}
}
