package layer

import (
	"archive/tar"
	"maps"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/control"
	"github.com/oarcluster/oarcluster/internal/debian/deb"
)

// known makes contents without a .deb.
func known(name string, fields control.Stanza, triggers string, paths ...string) *contents {
	c := &contents{
		deb:     Deb{Package: debian.Package{Name: name}},
		stanza:  append(control.Stanza{{Name: "Package", Value: name}, {Name: "Architecture", Value: "amd64"}}, fields...),
		control: map[string]deb.Member{"triggers": {Data: []byte(triggers)}},
	}
	for _, path := range paths {
		c.paths = append(c.paths, entry{name: path, kind: tar.TypeReg})
	}
	return c
}

func TestTriggersAreThoseOfDpkg(t *testing.T) {
	t.Parallel()
	same := control.Stanza{{Name: "Multi-Arch", Value: "same"}}
	for what, c := range map[string]struct {
		below, added []*contents
		want         map[string]string
	}{
		"nothing": {nil, []*contents{known("a", nil, "", "usr/x")}, map[string]string{"Unincorp": ""}},
		"interest of a multi-arch package": {nil, []*contents{known("a", same, "interest-noawait x\n\n# text\ninterest /y\n")},
			map[string]string{"File": "/y a:amd64\n", "x": "a:amd64/noawait\n", "Unincorp": ""}},
		"one's own paths activate nothing": {nil, []*contents{known("a", nil, "interest /y\n", "y/z")},
			map[string]string{"File": "/y a\n", "Unincorp": ""}},
		"the path itself": {[]*contents{known("a", nil, "interest-noawait /y\n")}, []*contents{known("b", nil, "", "y")},
			map[string]string{"File": "/y a/noawait\n", "Unincorp": "/y -\n"}},
		"a path that only begins so": {[]*contents{known("a", nil, "interest-noawait /y\n")}, []*contents{known("b", nil, "", "yes")},
			map[string]string{"File": "/y a/noawait\n", "Unincorp": ""}},
		"two who wait": {[]*contents{known("a", nil, "interest-await /y\n")}, []*contents{known("b", nil, "", "y/1", "y/2"), known("c", same, "", "y/3")},
			map[string]string{"File": "/y a\n", "Unincorp": "/y b c:amd64\n"}},
		"one of two lets wait": {[]*contents{known("a", nil, "interest-noawait /y\n"), known("b", nil, "interest /y\n")}, []*contents{known("c", nil, "", "y/1")},
			map[string]string{"File": "/y a/noawait\n/y b\n", "Unincorp": "/y c\n"}},
		"activations wait for configure": {[]*contents{known("a", nil, "interest x\n")}, []*contents{known("b", nil, "activate x\nactivate-await x\nactivate-noawait x\n")},
			map[string]string{"x": "a\n", "Unincorp": ""}},
	} {
		got, err := findTriggers(c.below, c.added)
		if err != nil || !maps.Equal(got.files(), c.want) {
			t.Errorf("%s: %q, want %q (error %v)", what, got.files(), c.want, err)
		}
	}
}

func TestTriggerNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"interest", "interest ", "interest File", "interest Unincorp", "interest ../status", "interest .x",
		"interest a b", "interest a/b", "interest /", "interest //x", "interest /x/", "other x", "INTEREST x"} {
		if _, err := findTriggers(nil, []*contents{known("a", nil, line)}); err == nil || !strings.Contains(err.Error(), "package a: ") {
			t.Errorf("%q: error %v", line, err)
		}
	}
}
