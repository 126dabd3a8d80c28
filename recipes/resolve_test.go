package recipes

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// family is a chain of two recipes that differ in every key.
func family() tree {
	return tree{
		"low.yaml": `name: low
from: {debian: "${suite}"}
vars: {colour: red, greeting: "hello ${colour}", both: low}
tags: [low]
platforms: [linux/amd64]
packages: [vim, "postgresql-${postgresql}"]
files: [{from: low, to: /}]
run: [{name: "greet ${colour}", sh: "echo ${greeting} $x ${X} ${x:-y} $${x}"}]
image:
  entrypoint: [low]
  cmd: [low]
  env: {A: low, B: low}
  labels: {a: low}
  expose: [80, 22]
  volumes: [/low]
  user: low
  workdir: /low
  stop_signal: SIGTERM
`,
		"high.yaml": `name: high
from: low
vars: {colour: green, both: high}
tags: ["${oar}", "${both}"]
platforms: [linux/arm64]
packages: [vim, emacs]
files: [{from: high/deep, to: /opt, mode: {etc/secret: 0440, bin/su: "04755"}}]
run: [{name: host, sh: "true", network: host}]
image:
  cmd: []
  env: {B: high, C: "${colour}"}
  expose: [80/tcp, 53/udp]
  volumes: [/high, /low]
  stop_signal: SIGQUIT
`,
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r := one(t, family(), "high.yaml", nil)
	image := Image{
		Entrypoint: []string{"low"},
		Env:        map[string]string{"A": "low", "B": "high", "C": "green"},
		Labels:     map[string]string{"a": "low"},
		Expose:     []string{"22/tcp", "53/udp", "80/tcp"},
		Volumes:    []string{"/high", "/low"},
		User:       "low", Workdir: "/low", StopSignal: "SIGQUIT",
	}
	if !reflect.DeepEqual(r.Image, image) {
		t.Errorf("got image\n%+v\nwant\n%+v", r.Image, image)
	}
	if want := []string{"2.6.1", "high"}; r.Name != "high" || !slices.Equal(r.Tags, want) {
		t.Errorf("got %s with tags %q, want high with %q", r.Name, r.Tags, want)
	}
	if want := []string{"linux/arm64"}; !slices.Equal(r.Platforms, want) {
		t.Errorf("got platforms %q, want %q", r.Platforms, want)
	}
	if len(r.Levels) != 3 || r.Levels[1].Name != "low" || r.Levels[2].Name != "high" {
		t.Fatalf("got levels %+v", r.Levels)
	}
	if names := packageNames(r.Levels[1]); !slices.Equal(names, []string{"vim", "postgresql-17"}) {
		t.Errorf("got packages %q", names)
	}
	step := r.Levels[1].Run[0]
	if step.Name != "greet green" || step.Sh != "echo hello green $x ${X} ${x:-y} ${x}" || step.Network != "none" {
		t.Errorf("got step %+v", step)
	}
	if r.Levels[2].Run[0].Network != "host" {
		t.Errorf("got step %+v", r.Levels[2].Run[0])
	}
	files := r.Levels[2].Files[0]
	if want := map[string]uint32{"etc/secret": 0o440, "bin/su": 0o4755}; files.From != "high/deep" || files.To != "/opt" || !maps.Equal(files.Mode, want) {
		t.Errorf("got files %+v", files)
	}
	if len(r.Texts) != 2 || !strings.HasPrefix(string(r.Texts["low.yaml"]), "name: low") {
		t.Errorf("got texts %q", r.Texts)
	}
}

func packageNames(l Level) []string {
	var list []string
	for _, p := range l.Packages {
		list = append(list, p.Name)
	}
	return list
}

func TestVariablesAndTheirOrigin(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		set  map[string]string
		want []string
	}{
		{"recipes", nil, []string{
			"both = high, high.yaml:3:29",
			"colour = green, high.yaml:3:16",
			"greeting = hello green, low.yaml:3:31",
			"mirror = " + publicMirror + ", built in",
			"oar = 2.6.1, built in",
			"oar_series = 2.6, built in",
			"php = 8.4, built in",
			"postgresql = 17, built in",
			"release = latest, built in",
			"suite = trixie, built in",
		}},
		{"--set wins, and brings another suite's versions", map[string]string{"colour": "${oar}", "suite": "bookworm", "php": "9"}, []string{
			"both = high, high.yaml:3:29",
			"colour = ${oar}, --set",
			"greeting = hello ${oar}, low.yaml:3:31",
			"mirror = " + publicMirror + ", built in",
			"oar = 2.5.9, built in",
			"oar_series = 2.5, built in",
			"php = 9, --set",
			"postgresql = 15, built in",
			"release = oldstable, built in",
			"suite = bookworm, --set",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, v := range one(t, family(), "high.yaml", tc.set).Vars {
				got = append(got, v.Name+" = "+v.Value+", "+v.Origin)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n%q\nwant\n%q", got, tc.want)
			}
		})
	}
}

func TestTheSuite(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"the default", "from: {debian: \"${suite}\"}", "trixie"},
		{"written out", "from: {debian: bookworm}", "bookworm"},
		{"a variable of the recipe", "from: {debian: \"${suite}\"}\nvars: {suite: bookworm}", "bookworm"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := one(t, tree{"x.yaml": "name: x\ntags: [\"${oar}\"]\n" + tc.text}, "x.yaml", nil)
			suite, _ := suiteNamed(tc.want)
			if r.Suite.Name != tc.want || r.Suite.Version != suite.Version || r.Tags[0] != suite.vars["oar"] {
				t.Errorf("got %+v and tags %q, want %s", r.Suite, r.Tags, tc.want)
			}
			want := []Files{{From: "debian", To: "/"}, {From: tc.want, To: "/"}}
			if !reflect.DeepEqual(r.Levels[0].Files, want) {
				t.Errorf("got files %+v in the bare level, want %+v", r.Levels[0].Files, want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	r := one(t, tree{"x.yaml": bare}, "x.yaml", nil)
	if !slices.Equal(r.Tags, []string{"latest"}) || !slices.Equal(r.Platforms, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("got tags %q and platforms %q", r.Tags, r.Platforms)
	}
}
