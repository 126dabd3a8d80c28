package layer

import (
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian/deb/debtest"
)

// dpkg notes the sums of a package's files at unpack when it does not bring
// them, and its audit refuses a package without.
func TestSumsAreNotedForAPackageWithoutThem(t *testing.T) {
	t.Parallel()
	files, _ := write(t, Spec{New: []Deb{
		made(t, "with", "", map[string]string{"md5sums": "x  usr/bin/with\n"}, debtest.Dir("./usr/"), debtest.Dir("./usr/bin/"), debtest.File("./usr/bin/with", 0o755, "with")),
		made(t, "without", "", map[string]string{"conffiles": "/etc/without\n"}, debtest.Dir("./usr/"), debtest.Dir("./usr/bin/"),
			debtest.File("./usr/bin/without", 0o755, "program"), debtest.Link("./usr/bin/link", "without"), debtest.Dir("./etc/"), debtest.File("./etc/without", 0o644, "config")),
		made(t, "bare", "", nil),
	}})
	for name, want := range map[string]string{
		"with":    "x  usr/bin/with\n",
		"without": "a9c449d4fa44e9e5a41c574ae55ce4d9  usr/bin/without\n2245023265ae4cf87d02c8b6ba991139  etc/without\n",
		"bare":    "",
	} {
		got, there := files["var/lib/dpkg/info/"+name+".md5sums"]
		if !there || got.data != want {
			t.Errorf("%s: there %v, got %q", name, there, got.data)
		}
	}
}
