package kameleon

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
)

// tree is files by path; one that ends in .sh may be run.
type tree map[string]string

func (t tree) fs() fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range t {
		fsys[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		if strings.HasSuffix(name, ".sh") {
			fsys[name].Mode = 0o755
		}
	}
	return fsys
}

// read drafts x.yaml of a tree.
func (t tree) read(set map[string]string) (*draft.Draft, error) {
	return Read(t.fs(), "x.yaml", set, func(s string) bool { return s == "trixie" || s == "bookworm" })
}

// recipeOf is the text of a draft's recipe, below its head.
func recipeOf(t *testing.T, d *draft.Draft, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	text, err := d.Recipe()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// setup is a recipe whose one step runs in the image.
func setup(commands string) string {
	return "global: {distrib: debian, release: trixie}\nsetup:\n  - step:\n    - micro:\n" + commands
}

// script returns the one script of a setup.
func script(t *testing.T, files tree, set map[string]string) string {
	t.Helper()
	d, err := files.read(set)
	_, run, _ := strings.Cut(recipeOf(t, d, err), "    sh: |\n")
	run, _, _ = strings.Cut(run, "image:")
	run, _, _ = strings.Cut(run, "    network:")
	return strings.ReplaceAll(run, "      ", "")
}

func TestVariablesHaveKameleonsPrecedence(t *testing.T) {
	t.Parallel()
	use := "- v: default\n- m:\n  - exec_in: touch /$${v}\n"
	for _, tc := range []struct {
		name, child, parent, call, want string
		set                             map[string]string
	}{
		{"the step's default", "{}", "{}", "s", "default", nil},
		{"the parent over it", "{}", "{v: parent}", "s", "parent", nil},
		{"the recipe over that", "{v: child}", "{v: parent}", "s", "child", nil},
		{"the call over that", "{v: child}", "{v: parent}", "s: [{v: call}]", "call", nil},
		{"--set over the recipe", "{v: child}", "{v: parent}", "s", "set", map[string]string{"v": "set"}},
		{"more than the parent's", "{v: \"$${v}-child\"}", "{v: parent}", "s", "parent-child", nil},
		{"without braces", "{v: $$v-child}", "{v: parent}", "s", "parent-child", nil},
		{"nested", "{v: \"$${w}\", w: \"$${u}\", u: deep}", "{}", "s", "deep", nil},
		{"of the call", "{v: child}", "{}", "s: [{v: \"$${kameleon_recipe_name}\"}]", "x", nil},
		{"numbers as written", "{v: 3.10}", "{}", "s", "3.10", nil},
		{"a list", "{v: [a, b]}", "{}", "s", "a b", nil},
		{"a value's last line end", "{v: \"a\\n\"}", "{}", "s", "a", nil},
	} {
		files := tree{
			"x.yaml":             "extend: base/p\nglobal: " + tc.child + "\nsetup: [\"@base\"]\n",
			"base/p.yaml":        "global: " + tc.parent + "\nsetup:\n  - " + tc.call + "\n",
			"steps/setup/s.yaml": use,
		}
		if got := script(t, files, tc.set); got != "touch /"+tc.want+"\n" {
			t.Errorf("%s: got %q", tc.name, got)
		}
	}
}

func TestStepsAreFoundAsKameleonDoes(t *testing.T) {
	t.Parallel()
	step := func(text string) string { return "- m:\n  - exec_in: touch /" + text + "\n" }
	all := tree{
		"x.yaml":                             "extend: far/p.yaml\nglobal: {include_steps: [\"$${distrib}/$${release}\", \"$${distrib}\"]}\nsetup: [s]\n",
		"far/p.yaml":                         "global: {distrib: debian, release: trixie}\nsetup: []\n",
		"steps/setup/debian/trixie/s.yaml":   step("1"),
		"steps/debian/trixie/s.yaml":         step("2"),
		"steps/setup/debian/s.yaml":          step("3"),
		"steps/setup/s.yaml":                 step("4"),
		"steps/s.yaml":                       step("5"),
		".steps/s.yaml":                      step("6"),
		"far/steps/setup/debian/s.yaml":      step("7"),
		"far/.steps/setup/s.yaml":            step("8"),
		"other/steps/setup/debian/s.yaml":    step("no"),
		"steps/export/debian/trixie/s.yaml":  step("no"),
		"steps/setup/debian/bookworm/s.yaml": step("no"),
	}
	for n, file := range []string{"steps/setup/debian/trixie/s.yaml", "steps/debian/trixie/s.yaml", "steps/setup/debian/s.yaml", "steps/setup/s.yaml",
		"steps/s.yaml", ".steps/s.yaml", "far/steps/setup/debian/s.yaml", "far/.steps/setup/s.yaml"} {
		if got, want := script(t, all, nil), "touch /"+string(rune('1'+n))+"\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		delete(all, file)
	}
	if _, err := all.read(nil); err == nil || err.Error() != `x.yaml:3: no step "s"` {
		t.Errorf("got %v", err)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	files := tree{
		"x.yaml": "extend: p\nglobal: {distrib: debian, release: trixie}\nsetup: [a, \"@base\", c: [two, one]]\n",
		"p.yaml": "setup: [b]\n",
		"steps/a.yaml": `- m:
  - on_setup_clean: [{exec_in: touch /last}]
  - on_setup_init: [{exec_in: touch /first}]
  - on_export_init: [{exec_in: touch /export}]
  - on_bootstrap_clean: [{exec_in: touch /never}]
  - on_clean: [{exec_in: touch /a-clean}]
  - on_init: [{exec_in: touch /a-init}]
  - exec_in: touch /a
- n:
  - on_setup_clean: [{exec_in: touch /last-but-one}]
  - on_clean: [{exec_in: touch /a-clean-first}]
`,
		"steps/b.yaml": "- m:\n  - exec_in: touch /b\n",
		"steps/c.yaml": "- one:\n  - exec_in: touch /c1\n- two:\n  - exec_in: touch /c2\n- three:\n  - exec_in: touch /c3\n",
	}
	d, err := files.read(nil)
	var got []string
	for _, line := range strings.Split(recipeOf(t, d, err), "\n") {
		if _, name, ok := strings.Cut(line, "touch /"); ok {
			got = append(got, name)
		}
	}
	want := "first a-init a a-clean-first a-clean b c2 c1 last-but-one last export"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestSectionsThatAChildLacksAreLost(t *testing.T) {
	t.Parallel()
	files := tree{"x.yaml": "extend: p\nglobal: {distrib: debian, release: trixie}\n", "p.yaml": "setup: [nowhere]\nbootstrap: [nowhere]\n"}
	d, err := files.read(nil)
	if got := recipeOf(t, d, err); strings.Contains(got, "run:") {
		t.Errorf("got\n%s", got)
	}
}

func TestIncludedVariables(t *testing.T) {
	t.Parallel()
	files := tree{
		"x.yaml":                 "global: {distrib: debian, release: trixie, include: [mine, shared.yaml, -nowhere]}\nsetup:\n  - s:\n    - m:\n      - exec_in: touch /$${a}$${b}\n",
		"mine.yaml":              "a: 1\n",
		"steps/global/mine.yaml": "a: 2\n", "steps/global/shared.yaml": "b: 3\n",
	}
	if got := script(t, files, nil); got != "touch /13\n" {
		t.Errorf("got %q", got)
	}
	files["x.yaml"] = "global: {include: nowhere}\n"
	if _, err := files.read(nil); err == nil || !strings.Contains(err.Error(), "no file nowhere of variables") {
		t.Errorf("got %v", err)
	}
}

func TestBases(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, global, suite, left string }{
		{"a release that is known", "{distrib: debian, release: bookworm}", "suite: bookworm", ""},
		{"one that is not", "{distrib: debian, release: sid}", "", "release sid"},
		{"none", "{}", "", "release"},
		{"Docker's", "{from_docker_image: \"debian:trixie\"}", "suite: trixie", ""},
		{"further components", "{release: trixie, deb_components: main contrib non-free}", "suite: trixie", "components contrib non-free"},
	} {
		d, err := tree{"x.yaml": "global: " + tc.global + "\n"}.read(nil)
		text := recipeOf(t, d, err)
		if !strings.Contains(text, tc.suite) || (tc.suite == "") == strings.Contains(text, "vars:") {
			t.Errorf("%s: got\n%s", tc.name, text)
		}
		if left := d.Left(); (tc.left == "") != (len(left) == 0) || len(left) > 0 && left[0].What != tc.left {
			t.Errorf("%s: left %v", tc.name, left)
		}
	}
	if _, err := (tree{"x.yaml": "global: {distrib: centos, release: 7}\n"}).read(nil); err == nil || !strings.Contains(err.Error(), "it makes centos 7, and images are made from Debian") {
		t.Errorf("got %v", err)
	}
}

func TestBootstrapAndExport(t *testing.T) {
	t.Parallel()
	files := tree{
		"x.yaml":                           "global: {distrib: debian, release: trixie, bootstrap_packages: locales linux-image-amd64, base_preseed_path: \"$${kameleon_data_dir}/seed\"}\nbootstrap: [debootstrap, prepare_autoinstall, lost]\nexport: [save: [{level: 9}]]\n",
		"steps/bootstrap/debootstrap.yaml": "- m:\n  - exec_out: debootstrap x\n- late:\n  - exec_in: touch /x\n",
		"steps/bootstrap/prepare_autoinstall.yaml": "- m:\n  - exec_local: cp a b\n",
		"steps/data/seed":                          "#d-i pkgsel/include string no\nd-i pkgsel/include string openssh-server sudo\n",
	}
	d, err := files.read(nil)
	text := recipeOf(t, d, err)
	if !strings.Contains(text, "  - locales\n  # steps/data/seed\n  - openssh-server\n  - sudo\n") || strings.Contains(text, "run:") {
		t.Errorf("got\n%s", text)
	}
	report := string(d.Report())
	for _, want := range []string{"export step save", "package linux-image-amd64", "bootstrap step debootstrap: late", "standard system", "bootstrap step lost"} {
		if !strings.Contains(report, want) {
			t.Errorf("no %q in\n%s", want, report)
		}
	}
}

func TestImageNames(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{"a/debian12.yaml": "debian12", "Debian 12--x_y.z.yaml": "debian-12-x_y.z", "---.yaml": "imported", "é.yaml": "imported"} {
		if got := imageName(file); got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}
