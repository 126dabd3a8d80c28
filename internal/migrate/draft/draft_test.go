package draft

import (
	"bytes"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/recipes"
)

// loaded is the recipe that a draft makes, read back.
func loaded(t *testing.T, d *Draft) *recipes.Resolved {
	t.Helper()
	text, err := d.Recipe()
	if err != nil {
		t.Fatal(err)
	}
	all, err := recipes.Load(func(string) ([]byte, error) { return text, nil }, []string{"x.yaml"}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return all[0]
}

func TestADraftIsARecipe(t *testing.T) {
	t.Parallel()
	d := &Draft{Name: "x", Source: "old.yaml", Suite: "bookworm", Image: recipes.Image{
		Cmd: []string{"/bin/bash", "${a}"}, Env: map[string]string{"A": "${b} $c"}, Labels: map[string]string{"l": "1"}, Expose: []string{"80"},
		Volumes: []string{"/data"}, User: "docker", Workdir: "/srv", StopSignal: "SIGTERM", Entrypoint: []string{"/init"},
	}}
	d.Install("a.yaml:1", "vim", "less", "vim")
	d.Run("a.yaml:2", "say ${it}", "touch ${name} $${other} ${UPPER} $x")
	d.Write("a.yaml:3", "motd", "", map[string]File{"/etc/motd": {Data: []byte("hi\n")}, "/usr/bin/x": {Data: []byte("ELF"), Mode: 0o755}})
	r := loaded(t, d)
	top := r.Levels[len(r.Levels)-1]
	if r.Suite.Name != "bookworm" || len(top.Packages) != 2 || top.Packages[0].Name != "vim" {
		t.Errorf("got %s with %v", r.Suite.Name, top.Packages)
	}
	if got := top.Run[0]; got.Name != "say ${it}" || got.Sh != "touch ${name} $${other} ${UPPER} $x\n" || got.Network != "none" {
		t.Errorf("got step %+v", got)
	}
	if i := r.Image; i.Cmd[1] != "${a}" || i.Env["A"] != "${b} $c" || i.User != "docker" || i.StopSignal != "SIGTERM" || i.Expose[0] != "80/tcp" {
		t.Errorf("got image %+v", i)
	}
	if got := top.Files[0]; got.From != "x" || got.To != "/" || got.Mode["usr/bin/x"] != 0o755 || len(got.Mode) != 1 {
		t.Errorf("got files %+v", got)
	}
	if got := d.Files(); len(got) != 2 || string(got["x/etc/motd"].Data) != "hi\n" {
		t.Errorf("got %v", got)
	}
}

func TestPackagesOfABootableMachineStayBehind(t *testing.T) {
	t.Parallel()
	d := &Draft{Name: "x"}
	d.Install("f", "linux-image-amd64", "grub-pc", "vim=1.2-3", "less/stable", "libc6:amd64")
	var names []string
	for _, p := range loaded(t, d).Levels[1].Packages {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "vim less libc6" {
		t.Errorf("got %q", got)
	}
	if left := d.Left(); len(left) != 3 || left[0].What != "package linux-image-amd64" || left[2].What != "version 1.2-3 of vim" {
		t.Errorf("got %v", left)
	}
}

func TestStepsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	d := &Draft{Name: "x"}
	for range 3 {
		d.Run("f", "a\n b", "touch /x")
	}
	var names []string
	for _, s := range loaded(t, d).Levels[1].Run {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, ","); got != "a b,a b (2),a b (3)" {
		t.Errorf("got %s", got)
	}
}

// Files are there before all steps, so what a step may have touched is written
// after it.
func TestFilesStayBehindStepsThatTouchTheirPlace(t *testing.T) {
	t.Parallel()
	text := map[string]File{"/etc/x/y.conf": {Data: []byte("a '$b'\n")}}
	for _, tc := range []struct {
		name, before string
		files        map[string]File
		script       string
	}{
		{"nothing before", "", text, ""},
		{"another place", "touch /etc/z", text, ""},
		{"the file", "rm /etc/x/y.conf", text, "mkdir -p /etc/x\ncat >/etc/x/y.conf <<'END_OF_FILE'\na '$b'\nEND_OF_FILE\n"},
		{"its folder", "rm -rf /etc/x", text, "mkdir -p /etc/x\ncat >/etc/x/y.conf <<'END_OF_FILE'\na '$b'\nEND_OF_FILE\n"},
		{"a home", "useradd -m me", map[string]File{"/home/me/.a": {Data: []byte("\x00")}}, "cp -a /usr/share/oarbuild-import/1/. /\nrm -rf /usr/share/oarbuild-import/1\n"},
		{"services", "systemctl mask x", map[string]File{"/etc/systemd/system/a": {}, "/etc/systemd/system/b": {}}, "cp -a /usr/share/oarbuild-import/1/. /\nrm -rf /usr/share/oarbuild-import/1\n"},
	} {
		d := &Draft{Name: "x"}
		d.Run("f", "before", tc.before)
		d.Write("f", "files", "", tc.files)
		run := loaded(t, d).Levels[1].Run
		got := ""
		if len(run) > 0 && run[len(run)-1].Name == "files" {
			got = run[len(run)-1].Sh
		}
		if got != tc.script {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, got, tc.script)
		}
	}
}

func TestFilesThatNoRecipeTakes(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"etc/x", "/etc/../x", "/", "/a//b", "/etc/apt/sources.list"} {
		d := &Draft{Name: "x"}
		d.Write("f", "w", "", map[string]File{p: {}})
		if len(d.Files()) != 0 || len(d.Left()) != 1 {
			t.Errorf("%q: got %v, left %v", p, d.Files(), d.Left())
		}
	}
}

func TestVariablesOfAnEarlierStepAreTold(t *testing.T) {
	t.Parallel()
	d := &Draft{Name: "x"}
	d.Run("a:1", "one", "read VERSION MINOR </etc/debian_version")
	d.Run("a:2", "two", "for i in 1; do touch /$i; done; touch /$VERSION $HOME")
	d.Run("a:3", "three", "VERSION=3; touch /$VERSION")
	if left := d.Left(); len(left) != 1 || left[0].What != "two: $VERSION" || !strings.Contains(left[0].How, "a:1 sets it") {
		t.Errorf("got %v", left)
	}
}

func TestDocumentsKeepTheirText(t *testing.T) {
	t.Parallel()
	got := Text(">>", "/etc/x", "a\nEND_OF_FILE\n", false)
	if want := "mkdir -p /etc\ncat >>/etc/x <<'END_OF_FILE_'\na\nEND_OF_FILE\nEND_OF_FILE_\n"; got != want {
		t.Errorf("got %q", got)
	}
	if got := Text(">", "/x", "$HOME", true); !strings.Contains(got, "<<END_OF_FILE\n$HOME\n") {
		t.Errorf("got %q", got)
	}
}

func TestTheReportTellsAll(t *testing.T) {
	t.Parallel()
	d := &Draft{Name: "x", Source: "old.yaml"}
	d.Run("a:1", "in | out", "curl -O https://example.org\n")
	d.Run("a:2", "broken", "if")
	d.Leave("a:3", strings.Repeat("long ", 100), "too\nlong")
	d.Leave("a:4", strings.Repeat("long ", 100), "too\nlong")
	got := d.Report()
	for _, want := range []string{"# x, imported from old.yaml\n", "0 packages, 0 files, 1 steps", "| in \\| out | a:1 | network: host, for it calls curl", "| broken | a:2 | not a shell script:", "… | a:3 | too long |"} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if bytes.Contains(got, []byte("a:4")) || len(d.Carried()) != 1 {
		t.Errorf("told twice:\n%s", got)
	}
}

func TestAPasswordIsTold(t *testing.T) {
	t.Parallel()
	d := &Draft{Name: "x"}
	d.Run("a:1", "root", "echo root:x | chpasswd")
	if got := d.Carried(); len(got) != 1 || !strings.Contains(got[0].How, "password") {
		t.Errorf("got %v", got)
	}
}
