package recipes

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/recipes/grammar"
)

func TestValidation(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"name", "name: X\nfrom: {debian: trixie}\n", "x.yaml:1:7: name \"X\": " + grammar.Name.Say},
		{"empty name", "name: ''\nfrom: {debian: trixie}\n", "x.yaml:1:7: name \"\": " + grammar.Name.Say},
		{"suite", "name: x\nfrom: {debian: sid}\n", "x.yaml:2:16: unknown suite \"sid\" (known: bookworm, trixie)"},
		{"suite in a variable", bare + "vars: {suite: sid}\n", "x.yaml:3:15: unknown suite \"sid\" (known: bookworm, trixie)"},
		{"two suites", "name: x\nfrom: {debian: bookworm}\nvars: {suite: trixie}\n",
			"x.yaml:2:16: from debian \"bookworm\", but the variable suite is \"trixie\" (x.yaml:3:15): write {debian: \"${suite}\"}"},
		{"variable's name", bare + "vars: {A: b}\n", "x.yaml:3:8: variable \"A\": " + grammar.Variable.Say},
		{"variable of itself", bare + "vars: {a: \"${b}\", b: \"${a}\"}\n", "x.yaml:3:11: variable \"a\" is made of itself"},
		{"unknown variable", bare + "tags: [\"v${aor}\"]\n", "x.yaml:3:10: unknown variable \"aor\" (did you mean \"oar\"?)"},
		{"not a variable", bare + "tags: [\"${OAR}\"]\n", "x.yaml:3:9: \"${OAR}\" is not a variable: " + grammar.Variable.Say},
		{"an open variable", bare + "tags: [\"${oar\"]\n", "x.yaml:3:9: \"${oar\" is not a variable: " + grammar.Variable.Say},
		{"tag", bare + "tags: [-x]\n", "x.yaml:3:8: tag \"-x\": " + say("tag")},
		{"platform", bare + "platforms: [windows/amd64]\n", "x.yaml:3:13: platform \"windows/amd64\": " + say("platform")},
		{"package", bare + "packages: [v]\n", "x.yaml:3:12: package \"v\": " + say("package")},
		{"package with a version", bare + "packages: [vim=1]\n", "x.yaml:3:12: package \"vim=1\": " + say("package")},
		{"files without from", bare + "files: [{to: /}]\n", "x.yaml:3:9: from is missing in files"},
		{"files without to", bare + "files: [{from: x}]\n", "x.yaml:3:9: to is missing in files"},
		{"files from nowhere", bare + "files: [{from: a/../x, to: /}]\n", "x.yaml:3:16: from \"a/../x\": " + say("from")},
		{"files to a relative path", bare + "files: [{from: x, to: etc}]\n", "x.yaml:3:23: to \"etc\": " + say("to")},
		{"files to a path with ..", bare + "files: [{from: x, to: /a/../b}]\n", "x.yaml:3:23: to \"/a/../b\": " + say("to")},
		{"mode", bare + "files: [{from: x, to: /, mode: {a: 9}}]\n", "x.yaml:3:36: mode \"9\": " + say("mode")},
		{"mode's path", bare + "files: [{from: x, to: /, mode: {/a: 0640}}]\n", "x.yaml:3:33: path \"/a\": " + say("path")},
		{"step without script", bare + "run: [{name: a}]\n", "x.yaml:3:7: sh is missing in run"},
		{"step without name", bare + "run: [{sh: a}]\n", "x.yaml:3:7: name is missing in run"},
		{"network", bare + "run: [{name: a, sh: b, network: lan}]\n", "x.yaml:3:33: network \"lan\": " + say("network")},
		{"env", bare + "image: {env: {A-B: c}}\n", "x.yaml:3:15: env \"A-B\": " + say("env")},
		{"port", bare + "image: {expose: [http]}\n", "x.yaml:3:18: port \"http\": " + say("port")},
		{"volume", bare + "image: {volumes: [data]}\n", "x.yaml:3:19: volume \"data\": " + say("to")},
		{"user", bare + "image: {user: a b}\n", "x.yaml:3:15: user \"a b\": " + say("user")},
		{"signal", bare + "image: {stop_signal: TERM}\n", "x.yaml:3:22: stop_signal \"TERM\": " + say("stop_signal")},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); refused(t, tc.text, tc.want) })
	}
}

// refused checks that a recipe has this mistake and no other one.
func refused(t *testing.T, text, want string) {
	t.Helper()
	_, err := Load(tree{"x.yaml": text}.read, []string{"x.yaml"}, nil)
	if err == nil {
		t.Fatalf("no mistake, want %s", want)
	}
	if got, _, _ := strings.Cut(err.Error(), "\n"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := len(err.(*mistakes).List); n != 1 {
		t.Errorf("got %d mistakes:\n%v", n, err)
	}
	refusedBySchema(t, text, want)
}

func TestValidationOfParts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"files of a stranger", bare + "files: [{from: x, to: /, owner: oar}]\n",
			"x.yaml:3:33: owner \"oar\": " + say("owner") + "; a step can chown what a package's own user is to have"},
		{"files of no owner", bare + "files: [{from: x, to: /, owner: a b}]\n", "x.yaml:3:33: owner \"a b\": " + say("owner")},
		{"files of a group too large", bare + "files: [{from: x, to: /, owner: \"1:4294967296\"}]\n",
			"x.yaml:3:33: owner \"1:4294967296\": " + say("owner") + "; a step can chown what a package's own user is to have"},
		{"a list of modes", bare + "files: [{from: x, to: /, mode: [1]}]\n", "x.yaml:3:32: mode must be a text or a mapping, not a list"},
		{"package without a name", bare + "packages: [{when: {suite: trixie}}]\n", "x.yaml:3:12: name is missing in packages"},
		{"suite of a condition", bare + "packages: [{name: vim, when: {suite: trixi}}]\n", "x.yaml:3:38: unknown suite \"trixi\" (did you mean \"trixie\"?)"},
		{"platform of a condition", bare + "run: [{name: a, sh: b, when: {platform: [arm64]}}]\n", "x.yaml:3:42: platform \"arm64\": " + say("platform")},
		{"condition of something else", bare + "run: [{name: a, sh: b, when: {suit: x}}]\n", "x.yaml:3:31: unknown key \"suit\" in when (did you mean \"suite\"?)"},
		{"secrets without a network", bare + "run: [{name: a, sh: b, secrets: [c]}]\n", "x.yaml:3:7: step \"a\" has secrets or ssh without a network: write network: host"},
		{"ssh without a network", bare + "run: [{name: a, sh: b, ssh: true}]\n", "x.yaml:3:7: step \"a\" has secrets or ssh without a network: write network: host"},
		{"secret's id", bare + "run: [{name: a, sh: b, network: host, secrets: [a/b]}]\n", "x.yaml:3:49: secret \"a/b\": " + say("secret")},
		{"needs", bare + "run: [{name: a, sh: b, needs: [etc/motd]}]\n", "x.yaml:3:32: needs \"etc/motd\": " + say("needs")},
		{"ssh", bare + "run: [{name: a, sh: b, network: host, ssh: yes}]\n", "x.yaml:3:44: ssh \"yes\": " + say("ssh")},
		{"timeout", bare + "run: [{name: a, sh: b, timeout: 10}]\n", "x.yaml:3:33: timeout \"10\": " + say("timeout")},
		{"empty timeout", bare + "run: [{name: a, sh: b, timeout: ''}]\n", "x.yaml:3:33: timeout \"\": " + say("timeout")},
		{"image that moves", "name: x\nfrom: {image: debian:trixie}\n", "x.yaml:2:15: image \"debian:trixie\": " + say("image")},
		{"two bases", "name: x\nfrom: {debian: trixie, image: a@sha256:" + strings.Repeat("0", 64) + "}\n", "x.yaml:2:31: debian and image exclude each other in from: " + fromSay()},
		{"source without components", bare + "sources: [{name: a, url: \"http://a\", suite: b, key: \"" + armoured + "\"}]\n", "x.yaml:3:11: components is missing in sources"},
		{"source without a key", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c]}]\n", "x.yaml:3:11: keyring or key is missing in sources: write keyring: FILE, the archive's public key"},
		{"source with two keys", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c], key: \"" + armoured + "\", keyring: d}]\n",
			"x.yaml:3:70: keyring and key exclude each other in sources: write keyring: FILE, the archive's public key"},
		{"source's key", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c], key: d}]\n", "x.yaml:3:70: key is no armoured public key: it begins with " + armoured},
		{"source's keyring", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c], keyring: d}]\n", "x.yaml:3:74: reading keyring: open d: file does not exist"},
		{"source's keyring that is none", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c], keyring: x.yaml}]\n",
			"x.yaml:3:74: keyring \"x.yaml\" is no armoured public key: make one with gpg --export --armor"},
		{"source's url", bare + "sources: [{name: a, url: \"ftp://a\", suite: b, components: [c], key: \"" + armoured + "\"}]\n", "x.yaml:3:26: url \"ftp://a\": " + say("url")},
		{"source's url with a password", bare + "sources: [{name: a, url: \"https://me:secret@a/@b\", suite: b, components: [c], key: \"" + armoured + "\"}]\n",
			"x.yaml:3:26: url \"https://me:secret@a/@b\": " + say("url")},
		{"source listed twice", bare + "sources:\n" + strings.Repeat("- {name: a, url: \"http://a\", suite: b, components: [c], key: \""+armoured+"\"}\n", 2),
			"x.yaml:5:10: source \"a\" is listed twice, first on line 4"},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); refused(t, tc.text, tc.want) })
	}
}

// say returns the words that tell a rule, by what it is for.
func say(what string) string {
	return find(grammar.Value{Object: grammar.Recipe()}, what, map[*grammar.Object]bool{}).Say
}

func fromSay() string { return grammar.Recipe().Key("from").Value.Object.Say }

// find looks for a text in the table, that of the name not counting for from.
func find(v grammar.Value, what string, seen map[*grammar.Object]bool) *grammar.Text {
	switch {
	case v.Text != nil && v.Text.What == what && v.Text.Say != "":
		return v.Text
	case v.List != nil:
		return find(*v.List, what, seen)
	case v.Map != nil && v.Map.Key.What == what:
		return v.Map.Key
	}
	if v.Object == nil || seen[v.Object] {
		return nil
	}
	seen[v.Object] = true
	for i := len(v.Object.Keys) - 1; i >= 0; i-- {
		if t := find(v.Object.Keys[i].Value, what, seen); t != nil {
			return t
		}
	}
	return nil
}
