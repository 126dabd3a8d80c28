package llb

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestInterpretersAreShadowedWhileConfiguring(t *testing.T) {
	t.Parallel()
	const (
		bare = "[debian linux/arm64] configure 70 packages"
		top  = "[small linux/arm64] configure 72 packages"
	)
	in := input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "arm64")
	g := graph(t, in)
	want := map[string]string{
		bare: "/ /run/eatmydata /run/image /run/native /usr/bin/perl",
		top:  "/ /run/below /run/eatmydata /run/image /run/native /usr/bin/perl /usr/bin/python3.13",
	}
	for name, op := range steps(t, g) {
		var mounts []string
		inputs := map[string]int64{}
		for _, m := range op.Mounts {
			mounts = append(mounts, m.Dest)
			inputs[m.Dest] = m.Input
			if strings.HasPrefix(m.Dest, "/usr/bin/") && path.Join("/usr/bin", m.Selector) != m.Dest {
				t.Errorf("%s: at %s is %s", name, m.Dest, m.Selector)
			}
		}
		slices.Sort(mounts)
		if list := strings.Join(mounts, " "); want[name] != "" && list != want[name] {
			t.Errorf("%s: got mounts %s, want %s", name, list, want[name])
		} else if want[name] == "" && strings.Contains(list, nativeMount) {
			t.Errorf("%s, which is the recipe's own, has the mounts %s", name, list)
		}
		if want[name] != "" && inputs["/"] != inputs[imageMount] {
			t.Errorf("%s: the image is not what it began with", name)
		}
		if !slices.Contains(op.Meta.Env, "QEMU_CPU=cortex-a57") {
			t.Errorf("%s: QEMU emulates what it likes: %q", name, op.Meta.Env)
		}
	}
	plain := in
	plain.Native, plain.Interpreters = Layer{}, nil
	if graph(t, plain).Digest() == g.Digest() {
		t.Error("the digest does not depend on native interpreters")
	}
	in.Interpreters = in.Interpreters[:1]
	if _, err := Image(t.Context(), in); err == nil || !strings.Contains(err.Error(), "interpreters of 1 levels for 2 levels") {
		t.Errorf("interpreters of too few levels: %v", err)
	}
}

// TestWhichScriptsAreNative runs what stands in the place of an interpreter, with
// made-up interpreters.
func TestWhichScriptsAreNative(t *testing.T) {
	t.Parallel()
	const python, perl = "/usr/bin/python3.13", "/usr/bin/perl"
	dir := t.TempDir()
	loader := filepath.Join(dir, "native/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
	tell := map[string]string{
		loader:                              "#!/bin/sh\nshift 4\nprintf 'native'\nprintf ' %s' \"$@\" compiling \"${OARBUILD_COMPILING:-no}\"\n",
		filepath.Join(dir, "image", python): "#!/bin/sh\nprintf 'image'\nprintf ' %s' \"$@\"\n",
		filepath.Join(dir, "image", perl):   "#!/bin/sh\nprintf 'image'\nprintf ' %s' \"$@\"\n",
	}
	for name, text := range tell {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := strings.NewReplacer("/run/native", dir+"/native", "/run/image", dir+"/image").Replace(nativeScript)
	perlBase := perl + " -I" + filepath.Dir(loader) + "/perl-base "
	for _, tc := range []struct{ interpreter, env, args, want string }{
		{python, "", "/usr/bin/py3compile -p vim", "native " + python + " /usr/bin/py3compile -p vim compiling yes"},
		{python, "", "-E -S /usr/lib/python3.13/py_compile.py a.py b.py", "native " + python + " -E -S /usr/lib/python3.13/py_compile.py a.py b.py compiling no"},
		{python, "OARBUILD_COMPILING=yes", "-m py_compile -", "native " + python + " -m py_compile - compiling yes"},
		{python, "", "-m py_compile -", "image -m py_compile -"},
		{python, "", "/usr/share/foo/setup.py /usr/bin/py3compile", "image /usr/share/foo/setup.py /usr/bin/py3compile"},
		{python, "", "", "image "},
		{python, "OARBUILD_LOADER=", "/usr/bin/py3compile -p vim", "image /usr/bin/py3compile -p vim"},
		{perl, "", "-w /usr/bin/deb-systemd-helper enable", "native " + perlBase + "-w /usr/bin/deb-systemd-helper enable compiling no"},
		{perl, "", "/usr/share/debconf/frontend x.postinst", "native " + perlBase + "/usr/share/debconf/frontend x.postinst compiling no"},
		{perl, "OARBUILD_COMPILING=yes", "-e 1", "image -e 1"},
		{perl, "", "/usr/bin/py3compile", "image /usr/bin/py3compile"},
		{python, "", "/usr/bin/deb-systemd-helper", "image /usr/bin/deb-systemd-helper"},
	} {
		cmd := exec.Command("sh", append([]string{"-c", "interpreter=" + tc.interpreter + "\n" + script, tc.interpreter}, strings.Fields(tc.args)...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "OARBUILD_LOADER=" + loader}
		if tc.env != "" {
			cmd.Env = append(cmd.Env, tc.env)
		}
		got, err := cmd.CombinedOutput()
		if want := strings.ReplaceAll(tc.want, "native /usr", "native "+dir+"/native/usr"); err != nil || string(got) != want {
			t.Errorf("%s %s %s: got %q, %v, want %q", tc.env, tc.interpreter, tc.args, got, err, want)
		}
	}
}
