package deb_test

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian/deb"
	"github.com/oarcluster/oarcluster/internal/debian/deb/debtest"
)

const stanza = "Package: hello\nVersion: 1\nArchitecture: all\n"

// readAll opens a .deb and reads every entry: "type name target bytes".
func readAll(data []byte) (*deb.Archive, []string, error) {
	a, err := deb.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	r, err := a.Data()
	if err != nil {
		return a, nil, err
	}
	defer r.Close()
	var got []string
	entries := deb.NewEntries(r)
	for {
		h, err := entries.Next()
		if err == io.EOF {
			return a, got, nil
		}
		if err != nil {
			return a, got, err
		}
		body, err := io.ReadAll(entries)
		if err != nil {
			return a, got, err
		}
		got = append(got, strings.Join([]string{string(h.Typeflag), h.Name, h.Linkname, string(body)}, " "))
	}
}

func TestOpenReadsAllCompressions(t *testing.T) {
	t.Parallel()
	control := debtest.Control(t, map[string]string{"control": stanza, "preinst": "#!/bin/sh\n"})
	hard := tar.Header{Typeflag: tar.TypeLink, Name: "./usr/b", Linkname: "./usr/a", Mode: 0o644}
	data := debtest.Tar(t, debtest.Dir("./"), debtest.Dir("./usr/"), debtest.File("./usr/a", 0o4755, "text"),
		hard, debtest.Link("./usr/up", "../usr/a"), debtest.Link("./usr/abs", "/etc/x"))
	want := "5 .  \n5 usr  \n0 usr/a  text\n1 usr/b usr/a \n2 usr/up ../usr/a \n2 usr/abs /etc/x "
	for _, kind := range []string{"", "gz", "xz", "zst"} {
		t.Run("kind="+kind, func(t *testing.T) {
			t.Parallel()
			suffix := ""
			if kind != "" {
				suffix = "." + kind
			}
			a, got, err := readAll(debtest.Ar("debian-binary", "2.0\n", "_future", "x",
				"control.tar"+suffix, debtest.Pack(t, kind, control),
				"data.tar"+suffix, debtest.Pack(t, kind, data), "later", ""))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, "\n") != want {
				t.Errorf("entries:\n%s\nwant:\n%s", strings.Join(got, "\n"), want)
			}
			if m := a.Control["preinst"]; m.Mode != 0o755 || string(m.Data) != "#!/bin/sh\n" {
				t.Errorf("preinst is %o %q", m.Mode, m.Data)
			}
			if string(a.Control["control"].Data) != stanza {
				t.Errorf("control is %q", a.Control["control"].Data)
			}
		})
	}
}

func TestHostileEntriesAreRefused(t *testing.T) {
	t.Parallel()
	owner := debtest.File("./x", 0o644, "")
	owner.Uid = 1<<32 - 1
	for name, c := range map[string]struct {
		entries []tar.Header
		want    string
	}{
		"path traversal":          {[]tar.Header{debtest.File("./../etc/x", 0o644, "")}, "out of the tree"},
		"traversal in the middle": {[]tar.Header{debtest.File("./usr/../../x", 0o644, "")}, "out of the tree"},
		"traversal at the end":    {[]tar.Header{debtest.Dir("./usr/..")}, "out of the tree"},
		"dots alone":              {[]tar.Header{debtest.Dir("..")}, "out of the tree"},
		"absolute path":           {[]tar.Header{debtest.File("/etc/passwd", 0o644, "")}, "absolute path"},
		"double slash":            {[]tar.Header{debtest.File("./usr//x", 0o644, "")}, "not a clean path"},
		"line break":              {[]tar.Header{debtest.File("./a\n/etc/passwd", 0o644, "")}, "line break"},
		"link out of the tree":    {[]tar.Header{debtest.Link("./usr/x", "../../etc")}, "out of the tree"},
		"link up and down":        {[]tar.Header{debtest.Link("./x", "a/../../b")}, "out of the tree"},
		"absolute link, climbing": {[]tar.Header{debtest.Link("./x", "/../b")}, "out of the tree"},
		"link to nothing":         {[]tar.Header{debtest.Link("./x", "")}, "symbolic link"},
		"entry through a link":    {[]tar.Header{debtest.Link("./x", "/etc"), debtest.File("./x/passwd", 0o644, "")}, "not a directory"},
		"entry below a file":      {[]tar.Header{debtest.File("./x", 0o644, ""), debtest.File("./x/y/z", 0o644, "")}, "not a directory"},
		"link over its contents":  {[]tar.Header{debtest.File("./x/y", 0o644, ""), debtest.Link("./x", "/etc")}, "stands twice"},
		"twice":                   {[]tar.Header{debtest.File("./x", 0o644, ""), debtest.File("x", 0o644, "")}, "stands twice"},
		"directory twice":         {[]tar.Header{debtest.Dir("./x"), debtest.Dir("./x/")}, "stands twice"},
		"hard link outside":       {[]tar.Header{{Typeflag: tar.TypeLink, Name: "./x", Linkname: "../../etc/shadow"}}, "out of the tree"},
		"hard link, absolute":     {[]tar.Header{{Typeflag: tar.TypeLink, Name: "./x", Linkname: "/etc/shadow"}}, "absolute path"},
		"hard link to nothing":    {[]tar.Header{{Typeflag: tar.TypeLink, Name: "./x", Linkname: "./y"}}, "no file before it"},
		"hard link to a link":     {[]tar.Header{debtest.Link("./y", "/etc/shadow"), {Typeflag: tar.TypeLink, Name: "./x", Linkname: "./y"}}, "no file before it"},
		"block device":            {[]tar.Header{{Typeflag: tar.TypeBlock, Name: "./dev/sda", Devmajor: 8}}, "device node"},
		"character device":        {[]tar.Header{{Typeflag: tar.TypeChar, Name: "./dev/mem", Devmajor: 1}}, "device node"},
		"named pipe":              {[]tar.Header{{Typeflag: tar.TypeFifo, Name: "./pipe"}}, "neither directory, file nor link"},
		"root is a file":          {[]tar.Header{debtest.File("./.", 0o644, "")}, "root is not a directory"},
		"root is a link":          {[]tar.Header{debtest.Link(".", "../x")}, "out of the tree"},
		"owner -1":                {[]tar.Header{owner}, "owner"},
		"a path without end":      {[]tar.Header{debtest.Dir("./" + strings.Repeat("a/", 1<<18))}, "more than 4096 bytes"},
		"a part without end":      {[]tar.Header{debtest.File("./x/"+strings.Repeat("a", 256), 0o644, "")}, "more than 255 bytes"},
		"a target without end":    {[]tar.Header{debtest.Link("./x", strings.Repeat("a/", 2049))}, "more than 4096 bytes"},
		"a hard link without end": {[]tar.Header{{Typeflag: tar.TypeLink, Name: "./x", Linkname: strings.Repeat("a/", 2049)}}, "more than 4096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := readAll(debtest.Deb(t, map[string]string{"control": stanza}, c.entries...))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "entry ") {
				t.Errorf("error %v, want the entry and %q", err, c.want)
			}
		})
	}
}

func TestHostileFramesAreRefused(t *testing.T) {
	t.Parallel()
	const mark, old = "2.0\n", "0.939000\n"
	control := debtest.Pack(t, "gz", debtest.Control(t, map[string]string{"control": stanza}))
	data := debtest.Pack(t, "gz", debtest.Tar(t, debtest.Dir("./")))
	with := func(entries ...tar.Header) []byte {
		return debtest.Ar("debian-binary", mark, "control.tar", debtest.Tar(t, entries...), "data.tar.gz", data)
	}
	sound := debtest.Ar("debian-binary", mark, "control.tar.gz", control, "data.tar.gz", data)
	lying := bytes.Replace(sound, []byte("4         `"), []byte("4000000000`"), 1)
	negative := bytes.Replace(sound, []byte("4         `"), []byte("-4        `"), 1)
	for name, c := range map[string]struct {
		deb  []byte
		want string
	}{
		"empty":               {nil, "not an ar archive"},
		"not ar":              {[]byte("PK\x03\x04 and more of it"), "not an ar archive"},
		"no members":          {debtest.Ar(), "truncated"},
		"size that lies":      {lying, "says 4000000000 bytes"},
		"negative size":       {negative, "size"},
		"old format":          {debtest.Ar("debian-binary", old, "control.tar.gz", control, "data.tar.gz", data), "not 2.x"},
		"no mark":             {debtest.Ar("control.tar.gz", control, "data.tar.gz", data), "where debian-binary must be"},
		"duplicate control":   {debtest.Ar("debian-binary", mark, "control.tar.gz", control, "control.tar.gz", control, "data.tar.gz", data), "where data.tar must be"},
		"data first":          {debtest.Ar("debian-binary", mark, "data.tar.gz", data, "control.tar.gz", control), "where control.tar must be"},
		"no data":             {debtest.Ar("debian-binary", mark, "control.tar.gz", control), "truncated"},
		"unknown compression": {debtest.Ar("debian-binary", mark, "control.tar.lzma", control, "data.tar.gz", data), "none of gz, xz, zst"},
		"not what it says":    {debtest.Ar("debian-binary", mark, "control.tar.xz", control, "data.tar.gz", data), "not an xz stream"},
		"no control member":   {with(debtest.File("./md5sums", 0o644, "x")), "no member control"},
		"folder in control":   {with(debtest.Dir("./x/")), "not a control member"},
		"name in control":     {with(debtest.File("./a.list", 0o644, "")), "not a control member"},
		"list in control":     {with(debtest.File("./control", 0o644, stanza), debtest.File("./list", 0o644, "/.\n")), "dpkg's own list"},
		"a member twice":      {with(debtest.File("./control", 0o644, stanza), debtest.File("control", 0o644, stanza)), "stands twice"},
		"link in control":     {with(debtest.Link("./control", "/etc/shadow")), "not a control member"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := readAll(c.deb)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestEveryTruncationIsAnError(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"gz", "xz", "zst", ""} {
		suffix := "." + kind
		if kind == "" {
			suffix = ""
		}
		whole := debtest.Ar("debian-binary", "2.0\n",
			"control.tar"+suffix, debtest.Pack(t, kind, debtest.Control(t, map[string]string{"control": stanza})),
			"data.tar"+suffix, debtest.Pack(t, kind, debtest.Tar(t, debtest.File("./x", 0o644, strings.Repeat("text ", 500)))))
		for size := 0; size < len(whole)-1; size++ {
			if _, _, err := readAll(whole[:size]); err == nil {
				t.Fatalf("%q: %d bytes of %d were accepted", kind, size, len(whole))
			}
		}
	}
}

func TestBombsAreRefused(t *testing.T) {
	t.Parallel()
	zeros := debtest.Tar(t, debtest.File("./zeros", 0o644, strings.Repeat("\x00", 80<<20)))
	plain := debtest.Control(t, map[string]string{"control": stanza})
	for _, kind := range []string{"gz", "zst"} {
		packed := debtest.Pack(t, kind, zeros)
		for what, bomb := range map[string][]byte{
			"data":    debtest.Ar("debian-binary", "2.0\n", "control.tar", plain, "data.tar."+kind, packed),
			"control": debtest.Ar("debian-binary", "2.0\n", "control.tar."+kind, packed, "data.tar", ""),
		} {
			_, _, err := readAll(bomb)
			if err == nil || !strings.Contains(err.Error(), "bomb") {
				t.Errorf("%s.tar.%s: error %v of %d bytes that unpack to %d", what, kind, err, len(packed), len(zeros))
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(debtest.Deb(f, map[string]string{"control": stanza}, debtest.Dir("./"), debtest.File("./x", 0o644, "y")))
	f.Add(debtest.Ar("debian-binary", "2.0\n",
		"control.tar", debtest.Control(f, map[string]string{"control": stanza}),
		"data.tar", debtest.Tar(f, debtest.Link("./a", "b"), debtest.File("./c", 0o644, "y"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, got, err := readAll(data)
		for _, line := range got {
			if name := strings.Fields(line)[1]; strings.HasPrefix(name, "/") || strings.HasPrefix(name, "../") || strings.Contains(name, "/../") {
				t.Errorf("entry %q came through (%v)", name, err)
			}
		}
	})
}
