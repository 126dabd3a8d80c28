// Package debtest makes small .deb files for tests, sound ones and others.
package debtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// When is the time of everything that this package makes.
var When = time.Date(2025, 8, 9, 0, 0, 0, 0, time.UTC)

// Deb returns a .deb of control members by name ("control" has to be one of
// them) and of entries, packed with xz as Debian does.
func Deb(t testing.TB, control map[string]string, entries ...tar.Header) []byte {
	t.Helper()
	return Ar("debian-binary", "2.0\n",
		"control.tar.xz", Pack(t, "xz", Control(t, control)),
		"data.tar.xz", Pack(t, "xz", Tar(t, entries...)))
}

// Control returns the tar of control members; scripts are executable.
func Control(t testing.TB, members map[string]string) string {
	t.Helper()
	entries := []tar.Header{Dir("./")}
	for _, name := range []string{"control", "conffiles", "triggers", "md5sums", "preinst", "postinst", "templates"} {
		if data, has := members[name]; has {
			mode := int64(0o644)
			if strings.HasSuffix(name, "inst") {
				mode = 0o755
			}
			entries = append(entries, File("./"+name, mode, data))
		}
	}
	return Tar(t, entries...)
}

// Tar returns a tar of entries. A regular file's Linkname is its contents.
func Tar(t testing.TB, entries ...tar.Header) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range entries {
		body := ""
		if h.Typeflag == tar.TypeReg {
			body, h.Linkname = h.Linkname, ""
			h.Size = int64(len(body))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatalf("entry %q: %v", h.Name, err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatalf("entry %q: %v", h.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Dir is a directory of root's with mode 0755.
func Dir(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755, ModTime: When}
}

// File is a regular file of root's.
func File(name string, mode int64, data string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Linkname: data, ModTime: When}
}

// Link is a symbolic link.
func Link(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Mode: 0o777, Linkname: target, ModTime: When}
}

// Pack packs data as "xz", "gz" or "zst", or not at all.
func Pack(t testing.TB, kind, data string) string {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch kind {
	case "xz":
		w, err = xz.NewWriter(&out)
	case "gz":
		w = gzip.NewWriter(&out)
	case "zst":
		w, err = zstd.NewWriter(&out)
	default:
		return data
	}
	if err == nil {
		_, err = io.WriteString(w, data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Ar returns an ar archive of members: a name and its data, and so on.
func Ar(members ...string) []byte {
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	for i := 0; i < len(members); i += 2 {
		name, data := members[i], members[i+1]
		fmt.Fprintf(&out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, When.Unix(), 0, 0, "100644", len(data))
		out.WriteString(data)
		if len(data)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}
