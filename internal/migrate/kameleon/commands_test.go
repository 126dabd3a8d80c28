package kameleon

import (
	"strings"
	"testing"
)

// aliases are some of those that Kameleon's recipes share, in our words.
const aliases = `both:
  - exec_in: touch /@1
  - exec_in: touch /@2
nested:
  - both: ["@1", "@1-2"]
check:
  - rescue:
    - exec_in: command -v @1
    - breakpoint: "no @1"
plain: &p
  - exec_in: touch /plain
same: *p
self:
  - self
`

func TestCommands(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, commands, want string }{
		{"a script", "      - exec_in: touch /a\n", "touch /a\n"},
		{"scripts share their variables", "      - exec_in: A=1\n      - exec_in: touch /$A\n", "A=1\ntouch /$A\n"},
		{"a multi-line script", "      - exec_in: |\n          touch /a\n          touch /b\n", "touch /a\ntouch /b\n"},
		{"a group", "      - group:\n        - exec_in: touch /a\n        - exec_in: touch /b\n", "touch /a\ntouch /b\n"},
		{"an alias", "      - both: [a, b]\n", "touch /a\ntouch /b\n"},
		{"an alias of an alias", "      - nested: a\n", "touch /a\ntouch /a-2\n"},
		{"an alias without arguments", "      - plain\n", "touch /plain\n"},
		{"an anchor", "      - same\n", "touch /plain\n"},
		{"a rescue by hand", "      - check: ls\n", "command -v ls\n"},
		{"a rescue", "      - rescue: [{exec_in: mv /a /b}, {exec_in: touch /b}]\n", "if ! (\nset -e\nmv /a /b\n)\nthen\ntouch /b\nfi\n"},
		{"a test that holds", "      - test: [{exec_in: test a == a}, {exec_in: touch /a}, {exec_in: touch /b}]\n", "touch /a\n"},
		{"one that does not", "      - test: [{exec_in: test a == b}, {exec_in: touch /a}, {exec_in: touch /b}]\n", "touch /b\n"},
		{"one without else", "      - test: [{exec_in: test a == b}, {exec_in: touch /a}]\n", ""},
		{"one that the image decides", "      - test: [{exec_in: test -e /a}, {exec_in: touch /a}, {group: []}]\n", "if test -e /a\nthen\ntouch /a\nelse\n:\nfi\n"},
		{"one of the building machine", "      - test: [{exec_local: test -e /a}, {exec_in: touch /a}]\n", ""},
		{"one of the building machine that is sure", "      - test: [{exec_local: test b = b}, {exec_in: touch /a}]\n", "touch /a\n"},
		{"a command of the building machine", "      - exec_local: touch /a\n      - exec_out: touch /b\n", ""},
		{"the end of a file", "      - append_in: [/etc/x, \"a $HOME\"]\n", "mkdir -p /etc\ncat >>/etc/x <<END_OF_FILE\na $HOME\nEND_OF_FILE\n"},
		{"the raw end of a file", "      - append_raw_in: [/etc/x, \"a $HOME\"]\n", "mkdir -p /etc\ncat >>/etc/x <<'END_OF_FILE'\na $HOME\nEND_OF_FILE\n"},
		{"a file that the shell fills", "      - write_in: [/etc/x, \"a $(id)\"]\n", "mkdir -p /etc\ncat >/etc/x <<END_OF_FILE\na $(id)\nEND_OF_FILE\n"},
		{"a file whose name the shell knows", "      - write_in: [\"$HOME/x\", a]\n", "mkdir -p $HOME\ncat >$HOME/x <<'END_OF_FILE'\na\nEND_OF_FILE\n"},
		{"a download", "      - download_file_in: [https://example.org/x, $KAMELEON_WORKDIR/x]\n", "mkdir -p \"$(dirname \"/tmp/x\")\"\ncurl -fsSL --retry 3 -o \"/tmp/x\" \"https://example.org/x\"\n"},
		{"Kameleon's folder", "      - exec_in: touch $KAMELEON_WORKDIR/x\n", "KAMELEON_WORKDIR=/tmp\ntouch $KAMELEON_WORKDIR/x\n"},
		{"what is nothing in a build", "      - breakpoint: look\n      - reload_context: in\n      - on_checkpoint: skip\n", ""},
		{"options that apt has no more", "      - exec_in: apt-get --force-yes purge nano\n", "apt-get purge nano\n"},
		{"a path of the building machine", "      - exec_in: cp $${kameleon_cwd}/x /y\n", ""},
		{"the data of the recipe in a script", "      - exec_in: cp $${kameleon_data_dir}/x /y\n", ""},
	} {
		files := tree{"x.yaml": "aliases: a.yaml\n" + setup(tc.commands), "steps/aliases/a.yaml": aliases}
		if got := script(t, files, nil); got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, got, tc.want)
		}
	}
}

func TestPackagesOfCommands(t *testing.T) {
	t.Parallel()
	files := tree{"x.yaml": setup("      - apt-get_in: install --no-install-recommends $${list}\n      - exec_in: apt-get install -y tmux\n")}
	d, err := files.read(map[string]string{"list": "vim less\n"})
	if got := recipeOf(t, d, err); !strings.Contains(got, "  - vim\n  - less\n  - tmux\n") || strings.Contains(got, "run:") {
		t.Errorf("got\n%s", got)
	}
}

func TestFilesOfCommands(t *testing.T) {
	t.Parallel()
	files := tree{
		"x.yaml": setup(`      - write_in: [/etc/a, "text \\d"]
      - write_raw_in: [/etc/raw, "$HOME"]
      - local2in: ["$${kameleon_data_dir}/b", /etc/b]
      - local2in: ["$${kameleon_recipe_dir}/run.sh", /usr/bin/run]
      - pipe: [{exec_local: "cat $${kameleon_data_dir}/b"}, {exec_in: cat > /etc/c}]
      - pipe: [{exec_local: "tar -cf - -C $${kameleon_data_dir}/skel ."}, {exec_in: tar xfp - -C /etc/skel}]
      - local2in: ["$${kameleon_data_dir}/nowhere", /etc/d]
      - local2in: ["$${kameleon_cwd}/made", /etc/e]
      - local2in: [/etc/passwd, /etc/f]
      - pipe: [{exec_local: "cat $${kameleon_data_dir}/b"}, {exec_in: cat >> /etc/c}]
      - pipe: [{exec_out: cat /a}, {exec_in: cat > /etc/c}]
`),
		"run.sh": "ELF", "steps/data/b": "b\n", "steps/data/skel/.a": "1", "steps/data/skel/deep/er/x.sh": "#!/bin/sh\n",
	}
	d, err := files.read(nil)
	text := recipeOf(t, d, err)
	want := map[string]string{"x/etc/a": "text \\d\n", "x/etc/raw": "$HOME\n", "x/etc/b": "b\n", "x/usr/bin/run": "ELF", "x/etc/c": "b\n", "x/etc/skel/.a": "1", "x/etc/skel/deep/er/x.sh": "#!/bin/sh\n"}
	got := d.Files()
	for name, data := range want {
		if string(got[name].Data) != data {
			t.Errorf("%s: got %q", name, got[name].Data)
		}
	}
	if len(got) != len(want) || !strings.Contains(text, "usr/bin/run: \"0755\"") || strings.Contains(text, "x.sh") || len(d.Left()) != 5 {
		t.Errorf("got %d files, left %v, and\n%s", len(got), d.Left(), text)
	}
}

func TestFunctionsOfTheEnvironmentAreTold(t *testing.T) {
	t.Parallel()
	files := tree{"x.yaml": "env: [f.sh]\n" + setup("      - exec_in: fail here || touch /a\n      - exec_in: failsafe\n"), "steps/env/f.sh": "function fail {\n  false\n}\nhelp() {\n:\n}\n"}
	d, err := files.read(nil)
	recipeOf(t, d, err)
	left := d.Left()
	if len(left) != 2 || left[0].What != "env f.sh" || left[1].What != "step: micro: function fail" {
		t.Errorf("got %v", left)
	}
}
