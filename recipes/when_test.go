package recipes

import (
	"slices"
	"strings"
	"testing"
)

const conditional = `name: x
from: {debian: "${suite}"}
sources:
  - {name: here, url: https://a.example/debian, suite: stable, components: [main], keyring: k.asc}
  - {name: arm, url: https://b.example, suite: "${suite}", components: [main, "${suite}"], keyring: /k.asc, when: {platform: linux/arm64/v8}}
packages:
  - vim
  - {name: adminer, when: {suite: bookworm}}
  - {name: phppgadmin, when: {suite: [trixie]}}
  - {name: grub-efi-arm64-bin, when: {platform: linux/arm64}}
  - {name: both, when: {suite: "${suite}", platform: [linux/amd64, linux/arm64]}}
files:
  - {from: a, to: /a, when: {platform: linux/amd64}}
run:
  - {name: old, sh: a, when: {suite: bookworm}}
  - {name: arm, sh: b, when: {platform: [linux/arm/v7, linux/arm64]}}
`

// parts of a recipe by their names.
func partsOf(r *Resolved) string {
	var list []string
	for _, s := range r.Sources {
		list = append(list, s.Name)
	}
	for _, l := range r.Levels[1:] {
		list = append(list, packageNames(l)...)
		for _, f := range l.Files {
			list = append(list, f.To)
		}
		for _, s := range l.Run {
			list = append(list, s.Name)
		}
	}
	return strings.Join(list, " ")
}

func TestWhen(t *testing.T) {
	t.Parallel()
	files := tree{"x.yaml": conditional, "k.asc": armoured, "/k.asc": armoured}
	for _, tc := range []struct{ suite, platform, want string }{
		{"trixie", "linux/amd64", "here vim phppgadmin both /a"},
		{"trixie", "linux/arm64", "here arm vim phppgadmin grub-efi-arm64-bin both arm"},
		{"trixie", "linux/arm64/v8", "here arm vim phppgadmin grub-efi-arm64-bin both arm"},
		{"bookworm", "linux/amd64", "here vim adminer both /a old"},
		{"bookworm", "linux/arm/v7", "here vim adminer old arm"},
	} {
		all := one(t, files, "x.yaml", map[string]string{"suite": tc.suite})
		before := partsOf(all)
		if got := partsOf(all.For(tc.platform)); got != tc.want {
			t.Errorf("%s on %s: got %s, want %s", tc.suite, tc.platform, got, tc.want)
		}
		if partsOf(all) != before {
			t.Errorf("%s on %s: For changed the recipe", tc.suite, tc.platform)
		}
	}
}

// A package may be listed for one suite and for another.
func TestConditionsExcludeEachOther(t *testing.T) {
	t.Parallel()
	text := bare + "packages:\n- {name: vim, when: {suite: trixie}}\n- {name: vim, when: {suite: bookworm}}\n"
	if got := packageNames(one(t, tree{"x.yaml": text}, "x.yaml", nil).Levels[1]); !slices.Equal(got, []string{"vim"}) {
		t.Errorf("got %q", got)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	files := tree{
		"a/low.yaml": "name: low\nfrom: {debian: trixie}\nsources: [{name: s, url: http://low.example, suite: stable, components: [main], keyring: k.asc}]\n",
		"a/top.yaml": "name: top\nfrom: low\nsources: [{name: t, url: \"https://${oar}.example\", suite: ./, components: [main, contrib], keyring: ../k.asc}]\n",
		"a/new.yaml": "name: new\nfrom: top\nsources: [{name: s, url: http://new.example, suite: stable, components: [main], key: \"" + armoured + " ${oar}\"}]\n",
		"a/k.asc":    armoured + " low",
		"k.asc":      armoured + " top",
	}
	files["a/top.yaml"] = strings.Replace(files["a/top.yaml"], "./", "stable/updates", 1)
	r := one(t, files, "a/new.yaml", nil)
	var got []string
	for _, s := range r.Sources {
		got = append(got, strings.Join([]string{s.Name, s.URL, s.Suite, strings.Join(s.Components, "+"), strings.TrimPrefix(string(s.Key), armoured), s.At.File}, " "))
	}
	want := []string{"t https://2.6.1.example stable/updates main+contrib  top a/top.yaml", "s http://new.example stable main  2.6.1 a/new.yaml"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestNoVariableBringsAPasswordIntoAnAddress(t *testing.T) {
	t.Parallel()
	text := "name: x\nfrom: {debian: trixie}\nvars: {who: \"me:secret@\"}\n" +
		"sources: [{name: s, url: \"http://${who}a.example\", suite: stable, components: [main], key: \"" + armoured + "\"}]\n"
	_, err := Load(tree{"x.yaml": text}.read, []string{"x.yaml"}, nil)
	if err == nil || !strings.Contains(err.Error(), "name no user and no password") {
		t.Errorf("got %v", err)
	}
}

func TestWhatAStepIsGiven(t *testing.T) {
	t.Parallel()
	text := bare + "run: [{name: a, sh: b, args: [\"${suite}\", \"\", 3], network: host, secrets: [token, npm.rc], ssh: true, timeout: 1h30m}, {name: b, sh: c, ssh: false}]\n"
	steps := one(t, tree{"x.yaml": text}, "x.yaml", nil).Levels[1].Run
	a, b := steps[0], steps[1]
	if !slices.Equal(a.Args, []string{"trixie", "", "3"}) || !slices.Equal(a.Secrets, []string{"token", "npm.rc"}) || !a.SSH || a.Timeout.String() != "1h30m0s" {
		t.Errorf("got %+v", a)
	}
	if b.Args != nil || b.Secrets != nil || b.SSH || b.Timeout != 0 {
		t.Errorf("got %+v", b)
	}
}

func TestAnImageBelow(t *testing.T) {
	t.Parallel()
	ref := "debian@sha256:" + strings.Repeat("a", 64)
	r := one(t, tree{"x.yaml": "name: x\nfrom: {image: \"" + ref + "\"}\n"}, "x.yaml", nil)
	if r.Base != ref || len(r.Levels) != 2 || len(r.Levels[0].Files) != 0 || r.Suite.Name != "trixie" {
		t.Errorf("got %+v", r)
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	for owner, want := range map[string]string{
		"1000": "1000:1000", "1000:adm": "1000:4", "www-data": "33:33", "games": "5:60", "nobody": "65534:65534",
		"root:shadow": "0:42", "0:0": "0:0", "_apt": "42:65534", "${v}:${v}": "7:7",
	} {
		text := bare + "vars: {v: 7}\nfiles: [{from: a, to: /a, owner: \"" + owner + "\", mode: 0600}]\n"
		f := one(t, tree{"x.yaml": text}, "x.yaml", nil).Levels[1].Files[0]
		if f.Owner != want || f.Mode["."] != 0o600 {
			t.Errorf("%s: got %s and mode %o, want %s", owner, f.Owner, f.Mode["."], want)
		}
	}
}

func TestPlacesOfFiles(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"x": "r/x configs/x", "x/y.conf": "r/x/y.conf configs/x/y.conf", "../x": "x", "../../x": "../x", "/srv/x": "/srv/x",
	} {
		text := bare + "files: [{from: \"" + from + "\", to: /a}]\n"
		f := one(t, tree{"r/x.yaml": text}, "r/x.yaml", nil).Levels[1].Files[0]
		if got := strings.Join(f.Places(), " "); got != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
		}
	}
}
