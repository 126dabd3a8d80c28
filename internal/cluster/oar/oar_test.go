package oar_test

import (
	"maps"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/oar"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	s := oar.Settings{
		Properties: []oar.Property{{Name: "gpu", Type: "string"}, {Name: "disk", Type: "int"}},
		Queues:     []oar.Queue{{Name: "night", Priority: -1, Policy: "p"}},
		Users:      []oar.User{{Name: "ann", UID: 2000, Keys: []string{"ssh-ed25519 AAAA ann@home\n", "ssh-rsa BBBB"}}, {Name: "bob", UID: 2001}},
		Conf:       map[string]string{"B": "2 3", "A": "1"},
	}
	want := map[string]string{
		"properties": "gpu string\ndisk int\n",
		"queues":     "night -1 p\n",
		"users":      "ann 2000\nann 2000 ssh-ed25519 AAAA ann@home\nann 2000 ssh-rsa BBBB\nbob 2001\n",
		"oar.conf":   "A=\"1\"\nB=\"2 3\"\n",
	}
	if got := s.Files(); !maps.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	everywhere := map[string]bool{"users": true, "oar.conf": true}
	if left := (oar.Settings{}).Files(); len(left) != 0 {
		t.Errorf("nothing is said of %q", left)
	}
	all := oar.Settings{}.Whole().Files()
	if len(all) != len(want) {
		t.Errorf("got %q", all)
	}
	for name, text := range all {
		if text != "" || oar.OnEveryHost(name) != everywhere[name] {
			t.Errorf("%s: %q, on every host: %t", name, text, oar.OnEveryHost(name))
		}
	}
}
