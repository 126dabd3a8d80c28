package grammar

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the reference in docs/recipe.md anew")

// manual is where the reference is.
const manual = "../../docs/recipe.md"

func TestRulesAllow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule       *Text
		good, evil []string
	}{
		{Name, []string{"x", "a-b", "a--b", "a_b", "a__b", "a.b", "0"}, []string{"", "A", "-a", "a-", "a..b"}},
		{tag, []string{"2.6.1", "_x", "Latest", strings.Repeat("x", 128)}, []string{"", "-x", strings.Repeat("x", 129)}},
		{debPkg, []string{"g++", "libc6", "0ad", "postgresql-17", "libstdc++6"}, []string{"", "v", "Vim", "vim=1"}},
		{treePath, []string{".", "a", "etc/motd", ".profile", "root/.bashrc", "..a/...", "a b"},
			[]string{"", "/a", "a/", "a//b", "..", "a/..", "./a", "a/./b"}},
		{fromPath, []string{"a", "a/b.conf", "../a", "../../a/b", "/srv/a", "shipped:base/etc"},
			[]string{"", "..", "../", "a/../b", "./a", "/", "/../a"}},
		{fragment, []string{"a.yaml", "../b/a.yaml", "/srv/a.yaml"}, []string{"a", "a.yml", ".yaml/", "../.yaml/x"}},
		{absolute, []string{"/", "/etc", "/etc/.d/..x"}, []string{"", "a", "/a/", "//", "/.", "/..", "/a/../b", "/a//b"}},
		{mode, []string{"640", "0640", "4755", "04755"}, []string{"", "64", "0999", "064000"}},
		{platform, []string{"linux/amd64", "linux/arm64/v8", "linux/arm/v7"}, []string{"amd64", "windows/amd64"}},
		{user, []string{"docker", "1000:1000", "www-data"}, []string{"", "a b", ":a"}},
		{timeout, []string{"90s", "10m", "1h30m", "1h5s", "2h"}, []string{"", "10", "1d", "0s", "1.5h", "s"}},
		{network, []string{"none", "host"}, []string{"", "lan"}},
		{script, []string{"true", "\n a\n"}, []string{"", " \n"}},
		{pinned, []string{"debian@sha256:" + strings.Repeat("0", 64)}, []string{"debian", "debian@sha256:00", "@sha256:" + strings.Repeat("0", 64)}},
	} {
		for _, v := range tc.good {
			if !tc.rule.Allows(v) {
				t.Errorf("%s %q is refused", tc.rule.What, v)
			}
		}
		for _, v := range tc.evil {
			if tc.rule.Allows(v) {
				t.Errorf("%s %q is allowed", tc.rule.What, v)
			}
		}
	}
}

// everyObject calls f for each mapping of the table.
func everyObject(o *Object, seen map[string]bool, f func(*Object)) {
	if seen[o.Name] {
		return
	}
	seen[o.Name] = true
	f(o)
	for _, k := range o.Keys {
		for _, below := range k.Value.objects() {
			everyObject(below, seen, f)
		}
	}
}

func TestTheTableIsComplete(t *testing.T) {
	t.Parallel()
	everyObject(Recipe(), map[string]bool{}, func(o *Object) {
		if o.Help == "" {
			t.Errorf("%s has no help", o.Name)
		}
		for _, k := range o.Keys {
			if !strings.HasSuffix(k.Help, ".") {
				t.Errorf("%s %s: help %q is no sentence", o.Name, k.Name, k.Help)
			}
			if v := k.Value; v.kind() == "" {
				t.Errorf("%s %s may be nothing", o.Name, k.Name)
			}
		}
		for _, name := range o.One {
			if o.Key(name) == nil || o.Say == "" {
				t.Errorf("%s: one of its keys is to be %s, which it has not or does not tell", o.Name, name)
			}
		}
	})
}

func TestTheSchemaNamesEveryKey(t *testing.T) {
	t.Parallel()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Schema string `json:"$schema"`
		Defs   map[string]struct {
			Properties           map[string]struct{ Description string }
			AdditionalProperties *bool
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &doc); err != nil || doc.Schema != dialect {
		t.Fatalf("got %v, %s", err, doc.Schema)
	}
	everyObject(Recipe(), map[string]bool{}, func(o *Object) {
		def := doc.Defs[o.Name]
		if len(def.Properties) != len(o.Keys) || def.AdditionalProperties == nil || *def.AdditionalProperties {
			t.Errorf("%s: got %+v", o.Name, def)
		}
		for _, k := range o.Keys {
			if d := def.Properties[k.Name].Description; d == "" || strings.Contains(d, "`") {
				t.Errorf("%s %s: got description %q", o.Name, k.Name, d)
			}
		}
	})
	again, _ := Schema()
	if string(again) != string(text) {
		t.Error("the schema differs from one time to the next")
	}
}

// The reference in the manual is the one of the table. To write it anew:
// go generate ./recipes/grammar
func TestTheManualHasTheReference(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- made from the table of recipes/grammar by go generate -->\n", "<!-- end of what is made -->\n"
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the reference", manual)
	}
	want := before + begin + "\n" + Reference() + "\n" + end + after
	if *update {
		if err := os.WriteFile(manual, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s is not what the table says: run go generate ./recipes/grammar", manual)
	}
}
