package oci

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var epoch = time.Unix(1_700_000_000, 0)

// list writes the trees and returns one line an entry: type, mode, owner, name,
// and content or target.
func list(t *testing.T, trees ...Tree) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := WriteTrees(&out, trees, epoch); err != nil {
		t.Fatal(err)
	}
	text := ""
	for tr := tar.NewReader(&out); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return text
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(epoch) {
			t.Errorf("%s has time %v", h.Name, h.ModTime)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		text += strings.TrimRight(fmt.Sprintf("%c %04o %d:%d %s %s", h.Typeflag, h.Mode, h.Uid, h.Gid, h.Name, h.Linkname+string(data)), " \n") + "\n"
	}
}

func TestWriteTrees(t *testing.T) {
	t.Parallel()
	script := &fstest.MapFile{Data: []byte("#!/bin/sh\n"), Mode: 0o600}
	text := &fstest.MapFile{Data: []byte("text"), Mode: 0o777}
	for _, tc := range []struct {
		name  string
		trees []Tree
		want  string
	}{
		{"modes come from content, not from the file system",
			[]Tree{{FS: fstest.MapFS{"usr/bin/run": script, "etc/conf": text}, To: "/"}},
			"5 0755 0:0 etc/\n0 0644 0:0 etc/conf text\n5 0755 0:0 usr/\n5 0755 0:0 usr/bin/\n0 0755 0:0 usr/bin/run #!/bin/sh\n"},
		{"modes may be given, also of folders",
			[]Tree{{FS: fstest.MapFS{"etc/s/f": text}, To: "/", Mode: map[string]uint32{"etc/s/f": 0o440, "etc/s": 0o2750}}},
			"5 0755 0:0 etc/\n5 2750 0:0 etc/s/\n0 0440 0:0 etc/s/f text\n"},
		{"a tree goes where it should",
			[]Tree{{FS: fstest.MapFS{"f": text}, To: "/opt/x/"}},
			"5 0755 0:0 opt/\n5 0755 0:0 opt/x/\n0 0644 0:0 opt/x/f text\n"},
		{"Debian's own modes stay",
			[]Tree{{FS: fstest.MapFS{"root/.bashrc": text, "tmp/f": text, "var/mail/x": text}, To: "/"}},
			"5 0700 0:0 root/\n0 0644 0:0 root/.bashrc text\n5 1777 0:0 tmp/\n0 0644 0:0 tmp/f text\n5 0755 0:0 var/\n5 2775 0:8 var/mail/\n0 0644 0:0 var/mail/x text\n"},
		{"a later tree wins, but does not undo a folder's mode",
			[]Tree{
				{FS: fstest.MapFS{"d/f": text}, To: "/", Mode: map[string]uint32{"d": 0o700}},
				{FS: fstest.MapFS{"d/f": script}, To: "/"},
			},
			"5 0700 0:0 d/\n0 0755 0:0 d/f #!/bin/sh\n"},
		{"a single file goes to the path that is named",
			[]Tree{{FS: fstest.MapFS{"a/f": text, "a/ff/g": text}, Root: "a/f", To: "/etc/g", Mode: map[string]uint32{".": 0o600}}},
			"5 0755 0:0 etc/\n0 0600 0:0 etc/g text\n"},
		{"a folder of a file system",
			[]Tree{{FS: fstest.MapFS{"a/b/f": text, "c": text}, Root: "a", To: "/x", Mode: map[string]uint32{".": 0o700, "b/f": 0o600}}},
			"5 0700 0:0 x/\n5 0755 0:0 x/b/\n0 0600 0:0 x/b/f text\n"},
		{"an owner has the tree, not the folders above it",
			[]Tree{{FS: fstest.MapFS{"d/f": text}, To: "/srv/www", UID: 33, GID: 34}},
			"5 0755 0:0 srv/\n5 0755 33:34 srv/www/\n5 0755 33:34 srv/www/d/\n0 0644 33:34 srv/www/d/f text\n"},
		{"an owner of files does not get the folders of the system",
			[]Tree{{FS: fstest.MapFS{"etc/x/f": text, "var/log/g": text, "usr/local/bin/h": text, "tmp/i": text}, To: "/", GID: 4}},
			"5 0755 0:0 etc/\n5 0755 0:4 etc/x/\n0 0644 0:4 etc/x/f text\n5 1777 0:0 tmp/\n0 0644 0:4 tmp/i text\n" +
				"5 0755 0:0 usr/\n5 0755 0:0 usr/local/\n5 0755 0:0 usr/local/bin/\n0 0644 0:4 usr/local/bin/h text\n" +
				"5 0755 0:0 var/\n5 0755 0:0 var/log/\n0 0644 0:4 var/log/g text\n"},
		{"an owner also gets a folder that another tree went through",
			[]Tree{{FS: fstest.MapFS{"f": text}, To: "/opt/x/bin"}, {FS: fstest.MapFS{"g": text}, To: "/opt/x", UID: 7, GID: 7}},
			"5 0755 0:0 opt/\n5 0755 7:7 opt/x/\n5 0755 0:0 opt/x/bin/\n0 0644 0:0 opt/x/bin/f text\n0 0644 7:7 opt/x/g text\n"},
		{"content may change on its way",
			[]Tree{{FS: fstest.MapFS{"a/f": text, "a/g": text}, Root: "a", To: "/", Edit: map[string]func([]byte) ([]byte, error){
				"f": func(b []byte) ([]byte, error) { return append([]byte("#!new "), b...), nil }}}},
			"0 0755 0:0 f #!new text\n0 0644 0:0 g text\n"},
		{"no trees are an empty layer", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := list(t, tc.trees...); got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
		})
	}
}

func TestLinksAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("../run/x", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if got, want := list(t, Tree{FS: os.DirFS(dir), To: "/"}), "2 0777 0:0 link ../run/x\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEqualTreesAreEqualBytes(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	for _, name := range []string{"z", "a/b/c", "m", "a/b", "q/r"} {
		files[name+"/f"] = &fstest.MapFile{Data: []byte(name), ModTime: time.Unix(int64(len(name)), 0)}
	}
	var outputs []string
	for range 5 {
		var out bytes.Buffer
		if _, err := WriteTrees(&out, []Tree{{FS: files, To: "/"}}, epoch); err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, out.String())
	}
	if len(slices.Compact(outputs)) != 1 {
		t.Error("the bytes differ from one time to the next")
	}
}

func TestWriteTreesRefuses(t *testing.T) {
	t.Parallel()
	for name, tree := range map[string]Tree{
		"a mode for nothing": {FS: fstest.MapFS{"f": {}}, To: "/", Mode: map[string]uint32{"g": 0o600}},
		"an edit of nothing": {FS: fstest.MapFS{"f": {}}, To: "/", Edit: map[string]func([]byte) ([]byte, error){"g": nil}},
		"a failed edit":      {FS: fstest.MapFS{"f": {}}, To: "/", Edit: map[string]func([]byte) ([]byte, error){"f": func([]byte) ([]byte, error) { return nil, errors.New("no") }}},
		"a file for /":       {FS: fstest.MapFS{"f": {}}, Root: "f", To: "/"},
		"a device":           {FS: fstest.MapFS{"null": {Mode: fs.ModeDevice}}, To: "/"},
		"a missing folder":   {FS: os.DirFS(filepath.Join(t.TempDir(), "none")), To: "/"},
	} {
		if _, err := WriteTrees(io.Discard, []Tree{tree}, epoch); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestDirectoriesStayDirectories(t *testing.T) {
	t.Parallel()
	files := Tree{FS: fstest.MapFS{"etc/d/f": {Data: []byte("text")}}, To: "/"}
	root := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(root, "etc"), 0o755), os.Symlink("/root", filepath.Join(root, "etc", "d"))); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]Tree{
		"a link":            {FS: os.DirFS(root), To: "/"},
		"a file":            {FS: fstest.MapFS{"d": {}}, To: "/etc"},
		"a file further up": {FS: fstest.MapFS{"etc": {}}, To: "/"},
	} {
		for _, trees := range [][]Tree{{files, other}, {other, files}} {
			_, err := WriteTrees(io.Discard, trees, epoch)
			if err == nil || !strings.Contains(err.Error(), "directory in tree 1, which") || !strings.Contains(err.Error(), "directory in tree 2, which") {
				t.Errorf("%s: error %v", name, err)
			}
		}
	}
}
