package draft

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatAScriptIsMadeOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, script string
		packages     []string
		want, online string
	}{
		{"packages alone", "apt-get install -y vim less", []string{"vim", "less"}, "", ""},
		{"with an environment and options", "DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confold -t stable install vim 2>&1", []string{"vim"}, "", ""},
		{"with sudo", "sudo apt install vim", []string{"vim"}, "", ""},
		{"options that the shell knows", "OPTS=-y\napt-get $OPTS install vim", []string{"vim"}, "", ""},
		{"joined by &&", "apt-get update && apt-get install -y vim && echo done >/etc/done", []string{"vim"}, "echo done >/etc/done\n", ""},
		{"between other commands", "touch /a\napt-get install vim\ntouch /b", []string{"vim"}, "touch /a\ntouch /b\n", ""},
		{"a version", "apt-get install vim=2:9.1-1 less/stable libc6:amd64", []string{"vim=2:9.1-1", "less/stable", "libc6:amd64"}, "", ""},
		{"housekeeping alone", "apt-get update\napt-get -y dist-upgrade\napt-get clean\napt-get purge", nil, "", ""},
		{"a package that goes away", "apt-get purge -y nano", nil, "apt-get purge -y nano\n", ""},
		{"a file of a package", "apt-get install ./my.deb", nil, "apt-get -q update\napt-get install ./my.deb\nrm -rf /var/lib/apt/lists/*\n", "apt-get"},
		{"packages that the shell knows", "apt-get install -y $(cat list)", nil, "apt-get -q update\napt-get install -y $(cat list)\nrm -rf /var/lib/apt/lists/*\n", "apt-get"},
		{"in a pipe", "yes | apt-get install vim", nil, "apt-get -q update\nyes | apt-get install vim\nrm -rf /var/lib/apt/lists/*\n", "apt-get"},
		{"one of two that may be", "apt-get install vim || true", nil, "apt-get -q update\napt-get install vim || true\nrm -rf /var/lib/apt/lists/*\n", "apt-get"},
		{"the shell's variables alone", "A=1\nexport B=2\nif [ \"$X\" = y ]; then C=3; fi\nread D </etc/debian_version", nil, "", ""},
		{"talk alone", "echo hello >&2; true", nil, "", ""},
		{"an if that is sure to hold", "if [ true = true ]; then touch /a; apt-get install vim; else touch /b; fi", []string{"vim"}, "touch /a\n", ""},
		{"an if that is sure not to", "if [ false = true ]; then touch /a; fi\ntouch /b", nil, "touch /b\n", ""},
		{"an elif", "if [ a = b ]; then touch /a; elif [ a = a ]; then touch /b; else touch /c; fi", nil, "touch /b\n", ""},
		{"an if that the image decides", "if [ -e /x ]; then touch /a; fi", nil, "if [ -e /x ]; then touch /a; fi\n", ""},
		{"a download", "curl -fsSL https://example.org/x | tar x\ngit config --global a b", nil, "curl -fsSL https://example.org/x | tar x\ngit config --global a b\n", "curl"},
		{"a clone", "git -C /src clone https://example.org/x", nil, "git -C /src clone https://example.org/x\n", "git"},
		{"a downloader as another's argument", "which curl && apt-mark auto git", nil, "which curl && apt-mark auto git\n", ""},
		{"apt's sources", "echo deb x >>/etc/apt/sources.list\necho deb y >/etc/apt/sources.list.d/y.list", nil, "echo deb y >/etc/apt/sources.list.d/y.list\n", ""},
		{"a boot loader", "sed -i s/a/b/ /etc/default/grub\nupdate-grub\ntouch /a", nil, "touch /a\n", ""},
		{"a document", "cat >/etc/x <<EOF\napt-get install vim\nEOF\napt-get install less", []string{"less"}, "cat >/etc/x <<EOF\napt-get install vim\nEOF\n", ""},
		{"what bash alone has", "[[ -e /x ]] && touch /y", nil, "bash -e -c \"$(cat <<'END_OF_BASH'\n[[ -e /x ]] && touch /y\nEND_OF_BASH\n)\"\n", ""},
	} {
		got, err := examine(tc.script)
		if err != nil || !slices.Equal(got.packages, tc.packages) || got.script != tc.want || strings.Join(got.online, " ") != tc.online {
			t.Errorf("%s: got packages %q, online %q, %v and\n%s\nwant %q, %q and\n%s", tc.name, got.packages, got.online, err, got.script, tc.packages, tc.online, tc.want)
		}
	}
}

func TestScriptsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"if true; then", "echo 'a", "cat <<EOF", strings.Repeat("a", maxScript+1)} {
		if _, err := examine(script); err == nil {
			t.Errorf("%.20q: no error", script)
		}
	}
}

func TestWhatNeedsBash(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]bool{
		"touch /a": false, "test a = b": false, "echo -n a": false, "echo 'a' >&2": false, "cp a{,.bak}": true, "test a == b": true,
		"a=(1 2)": true, "cat <(ls)": true, "id x >& /dev/null": true, "source /etc/profile": true, "echo -e 'a\\n'": true,
		"echo 'a\\nb'": true, "set -o pipefail": true, "echo ${a//b/c}": true, "function f { :; }": true, ". /etc/profile": false, "echo ${a:-b}": false,
	} {
		if got := needsBash(script); got != want {
			t.Errorf("%s: got %v", script, got)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]struct{ holds, known bool }{
		`test "trixie" == "trixie"`:              {true, true},
		`test "a" != "a"`:                        {false, true},
		`[ "a" = "b" ]`:                          {false, true},
		`! test a = b`:                           {true, true},
		`test a = a -a b = c`:                    {false, true},
		`test a = b -o b = b -a c = c`:           {true, true},
		`test "a" != "b" -a "c" != "d" -a e = e`: {true, true},
		`test -z ""`:                             {true, true},
		`test -n ''`:                             {false, true},
		`test ! a = b`:                           {true, true},
		`test x`:                                 {true, true},
		`test 3 -ge 2`:                           {true, true},
		`test 3 -lt 2`:                           {false, true},
		`true`:                                   {true, true},
		`false`:                                  {false, true},
		`test -e /etc/passwd`:                    {},
		`test "$x" = y`:                          {},
		`test a -lt 2`:                           {},
		`grep -q a /etc/passwd`:                  {},
		`test a = b; test b = c`:                 {},
		`test a = b >/dev/null`:                  {},
		`test a = b c`:                           {},
		`if`:                                     {},
		``:                                       {},
	} {
		holds, known := Condition(script)
		if known != want.known || known && holds != want.holds {
			t.Errorf("%s: got %v, known %v", script, holds, known)
		}
	}
}

// Whatever a script holds, examining it ends, and twice gives the same.
func FuzzExamine(f *testing.F) {
	for _, s := range []string{"apt-get install vim", "if [ a = a ]; then b; fi", "cat <<X\nX", "a && b || c", "x() { y; }", "$((1", "${a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		one, err := examine(script)
		two, again := examine(script)
		if (err == nil) != (again == nil) || one.script != two.script {
			t.Errorf("got %v and %q, then %v and %q", err, one.script, again, two.script)
		}
	})
}
