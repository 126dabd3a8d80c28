package layer

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian/deb/debtest"
)

func TestAttributesAreKept(t *testing.T) {
	t.Parallel()
	capable := debtest.File("./bin/ping", 0o755, "ping")
	capable.Format = tar.FormatPAX
	capable.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": "\x01\x02", "VENDOR.note": "gone"}
	shared := debtest.Dir("./usr/local/")
	shared.Mode, shared.Gid, shared.Gname = 0o2775, 50, "staff"
	old := debtest.File("./usr/bin/old", 0o4711, "")
	old.ModTime, old.Uid, old.Uname = debtest.When.AddDate(-3, 0, 0), 6, "man"
	hard := tar.Header{Typeflag: tar.TypeLink, Name: "./lib/two", Linkname: "./bin/ping", Mode: 0o755, ModTime: debtest.When}
	long := "./usr/share/" + strings.Repeat("long/", 60) + "name"
	files, _, _ := write(t, Spec{New: []Deb{baseFiles(t), made(t, "p", "", nil, capable, shared, old, hard, debtest.File(long, 0o600, "far"))}})
	if f := files["usr/bin/ping"]; !maps.Equal(f.PAXRecords, map[string]string{"SCHILY.xattr.security.capability": "\x01\x02"}) {
		t.Errorf("records of ping: %q", f.PAXRecords)
	}
	if f := files["usr/local"]; f.Mode != 0o2775 || f.Gid != 50 {
		t.Errorf("usr/local is %o of group %d", f.Mode, f.Gid)
	}
	if f := files["usr/bin/old"]; f.Mode != 0o4711 || f.Uid != 6 || !f.ModTime.Equal(old.ModTime) {
		t.Errorf("old is %o of %d, %v", f.Mode, f.Uid, f.ModTime)
	}
	if f := files["usr/lib/two"]; f.Typeflag != tar.TypeLink || f.Linkname != "usr/bin/ping" {
		t.Errorf("the hard link leads to %q", f.Linkname)
	}
	if f := files[strings.TrimPrefix(long, "./")]; f.data != "far" {
		t.Errorf("the long name has %q", f.data)
	}
}

func TestCatalogIsSharedByManyLayers(t *testing.T) {
	t.Parallel()
	below := []Deb{baseFiles(t)}
	for i := range 6 {
		below = append(below, made(t, fmt.Sprintf("below%d", i), "", nil, debtest.File(fmt.Sprintf("./usr/bin/b%d", i), 0o755, "")))
	}
	catalog := &Catalog{}
	if _, err := Write(context.Background(), io.Discard, Spec{New: below, Catalog: catalog}); err != nil {
		t.Fatal(err)
	}
	if len(catalog.known) != len(below) {
		t.Errorf("%d of %d packages are known", len(catalog.known), len(below))
	}
	var group sync.WaitGroup
	for i := range 4 {
		d := made(t, fmt.Sprintf("new%d", i), "", nil, debtest.File("./bin/b3", 0o755, "mine"))
		group.Go(func() {
			report, err := Write(context.Background(), io.Discard, Spec{Below: below, New: []Deb{d}, Catalog: catalog})
			if err != nil || !slices.Equal(report.Real, []string{d.Package.Name}) {
				t.Errorf("report %+v, error %v", report, err)
			}
		})
	}
	group.Wait()
}

// FuzzTree puts links and paths into a tree: whatever they say, a path leads to
// a clean place in the tree, and no folder of it is a link.
func FuzzTree(f *testing.F) {
	f.Add("bin>usr/bin\nusr/bin\nbin/ls\nlib>/usr/../../usr/lib\nlib/x/../y")
	f.Add("a>b\nb>a\na/c\nd>d/d\nd/e")
	f.Fuzz(func(t *testing.T, script string) {
		tree := newTree()
		for line := range strings.SplitSeq(script, "\n") {
			name, target, isLink := strings.Cut(line, ">")
			e := entry{name: name, kind: tar.TypeReg}
			if isLink {
				e.kind, e.target = tar.TypeSymlink, target
			}
			if name == "" || strings.Count(script, "\n") > 100 {
				continue
			}
			n, at, err := tree.place(e, "p")
			if n == nil || err != nil {
				continue
			}
			if strings.HasPrefix(at, "/") || strings.HasPrefix(at, "../") || at == ".." || strings.Contains(at, "/../") {
				t.Fatalf("%q came to %q", name, at)
			}
			for i, c := range at {
				if c == '/' && tree.nodes[at[:i]] != nil && tree.nodes[at[:i]].kind == tar.TypeSymlink {
					t.Fatalf("%q came to %q, through a link", name, at)
				}
			}
			tree.leadsToDirectory(at)
		}
	})
}
