package recipes

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// printed is the family as --print shows it.
const printed = `name: high
from:
  recipe:
    name: low
    from:
      debian: trixie
    packages:
      - vim
      - postgresql-17
    files:
      - from: low
        to: /
    run:
      - name: greet green
        sh: echo hello green $x ${X} ${x:-y} $${x}
        network: none
vars:
  both: high
  colour: green
  greeting: hello green
tags:
  - 2.6.1
  - high
platforms:
  - linux/arm64
packages:
  - vim
  - emacs
files:
  - from: high/deep
    to: /opt
    mode:
      bin/su: "4755"
      etc/secret: "0440"
run:
  - name: host
    sh: "true"
    network: host
image:
  entrypoint:
    - low
  env:
    A: low
    B: high
    C: green
  labels:
    a: low
  expose:
    - 22/tcp
    - 53/udp
    - 80/tcp
  volumes:
    - /high
    - /low
  user: low
  workdir: /low
  stop_signal: SIGQUIT
`

func TestYAML(t *testing.T) {
	t.Parallel()
	got, err := one(t, family(), "high.yaml", nil).YAML()
	if err != nil || string(got) != printed {
		t.Errorf("got %v\n%s\nwant\n%s", err, got, printed)
	}
}

// What --print shows is a recipe of the same image.
func TestPrintedRecipesAreRecipes(t *testing.T) {
	t.Parallel()
	all, err := Load(tree{}.read, Shipped(), nil)
	if err != nil {
		t.Fatal(err)
	}
	hard := tree{"x.yaml": bare + "run: [{name: hard, sh: \"a $${b} $$$${c} $${D}\\n\\ttab \\\"q\\\" # no\\n\\nend\", args: [a, \"$${x}\"], network: host, secrets: [t], ssh: true, timeout: 1h1s, needs: [/etc/motd], when: {platform: linux/arm64}}]\n" +
		"sources: [{name: s, url: https://a.example, suite: b, components: [c], key: \"" + armoured + "\\n\\nabc\\n\", when: {platform: linux/arm64}}]\n" +
		"packages: [a1, {name: b1, when: {platform: linux/amd64}}]\n" +
		"files: [{from: f, to: /f, owner: www-data, mode: 0600, when: {platform: [linux/amd64, linux/arm64]}}]\n" +
		"image: {entrypoint: [], cmd: [\"--\", \"#\", \"true\", \"$${x}\", \" \", \"\"], env: {A: \"1\", B: \"a: b\", C: \"- \"}}\n"}
	files := including()
	files["on.yaml"] = "name: on\nfrom: {image: \"a@sha256:" + strings.Repeat("0", 64) + "\"}\nvars: {suite: bookworm}\n"
	all = append(all, one(t, hard, "x.yaml", nil), one(t, family(), "high.yaml", nil), one(t, files, "r/top.yaml", nil), one(t, files, "on.yaml", nil))
	for _, r := range all {
		text, err := r.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again := one(t, tree{"again.yaml": string(text)}, "again.yaml", nil)
		if r.Name != again.Name || r.Base != again.Base || !slices.Equal(r.Tags, again.Tags) || !slices.Equal(r.Platforms, again.Platforms) {
			t.Errorf("%s: got %+v", r.Name, again)
		}
		if !reflect.DeepEqual(r.Image, again.Image) {
			t.Errorf("%s: got image\n%+v\nwant\n%+v", r.Name, again.Image, r.Image)
		}
		if got, want := laidOut(again), laidOut(r); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", r.Name, got, want)
		}
	}
}

// laidOut is all levels and parts of a recipe but for where they are from, one a
// line.
func laidOut(r *Resolved) string {
	var b strings.Builder
	for _, s := range r.Sources {
		s.At, s.Keyring = Position{}, ""
		fmt.Fprintf(&b, "%+v\n", s)
	}
	for _, l := range r.Levels {
		fmt.Fprintf(&b, "level %s\n", l.Name)
		for _, p := range l.Packages {
			p.At = Position{}
			fmt.Fprintf(&b, "%+v\n", p)
		}
		for _, f := range l.Files {
			f.At, f.Near = Position{}, ""
			fmt.Fprintf(&b, "%+v\n", f)
		}
		for _, s := range l.Run {
			s.At = Position{}
			fmt.Fprintf(&b, "%+v\n", s)
		}
	}
	return b.String()
}
