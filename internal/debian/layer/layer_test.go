package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/deb/debtest"
)

// made makes a .deb; fields are further lines of its control member, members
// its other control members.
func made(t *testing.T, name, fields string, members map[string]string, entries ...tar.Header) Deb {
	t.Helper()
	control := map[string]string{"control": "Package: " + name + "\nVersion: 1.0\nArchitecture: amd64\n" + fields +
		"Description: a test\n with two lines\n"}
	maps.Copy(control, members)
	data := debtest.Deb(t, control, append([]tar.Header{debtest.Dir("./")}, entries...)...)
	path := filepath.Join(t.TempDir(), name+".deb")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	_, multiArch, _ := strings.Cut(fields, "Multi-Arch: ")
	multiArch, _, _ = strings.Cut(multiArch, "\n")
	return Deb{debian.Package{Name: name, Version: "1.0", Architecture: "amd64", MultiArch: multiArch, SHA256: hex.EncodeToString(sum[:])}, path}
}

// baseFiles is a base-files with the links of the merged /usr.
func baseFiles(t *testing.T) Deb {
	return made(t, "base-files", "", nil, debtest.Dir("./usr/"), debtest.Dir("./usr/bin/"), debtest.Dir("./usr/lib/"),
		debtest.Link("./bin", "usr/bin"), debtest.Link("./lib", "usr/lib"), debtest.Dir("./etc/"))
}

// file is what stands in a layer: its header and its bytes.
type written struct {
	tar.Header
	data string
}

// write writes a layer and reads it again. Every path stands once, after its
// folder, and below no link.
func write(t *testing.T, s Spec) (map[string]written, []byte) {
	t.Helper()
	s.Epoch = debtest.When.Add(-time.Hour)
	if s.Arch == "" {
		s.Arch = "arm64"
	}
	var out bytes.Buffer
	if err := Write(context.Background(), &out, s); err != nil {
		t.Fatal(err)
	}
	files := map[string]written{}
	for r := tar.NewReader(bytes.NewReader(out.Bytes())); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files, out.Bytes()
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(h.Name, "/")
		if folder := filepath.Dir(name); folder != "." && files[folder].Typeflag != tar.TypeDir {
			t.Errorf("%q stands before its folder, or below something else", name)
		}
		if _, twice := files[name]; twice {
			t.Errorf("%q stands twice", name)
		}
		if h.ModTime.After(s.Epoch) || h.Uname != "" || h.Gname != "" {
			t.Errorf("%q: time %v, owner %q:%q", name, h.ModTime, h.Uname, h.Gname)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = written{*h, string(data)}
	}
}

// given are the packages of a layer that the real dpkg gets, sorted.
func given(files map[string]written) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if dir, file := filepath.Split(name); dir == realDir+"/" {
			names = append(names, strings.TrimSuffix(file, ".deb"))
		}
	}
	return names
}

func TestWriteFirstLayer(t *testing.T) {
	t.Parallel()
	files, _ := write(t, Spec{New: []Deb{
		made(t, "hello", "Multi-Arch: same\nPre-Depends: libhello\n",
			map[string]string{"conffiles": "/etc/hello\nremove-on-upgrade /etc/old\n", "preinst": "#!/bin/sh\n", "md5sums": "x  bin/hello\n"},
			debtest.Dir("./bin/"), debtest.File("./bin/hello", 0o4755, "program"), debtest.Dir("./etc/"), debtest.File("./etc/hello", 0o644, "config")),
		made(t, "libhello", "", map[string]string{"preinst": "#!/bin/sh\n"}, debtest.File("./lib/libhello.so", 0o644, "library")),
		made(t, "base-passwd", "", nil, debtest.File("./usr/share/base-passwd/passwd.master", 0o644, "root:*:0:"),
			debtest.File("./usr/share/base-passwd/group.master", 0o644, "root:*:0:")),
		baseFiles(t),
	}})
	if f := files["usr/bin/hello"]; f.data != "program" || f.Mode != 0o4755 {
		t.Errorf("usr/bin/hello is %o %q", f.Mode, f.data)
	}
	for name, want := range map[string]string{
		"usr/lib/libhello.so":                   "library",
		"etc/passwd":                            "root:*:0:",
		"etc/group":                             "root:*:0:",
		"var/lib/dpkg/info/hello:amd64.list":    "/.\n/bin\n/bin/hello\n/etc\n/etc/hello\n",
		"var/lib/dpkg/info/libhello.list":       "/.\n/lib/libhello.so\n",
		"var/lib/dpkg/info/hello:amd64.md5sums": "x  bin/hello\n",
		"var/lib/dpkg/info/format":              "1\n",
		"var/lib/dpkg/oarbuild-preinst":         "libhello libhello amd64\nhello:amd64 hello amd64\n",
		"var/lib/dpkg/triggers/Unincorp":        "",
	} {
		if f, has := files[name]; !has || f.data != want {
			t.Errorf("%s is %q (%v), want %q", name, f.data, has, want)
		}
	}
	if f := files["var/lib/dpkg/info/hello:amd64.preinst"]; f.Mode != 0o755 {
		t.Errorf("preinst has mode %o", f.Mode)
	}
	status := files["var/lib/dpkg/status"].data
	want := "Package: hello\nStatus: install ok unpacked\nVersion: 1.0\nArchitecture: amd64\nMulti-Arch: same\nPre-Depends: libhello\n" +
		"Description: a test\n with two lines\nConffiles:\n /etc/hello 2245023265ae4cf87d02c8b6ba991139\n /etc/old newconffile remove-on-upgrade\n\n"
	if !strings.Contains(status, want) {
		t.Errorf("status is\n%s\nwant in it\n%s", status, want)
	}
	if real := given(files); real != nil {
		t.Errorf("the real dpkg gets %v", real)
	}
}

func TestWriteLaterLayer(t *testing.T) {
	t.Parallel()
	secret := debtest.Dir("./var/secret/")
	secret.Mode, secret.Gid = 0o750, 42
	open := debtest.Dir("./var/secret/")
	below := []Deb{baseFiles(t), made(t, "first", "", map[string]string{"triggers": "interest-noawait /usr/lib/plugins\ninterest named\n"}, secret),
		made(t, "waits", "", map[string]string{"triggers": "# comment\ninterest /etc/deep\n"})}
	files, _ := write(t, Spec{Below: below, New: []Deb{
		made(t, "second", "", map[string]string{"triggers": "interest /opt\nactivate-noawait named\n"},
			open, debtest.File("./var/secret/key", 0o600, "k"), debtest.File("./usr/lib/plugins/p", 0o644, ""), debtest.File("./etc/deep/down/x", 0o644, "")),
	}})
	if d := files["var/secret"]; d.Mode != 0o750 || d.Gid != 42 {
		t.Errorf("var/secret came again with mode %o, group %d", d.Mode, d.Gid)
	}
	if _, has := files["var/lib/dpkg/status"]; has {
		t.Error("the status beneath is replaced")
	}
	if _, has := files["bin"]; has {
		t.Error("a link of the tree beneath came again")
	}
	if s := files["var/lib/dpkg/updates/0000"].data; !strings.HasPrefix(s, "Package: second\nStatus: install ok unpacked\n") {
		t.Errorf("the journal is %q", s)
	}
	for name, want := range map[string]string{
		"File":     "/etc/deep waits\n/opt second\n/usr/lib/plugins first/noawait\n",
		"named":    "first\n",
		"Unincorp": "/etc/deep second\n/usr/lib/plugins -\n",
	} {
		if got := files["var/lib/dpkg/triggers/"+name].data; got != want {
			t.Errorf("triggers/%s is %q, want %q", name, got, want)
		}
	}
}

func TestCollisionsGoToTheRealDpkg(t *testing.T) {
	t.Parallel()
	below := []Deb{baseFiles(t), made(t, "old", "", nil, debtest.File("./usr/bin/tool", 0o755, "old"))}
	clash := made(t, "clash", "", map[string]string{"preinst": "#!/bin/sh\n"}, debtest.File("./bin/tool", 0o755, "new"), debtest.File("./etc/later", 0o644, ""))
	replaced := made(t, "b", "", nil, debtest.File("./etc/b", 0o644, "of b"))
	replaces := made(t, "a", "Replaces: b (<< 2), c\n", nil, debtest.File("./etc/b", 0o644, "of a"))
	linked := tar.Header{Typeflag: tar.TypeLink, Name: "./etc/linked", Linkname: "./usr/share/doc/x", Mode: 0o644}
	links := made(t, "links", "", nil, debtest.File("./usr/share/doc/x", 0o644, "left out"), linked)
	filter, err := ParseFilter(strings.NewReader("path-exclude=/usr/share/doc/*"))
	if err != nil {
		t.Fatal(err)
	}
	files, _ := write(t, Spec{Below: below, New: []Deb{clash, replaces, replaced, links}, Filter: filter})
	if want := []string{"a", "clash", "links"}; !slices.Equal(given(files), want) {
		t.Fatalf("the real dpkg gets %v, want %v", given(files), want)
	}
	if list, has := files[preinstFile]; has {
		t.Errorf("preinst scripts of what is not unpacked: %s", list.data)
	}
	for _, name := range given(files) {
		whole, err := os.ReadFile(map[string]Deb{"a": replaces, "clash": clash, "links": links}[name].Path)
		if err != nil || files["var/lib/oarbuild/"+name+".deb"].data != string(whole) {
			t.Errorf("the .deb of %s is not in the layer (%v)", name, err)
		}
		if _, has := files["var/lib/dpkg/info/"+name+".list"]; has {
			t.Errorf("%s is in the database", name)
		}
	}
	if _, has := files["usr/bin/tool"]; has || files["etc/b"].data != "of b" {
		t.Errorf("a file of another package was overwritten")
	}
	if files["var/lib/dpkg/updates/0000"].data == "" || files["var/lib/dpkg/updates/0001"].data != "" {
		t.Errorf("the journal does not have b alone")
	}
}

func TestExcludedPathsDoNotEnter(t *testing.T) {
	t.Parallel()
	filter, err := ParseFilter(strings.NewReader("path-exclude=/usr/share/doc/*\npath-include=/usr/share/doc/*/copyright\npath-exclude=/etc/*\n"))
	if err != nil {
		t.Fatal(err)
	}
	files, _ := write(t, Spec{Filter: filter, New: []Deb{baseFiles(t), made(t, "doc", "", map[string]string{"conffiles": "/etc/doc\n"},
		debtest.File("./usr/share/doc/doc/README", 0o644, ""), debtest.File("./usr/share/doc/doc/copyright", 0o644, "c"), debtest.File("./etc/doc", 0o644, ""))}})
	for name, want := range map[string]bool{"usr/share/doc/doc/README": false, "usr/share/doc/doc/copyright": true, "etc/doc": false} {
		if _, has := files[name]; has != want {
			t.Errorf("%s in the layer: %v", name, has)
		}
	}
	if list := files["var/lib/dpkg/info/doc.list"].data; !strings.Contains(list, "/README\n") {
		t.Errorf("the list has lost what was left out, which dpkg keeps: %q", list)
	}
	if !strings.Contains(files["var/lib/dpkg/status"].data, " /etc/doc newconffile\n") {
		t.Errorf("a configuration file that was left out has a sum")
	}
}

func TestMergedUsrIsMadeWhenBaseFilesLacksIt(t *testing.T) {
	t.Parallel()
	bookworm := made(t, "base-files", "", nil, debtest.Dir("./bin/"), debtest.Dir("./lib/"), debtest.Dir("./usr/"))
	tool := made(t, "tool", "", nil, debtest.File("./bin/tool", 0o755, ""), debtest.File("./lib64/ld", 0o755, ""))
	for arch, links := range map[string][]string{
		"amd64": {"bin", "lib", "lib32", "lib64", "libx32", "sbin"}, "arm64": {"bin", "lib", "sbin"}, "s390x": {"bin", "lib", "lib64", "sbin"},
	} {
		files, _ := write(t, Spec{Arch: arch, New: []Deb{tool, bookworm}})
		var got []string
		for name, f := range files {
			if f.Typeflag == tar.TypeSymlink && f.Linkname == "usr/"+name {
				got = append(got, name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, links) {
			t.Errorf("%s: links %v, want %v", arch, got, links)
		}
		if _, has := files["usr/bin/tool"]; !has {
			t.Errorf("%s: usr/bin/tool is missing", arch)
		}
		above, _ := write(t, Spec{Arch: arch, New: []Deb{tool}, Below: []Deb{bookworm}})
		if _, has := above["usr/bin/tool"]; !has || above["bin"].Name != "" {
			t.Errorf("%s: the layer above does not pass through the links", arch)
		}
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	t.Parallel()
	debs := []Deb{baseFiles(t)}
	for i := range 12 {
		debs = append(debs, made(t, fmt.Sprintf("p%02d", i), "", map[string]string{"triggers": "interest /usr\n"},
			debtest.Dir("./usr/"), debtest.File(fmt.Sprintf("./usr/f%d", i), 0o644, strings.Repeat("x", i*chunkSize/4))))
	}
	catalog := &Catalog{}
	_, first := write(t, Spec{New: debs, Catalog: catalog})
	slices.Reverse(debs)
	if _, again := write(t, Spec{New: debs, Catalog: catalog}); !bytes.Equal(first, again) {
		t.Error("the order of the packages changes the bytes")
	}
	_, above := write(t, Spec{Below: debs[3:], New: debs[:3], Catalog: catalog})
	slices.Reverse(debs[3:])
	if _, again := write(t, Spec{Below: debs[3:], New: debs[:3]}); !bytes.Equal(above, again) {
		t.Error("what the catalog remembers changes the bytes")
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	wrong := baseFiles(t)
	wrong.Package.Version = "2"
	truncated := made(t, "cut", "", nil, debtest.File("./x", 0o644, strings.Repeat("x", 1000)))
	data, err := os.ReadFile(truncated.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(truncated.Path, data[:len(data)-40], 0o600); err != nil {
		t.Fatal(err)
	}
	missing := Deb{debian.Package{Name: "missing"}, filepath.Join(t.TempDir(), "missing.deb")}
	for want, d := range map[string]Deb{
		`not "2"`:             wrong,
		"package cut":         truncated,
		"no such file":        missing,
		"out of the tree":     made(t, "hostile", "", nil, debtest.File("./../x", 0o644, "")),
		"unknown trigger":     made(t, "trigger", "", map[string]string{"triggers": "fire /x\n"}),
		"no name of a":        made(t, "trigger2", "", map[string]string{"triggers": "interest ../../etc/passwd\n"}),
		"without a name":      made(t, "trigger3", "", map[string]string{"triggers": "interest\n"}),
		"entry \"./dev/mem\"": made(t, "device", "", nil, tar.Header{Typeflag: tar.TypeChar, Name: "./dev/mem"}),
	} {
		err := Write(context.Background(), io.Discard, Spec{New: []Deb{baseFiles(t), d}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Write(ctx, io.Discard, Spec{New: []Deb{baseFiles(t)}}); err == nil {
		t.Error("a cancelled context was not noticed")
	}
}
