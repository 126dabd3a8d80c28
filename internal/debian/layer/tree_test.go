package layer

import (
	"archive/tar"
	"errors"
	"testing"
)

// merged is a tree with the links of the merged /usr and some others.
func merged() *tree {
	t := newTree()
	for _, e := range []entry{
		{"usr", tar.TypeDir, "", attributes{}},
		{"usr/bin", tar.TypeDir, "", attributes{}},
		{"usr/lib", tar.TypeDir, "", attributes{}},
		{"usr/bin/sh", tar.TypeReg, "", attributes{}},
		{"bin", tar.TypeSymlink, "usr/bin", attributes{}},
		{"lib", tar.TypeSymlink, "/usr/lib", attributes{}},
		{"usr/lib/up", tar.TypeSymlink, "../../../../bin", attributes{}},
		{"loop", tar.TypeSymlink, "pool", attributes{}},
		{"pool", tar.TypeSymlink, "loop", attributes{}},
		{"gone", tar.TypeSymlink, "nowhere", attributes{}},
	} {
		if _, _, err := t.place(e, "base-files"); err != nil {
			panic(err)
		}
	}
	return t
}

func TestResolveFollowsLinksInsideTheTree(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		".":                ".",
		"bin":              "bin",
		"bin/ls":           "usr/bin/ls",
		"lib/x/y":          "usr/lib/x/y",
		"lib/up/ls":        "usr/bin/ls",
		"gone/x":           "nowhere/x",
		"new/path":         "new/path",
		"usr/bin/../lib/z": "usr/lib/z",
	} {
		got, err := merged().resolve(name)
		if err != nil || got != want {
			t.Errorf("resolve(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"loop/x", "bin/sh/x"} {
		if got, err := merged().resolve(name); err == nil {
			t.Errorf("resolve(%q) = %q, want an error", name, got)
		}
	}
}

func TestPlaceKeepsWhatDpkgKeeps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what    string
		e       entry
		at      string
		written bool
		clash   bool
	}{
		{"a new file through a link", entry{name: "bin/ls", kind: tar.TypeReg}, "usr/bin/ls", true, false},
		{"a directory over a link to one", entry{name: "bin", kind: tar.TypeDir}, "bin", false, false},
		{"a directory over a directory", entry{name: "usr", kind: tar.TypeDir}, "usr", false, false},
		{"a link over a directory", entry{name: "usr/lib", kind: tar.TypeSymlink, target: "bin"}, "usr/lib", false, false},
		{"a directory over a dangling link", entry{name: "gone", kind: tar.TypeDir}, "gone", false, true},
		{"a directory over a file", entry{name: "usr/bin/sh", kind: tar.TypeDir}, "usr/bin/sh", false, true},
		{"a file over a directory", entry{name: "usr/bin", kind: tar.TypeReg}, "usr/bin", false, true},
		{"a file over a file", entry{name: "bin/sh", kind: tar.TypeReg}, "usr/bin/sh", false, true},
		{"a file below a file", entry{name: "bin/sh/x", kind: tar.TypeReg}, "", false, true},
		{"a file through a loop", entry{name: "loop/x", kind: tar.TypeReg}, "", false, true},
	} {
		n, at, err := merged().place(c.e, "other")
		var clash *collision
		if at != c.at || (n != nil) != c.written || errors.As(err, &clash) != c.clash {
			t.Errorf("%s: node %v at %q, error %v", c.what, n, at, err)
		}
	}
}

func TestImplyMakesPlainDirectories(t *testing.T) {
	t.Parallel()
	tree := merged()
	n := tree.imply("usr/share/doc/x")
	if n.kind != tar.TypeDir || n.mode != 0o755 || tree.nodes["usr/share"] == nil {
		t.Errorf("implied %+v", n)
	}
	if tree.imply("usr/bin") != tree.nodes["usr/bin"] {
		t.Error("a known directory was made anew")
	}
}
