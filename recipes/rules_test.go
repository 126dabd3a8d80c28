package recipes

import (
	"strings"
	"testing"
)

func TestValidation(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"name", "name: X\nfrom: {debian: trixie}\n", "x.yaml:1:7: name \"X\": " + nameText},
		{"empty name", "name: ''\nfrom: {debian: trixie}\n", "x.yaml:1:7: name \"\": " + nameText},
		{"suite", "name: x\nfrom: {debian: sid}\n", "x.yaml:2:16: unknown suite \"sid\" (known: bookworm, trixie)"},
		{"suite in a variable", bare + "vars: {suite: sid}\n", "x.yaml:3:15: unknown suite \"sid\" (known: bookworm, trixie)"},
		{"two suites", "name: x\nfrom: {debian: bookworm}\nvars: {suite: trixie}\n",
			"x.yaml:2:16: from debian \"bookworm\", but the variable suite is \"trixie\" (x.yaml:3:15): write {debian: \"${suite}\"}"},
		{"variable's name", bare + "vars: {A: b}\n", "x.yaml:3:8: variable \"A\": " + variableText},
		{"variable of itself", bare + "vars: {a: \"${b}\", b: \"${a}\"}\n", "x.yaml:3:11: variable \"a\" is made of itself"},
		{"unknown variable", bare + "tags: [\"v${aor}\"]\n", "x.yaml:3:10: unknown variable \"aor\" (did you mean \"oar\"?)"},
		{"not a variable", bare + "tags: [\"${OAR}\"]\n", "x.yaml:3:9: \"${OAR}\" is not a variable: " + variableText},
		{"an open variable", bare + "tags: [\"${oar\"]\n", "x.yaml:3:9: \"${oar\" is not a variable: " + variableText},
		{"tag", bare + "tags: [-x]\n", "x.yaml:3:8: tag \"-x\": " + tagText},
		{"platform", bare + "platforms: [windows/amd64]\n", "x.yaml:3:13: platform \"windows/amd64\": " + platformText},
		{"package", bare + "packages: [v]\n", "x.yaml:3:12: package \"v\": " + packageText},
		{"package with a version", bare + "packages: [vim=1]\n", "x.yaml:3:12: package \"vim=1\": " + packageText},
		{"files without from", bare + "files: [{to: /}]\n", "x.yaml:3:9: from is missing in files"},
		{"files without to", bare + "files: [{from: x}]\n", "x.yaml:3:9: to is missing in files"},
		{"files from nowhere", bare + "files: [{from: a/../x, to: /}]\n", "x.yaml:3:16: from \"a/../x\": " + fromRuleText},
		{"files to a relative path", bare + "files: [{from: x, to: etc}]\n", "x.yaml:3:23: to \"etc\": " + absoluteText},
		{"files to a path with ..", bare + "files: [{from: x, to: /a/../b}]\n", "x.yaml:3:23: to \"/a/../b\": " + absoluteText},
		{"mode", bare + "files: [{from: x, to: /, mode: {a: 9}}]\n", "x.yaml:3:36: mode \"9\": " + modeText},
		{"mode's path", bare + "files: [{from: x, to: /, mode: {/a: 0640}}]\n", "x.yaml:3:33: path \"/a\": " + treeText},
		{"step without script", bare + "run: [{name: a}]\n", "x.yaml:3:7: sh is missing in run"},
		{"step without name", bare + "run: [{sh: a}]\n", "x.yaml:3:7: name is missing in run"},
		{"network", bare + "run: [{name: a, sh: b, network: lan}]\n", "x.yaml:3:33: network \"lan\": " + networkText},
		{"env", bare + "image: {env: {A-B: c}}\n", "x.yaml:3:15: env \"A-B\": " + envText},
		{"port", bare + "image: {expose: [http]}\n", "x.yaml:3:18: port \"http\": " + portText},
		{"volume", bare + "image: {volumes: [data]}\n", "x.yaml:3:19: volume \"data\": " + absoluteText},
		{"user", bare + "image: {user: a b}\n", "x.yaml:3:15: user \"a b\": " + userText},
		{"signal", bare + "image: {stop_signal: TERM}\n", "x.yaml:3:22: stop_signal \"TERM\": " + signalText},
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
	if n := len(err.(*mistakes).list); n != 1 {
		t.Errorf("got %d mistakes:\n%v", n, err)
	}
}

func TestValidationOfParts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"files of a stranger", bare + "files: [{from: x, to: /, owner: oar}]\n",
			"x.yaml:3:33: owner \"oar\": " + ownerText + "; a step can chown what a package's own user is to have"},
		{"files of no owner", bare + "files: [{from: x, to: /, owner: a b}]\n", "x.yaml:3:33: owner \"a b\": " + ownerText},
		{"files of a group too large", bare + "files: [{from: x, to: /, owner: \"1:4294967296\"}]\n",
			"x.yaml:3:33: owner \"1:4294967296\": " + ownerText + "; a step can chown what a package's own user is to have"},
		{"a list of modes", bare + "files: [{from: x, to: /, mode: [1]}]\n", "x.yaml:3:32: mode must be a mapping, not a list"},
		{"package without a name", bare + "packages: [{when: {suite: trixie}}]\n", "x.yaml:3:12: name is missing in packages"},
		{"suite of a condition", bare + "packages: [{name: vim, when: {suite: trixi}}]\n", "x.yaml:3:38: unknown suite \"trixi\" (did you mean \"trixie\"?)"},
		{"platform of a condition", bare + "run: [{name: a, sh: b, when: {platform: [arm64]}}]\n", "x.yaml:3:42: platform \"arm64\": " + platformText},
		{"condition of something else", bare + "run: [{name: a, sh: b, when: {suit: x}}]\n", "x.yaml:3:31: unknown key \"suit\" in when (did you mean \"suite\"?)"},
		{"secrets without a network", bare + "run: [{name: a, sh: b, secrets: [c]}]\n", "x.yaml:3:7: step \"a\" has secrets or ssh without a network: write network: host"},
		{"ssh without a network", bare + "run: [{name: a, sh: b, ssh: true}]\n", "x.yaml:3:7: step \"a\" has secrets or ssh without a network: write network: host"},
		{"secret's id", bare + "run: [{name: a, sh: b, network: host, secrets: [a/b]}]\n", "x.yaml:3:49: secret \"a/b\": " + secretText},
		{"ssh", bare + "run: [{name: a, sh: b, network: host, ssh: yes}]\n", "x.yaml:3:44: ssh \"yes\": " + boolText},
		{"timeout", bare + "run: [{name: a, sh: b, timeout: 10}]\n", "x.yaml:3:33: timeout \"10\": " + timeoutText},
		{"empty timeout", bare + "run: [{name: a, sh: b, timeout: ''}]\n", "x.yaml:3:33: timeout \"\": " + timeoutText},
		{"image that moves", "name: x\nfrom: {image: debian:trixie}\n", "x.yaml:2:15: image \"debian:trixie\": " + pinnedText},
		{"two bases", "name: x\nfrom: {debian: trixie, image: a@sha256:" + strings.Repeat("0", 64) + "}\n", "x.yaml:2:16: from names both a release of Debian and an image: " + fromText},
		{"source without components", bare + "sources: [{name: a, url: \"http://a\", suite: b, key: \"" + armoured + "\"}]\n", "x.yaml:3:11: components is missing in sources"},
		{"source without a key", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c]}]\n", "x.yaml:3:11: keyring is missing in sources"},
		{"source with two keys", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c], key: \"" + armoured + "\", keyring: d}]\n",
			"x.yaml:3:70: source has both a key and a keyring"},
		{"source's key", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c], key: d}]\n", "x.yaml:3:70: key is no armoured public key: it begins with " + armoured},
		{"source's keyring", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c], keyring: d}]\n", "x.yaml:3:74: reading keyring: open d: file does not exist"},
		{"source's keyring that is none", bare + "sources: [{name: a, url: \"http://a\", suite: b, components: [c], keyring: x.yaml}]\n",
			"x.yaml:3:74: keyring \"x.yaml\" is no armoured public key: make one with gpg --export --armor"},
		{"source's url", bare + "sources: [{name: a, url: \"ftp://a\", suite: b, components: [c], key: \"" + armoured + "\"}]\n", "x.yaml:3:26: url \"ftp://a\": " + urlText},
		{"source listed twice", bare + "sources:\n" + strings.Repeat("- {name: a, url: \"http://a\", suite: b, components: [c], key: \""+armoured+"\"}\n", 2),
			"x.yaml:5:10: source \"a\" is listed twice, first on line 4"},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); refused(t, tc.text, tc.want) })
	}
}

func TestRulesAllow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		what   string
		must   rule
		values []string
	}{
		{"name", nameRule, []string{"x", "a-b", "a--b", "a_b", "a__b", "a.b", "0"}},
		{"tag", tagRule, []string{"2.6.1", "_x", "Latest", strings.Repeat("x", 128)}},
		{"package", packageRule, []string{"g++", "libc6", "0ad", "postgresql-17", "libstdc++6"}},
		{"tree", treeRule, []string{"a", "etc/motd", ".profile", "root/.bashrc", "..a/...", "a b"}},
		{"absolute", absoluteRule, []string{"/", "/etc", "/etc/.d/..x"}},
		{"mode", modeRule, []string{"640", "0640", "4755", "04755"}},
		{"platform", platformRule, []string{"linux/amd64", "linux/arm64/v8", "linux/arm/v7"}},
		{"user", userRule, []string{"docker", "1000:1000", "www-data"}},
	} {
		for _, v := range tc.values {
			if !tc.must.MatchString(v) {
				t.Errorf("%s %q is refused", tc.what, v)
			}
		}
	}
	for _, bad := range []string{"", "/a", "a/", "a//b", ".", "..", "a/..", "./a", "a/./b"} {
		if treeRule.MatchString(bad) {
			t.Errorf("tree %q is allowed", bad)
		}
	}
	for _, bad := range []string{"", "a", "/a/", "//", "/.", "/..", "/a/../b", "/a//b"} {
		if absoluteRule.MatchString(bad) {
			t.Errorf("absolute path %q is allowed", bad)
		}
	}
}
