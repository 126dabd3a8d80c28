package kameleon

import "testing"

// lab is a recipe as labs have them: a variant of a base, whose steps are shared.
var lab = tree{
	"x.yaml": `#==============================
# DESCRIPTION: nodes of the lab
#==============================
---
extend: base/debian.yaml

global:
  release: trixie
  packages: $${packages} htop
  user_name: ada
  motd_file: motd-$${release}

setup:
  - create_user:
    - name: $${user_name}
    - groups: adm dialout
  - "@base"
  - software:
    - compiler
  - welcome_banner:
    - write_banner:
      - write_in:
        - /etc/issue.net
        - |
          $${kameleon_recipe_name} of the lab
          Welcome.

bootstrap:
  - "@base"

export:
  - "@base"
`,
	"base/debian.yaml": `extend: ../steps/backend/$${backend}.yaml
aliases: defaults.yaml
env:
  - bashrc
checkpoint: snapshots.yaml
global:
  backend: machine
  distrib: debian
  release: stable
  packages: less vim
  bootstrap_packages: locales linux-image-amd64
  include_steps:
    - $${distrib}/$${release}
    - $${distrib}
bootstrap:
  - debootstrap
  - "@base"
setup:
  - install_packages
  - configure
export:
  - save_appliance:
    - formats: tar.xz
`,
	"steps/backend/machine.yaml": `global:
  out_context:
    cmd: bash
bootstrap:
  - start_machine
setup:
export:
`,
	"steps/aliases/defaults.yaml": `write_in:
  - exec_in: |
      cat >@1 <<END
      @2
      END
apt-get_in:
  - exec_in: apt-get -y --force-yes @1
umount_in:
  - exec_in: mountpoint -q @1 && umount @1 || true
`,
	"steps/env/bashrc":                        "export EDITOR=vi\nfunction logged {\n  logger $@\n}\n",
	"steps/bootstrap/start_machine.yaml":      "- start:\n  - exec_local: machine start\n",
	"steps/bootstrap/debian/debootstrap.yaml": "- run:\n  - exec_out: debootstrap $${release} $${rootfs}\n- hostname:\n  - exec_in: echo lab >/etc/hostname\n",
	"steps/data/motd-trixie":                  "Mind the step.\n",
	"steps/data/skel/.vimrc":                  "set nu\n",
	"steps/data/skel/bin/hello":               "#!/bin/sh\necho hello\n",
	"steps/setup/debian/install_packages.yaml": `- recommends: false
- install:
  - apt-get_in: update
  - test:
    - exec_in: test "$${recommends}" == "true"
    - apt-get_in: install $${packages}
    - apt-get_in: install --no-install-recommends $${packages}
  - on_setup_clean:
    - apt-get_in: clean
`,
	"steps/setup/create_user.yaml": `- shell: /bin/bash
- add:
  - exec_in: |
      useradd -m -s $${shell} $${name}
      name="$${name}"
      usermod -G "$(echo $${groups} | tr ' ' ',')" ${name}
- home:
  - pipe:
    - exec_local: tar -cf - -C $${kameleon_data_dir}/skel .
    - exec_in: tar xfp - -C /home/$${user_name}
  - on_export_init:
    - exec_in: chown -R $${name} /home/$${name}
`,
	"steps/setup/debian/trixie/configure.yaml": `- motd:
  - local2in:
    - $${kameleon_data_dir}/$${motd_file}
    - /etc/motd
- mounts:
  - umount_in: /mnt
- key:
  - exec_local: ssh-keygen -f key
  - rescue:
    - exec_in: test -e /etc/key
    - exec_in: touch /etc/key
- log:
  - exec_in: logged done
`,
	"steps/setup/software.yaml": "- editor:\n  - apt-get_in: install emacs\n- compiler:\n  - exec_in: DEBIAN_FRONTEND=noninteractive apt-get install -qy gcc make && gcc --version >/etc/gcc\n",
}

const labRecipe = `# Imported from x.yaml by oarbuild import.
# Not carried over: 8; x.md says what, and why.
name: x
from:
  debian: ${suite}
vars:
  suite: trixie
packages:
  # base/debian.yaml:16
  - locales
  # steps/setup/debian/install_packages.yaml:2
  - less
  - vim
  - htop
  # steps/setup/software.yaml:3
  - gcc
  - make
files:
  - from: x
    to: /
run:
  # steps/setup/create_user.yaml:2
  - name: "create_user: add"
    sh: |
      useradd -m -s /bin/bash ada
      name="ada"
      usermod -G "$(echo adm dialout | tr ' ' ',')" $${name}
  # steps/setup/create_user.yaml:7
  - name: "create_user: home"
    sh: |
      cp -a /usr/share/oarbuild-import/1/. /
      rm -rf /usr/share/oarbuild-import/1
  # steps/setup/debian/trixie/configure.yaml:5
  - name: "configure: mounts"
    sh: |
      mountpoint -q /mnt && umount /mnt || true
  # steps/setup/debian/trixie/configure.yaml:7
  - name: "configure: key"
    sh: |
      if ! (
      set -e
      test -e /etc/key
      )
      then
      touch /etc/key
      fi
  # steps/setup/debian/trixie/configure.yaml:12
  - name: "configure: log"
    sh: |
      logged done
  # steps/setup/software.yaml:3
  - name: "software: compiler"
    sh: |
      gcc --version >/etc/gcc
  # steps/setup/create_user.yaml:12
  - name: "create_user: home (2)"
    sh: |
      chown -R ada /home/ada
image:
  cmd:
    - /bin/bash
`

const labReport = `# x, imported from x.yaml

Carried over: 6 packages, 4 files, 7 steps.

## Carried over in another form

| what | where | how |
|---|---|---|
| extend: base/debian.yaml | x.yaml | its part is in the recipe |
| extend: steps/backend/machine.yaml | x.yaml | its part is in the recipe |
| release trixie | x.yaml | from: {debian: ${suite}} |
| bootstrap step debootstrap | base/debian.yaml:16 | from: does what it did |
| bootstrap step start_machine | steps/backend/machine.yaml:5 | from: does what it did |
| create_user: home | steps/setup/create_user.yaml:7 | the files wait in /usr/share/oarbuild-import/1, for steps before this one touch their place |
| install_packages: install | steps/setup/debian/install_packages.yaml:2 | packages: less vim htop |
| software: compiler | steps/setup/software.yaml:3 | packages: gcc make |
| export step save_appliance | base/debian.yaml:22 | oarbuild --push, --load or --output takes the image out |

## Not carried over

| what | where | why |
|---|---|---|
| checkpoint | base/debian.yaml:5 | every step is cached by its content |
| env bashrc | base/debian.yaml:4 | steps begin with a clean environment; image: env: sets one |
| package linux-image-amd64 | base/debian.yaml:16 | a container has no kernel and no boot loader of its own |
| bootstrap step debootstrap: hostname | steps/bootstrap/debian/debootstrap.yaml:3 | it changes the image before setup; add a step if the image needs it |
| configure: key: exec_local: ssh-keygen -f key | steps/setup/debian/trixie/configure.yaml:8 | a build touches nothing of the machine that it runs on |
| apt-get update | steps/setup/debian/install_packages.yaml:2 | packages are resolved before the build, and images hold no package lists |
| configure: log: function logged | steps/setup/debian/trixie/configure.yaml:12 | it is a function of a file of env:, which steps do not have |
| apt-get clean | steps/setup/debian/install_packages.yaml:9 | packages are resolved before the build, and images hold no package lists |

## What runs differently

- A step ends at its first command that fails. Write ` + "`" + `|| true` + "`" + ` after one that may.
- Steps have no network, no standard input and no memory of each other's variables.
- All packages are there before the first step, and so are all files. Recommended packages are not installed: name those that you miss.
`

func TestARecipeOfALab(t *testing.T) {
	t.Parallel()
	d, err := lab.read(nil)
	if got := recipeOf(t, d, err); got != labRecipe {
		t.Errorf("got\n%s\nwant\n%s", got, labRecipe)
	}
	if got := string(d.Report()); got != labReport {
		t.Errorf("got\n%s\nwant\n%s", got, labReport)
	}
	for name, want := range map[string]string{
		"x/etc/motd":      "Mind the step.\n",
		"x/etc/issue.net": "x of the lab\nWelcome.\n",
		"x/usr/share/oarbuild-import/1/home/ada/.vimrc":    "set nu\n",
		"x/usr/share/oarbuild-import/1/home/ada/bin/hello": "#!/bin/sh\necho hello\n",
	} {
		if got := string(d.Files()[name].Data); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// The same recipe gives the same bytes each time, in whatever order maps are.
func TestImportsAreReproducible(t *testing.T) {
	t.Parallel()
	first := ""
	for range 10 {
		d, err := lab.read(nil)
		text := recipeOf(t, d, err) + string(d.Report())
		if first != "" && text != first {
			t.Fatalf("got\n%s\nthen\n%s", first, text)
		}
		first = text
	}
}
