package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
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
	files, _ := write(t, Spec{New: []Deb{baseFiles(t), made(t, "p", "", nil, capable, shared, old, hard, debtest.File(long, 0o600, "far"))}})
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

func TestCatalogIsShared(t *testing.T) {
	t.Parallel()
	below := []Deb{baseFiles(t)}
	for i := range 6 {
		below = append(below, made(t, fmt.Sprintf("below%d", i), "", nil, debtest.File(fmt.Sprintf("./usr/bin/b%d", i), 0o755, "")))
	}
	catalog := &Catalog{}
	if err := Write(context.Background(), io.Discard, Spec{New: below, Catalog: catalog}); err != nil {
		t.Fatal(err)
	}
	if len(catalog.known) != len(below) {
		t.Errorf("%d of %d packages are known", len(catalog.known), len(below))
	}
	d := made(t, "new", "", nil, debtest.File("./bin/b3", 0o755, "mine"))
	files, _ := write(t, Spec{Below: below, New: []Deb{d}, Catalog: catalog})
	if real := given(files); !slices.Equal(real, []string{"new"}) {
		t.Errorf("the real dpkg gets %v", real)
	}
}

// TestLayersWrittenAtOnceAreThoseWrittenAlone writes layers in which a package is new
// while it lies beneath others, all with one Catalog, at once and in rounds.
func TestLayersWrittenAtOnceAreThoseWrittenAlone(t *testing.T) {
	t.Parallel()
	all := []Deb{baseFiles(t)}
	for i := range 12 {
		name := fmt.Sprintf("p%02d", i)
		entries := []tar.Header{debtest.Dir("./usr/"), debtest.Dir("./usr/share/"), debtest.Dir("./usr/share/" + name + "/")}
		for j := range 60 {
			entries = append(entries, debtest.File(fmt.Sprintf("./usr/share/%s/f%d", name, j), 0o644, name))
		}
		all = append(all, made(t, name, "", map[string]string{"triggers": "interest-noawait /usr/share/" + name + "\n"}, entries...))
	}
	var specs []Spec
	for i := range len(all) {
		specs = append(specs, Spec{Below: all[:i], New: all[i:]})
	}
	bytesOf := func(s Spec, c *Catalog) []byte {
		var out bytes.Buffer
		s.Epoch, s.Arch, s.Catalog = debtest.When, "amd64", c
		if err := Write(context.Background(), &out, s); err != nil {
			t.Error(err)
		}
		return out.Bytes()
	}
	want := make([][]byte, len(specs))
	for i, s := range specs {
		want[i] = bytesOf(s, nil)
	}
	catalog := &Catalog{}
	for range 3 {
		var group sync.WaitGroup
		for i, s := range specs {
			group.Go(func() {
				for range i % 4 {
					runtime.Gosched() // not all are at the same place
				}
				if !bytes.Equal(bytesOf(s, catalog), want[i]) {
					t.Errorf("the layer over %d packages is another one than when written alone", i)
				}
			})
		}
		group.Wait()
	}
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
