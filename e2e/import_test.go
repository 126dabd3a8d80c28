//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lab is a Kameleon recipe with a step of each kind that is carried over, and a
// folder of files that a step must put into its place.
var lab = map[string]string{
	"lab.yaml": `extend: base
setup:
  - tools:
    - packages: less
  - account:
    - user:
      - exec_in: |
          useradd -m ada
          [[ -d /home/ada ]] && name=ada
          echo "user=${name}" >/etc/lab-user
      - write_in: [/home/ada/.profile, "export LAB=yes"]
      - pipe:
        - exec_local: tar -cf - -C $${kameleon_data_dir}/skel .
        - exec_in: tar xfp - -C /home/ada
    - motd:
      - write_in: [/etc/motd, "Welcome."]
      - append_in: [/etc/motd, "$HOSTTYPE"]
`,
	"base.yaml":              "global: {distrib: debian, release: trixie}\nsetup: []\n",
	"steps/setup/tools.yaml": "- packages: ed\n- install:\n  - exec_in: apt-get update && apt-get install -y $${packages}\n",
	"steps/data/skel/bin/hi": "#!/bin/sh\necho hi\n",
	"steps/data/skel/.vimrc": "set nu\n",
}

// TestAnImportedRecipeBuilds: what `oarbuild import` makes of a Kameleon recipe
// must build as it is, and the image must have what the recipe did.
func TestAnImportedRecipeBuilds(t *testing.T) {
	dir := t.TempDir()
	for name, text := range lab {
		put(t, filepath.Join(dir, name), text)
	}
	in := call{dir: dir}
	recipe := in.must(t, "oarbuild", "import", "lab.yaml")
	if recipe != "imported/lab.yaml" {
		t.Fatalf("got %q", recipe)
	}
	in.must(t, "oarbuild", "--recipe", recipe, "--load", "--tag", "e2e")
	image := registry + "lab:e2e"
	defer must(t, "docker", "rmi", "-f", image)
	script := "cat /etc/lab-user /home/ada/.profile /home/ada/.vimrc; /home/ada/bin/hi; cat /etc/motd; dpkg-query -Wf '${Status}\n' less; ls /usr/share/oarbuild-import"
	got := call{}.run(t, "docker", "run", "--rm", image, "sh", "-c", script)
	want := "user=ada\nexport LAB=yes\nset nu\nhi\nWelcome.\n\ninstall ok installed\n"
	if got.out != want || strings.TrimSpace(got.err) != "" {
		t.Errorf("got %q and %q, want %q", got.out, got.err, want)
	}
}

// put writes a file in a folder that need not be there yet.
func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
