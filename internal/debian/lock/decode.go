package lock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// maxBytes bounds a lock. One of two platforms and 300 packages has 0.2 MB.
const maxBytes = 64 << 20

// Decode reads the text of a lock's file. Errors are of usage and say where in
// the file they are.
func Decode(file string, data []byte) (*Lock, error) {
	if len(data) > maxBytes {
		return nil, ui.Usage(fmt.Errorf("%s: it has more than %d bytes, which no lock has", file, maxBytes), anew)
	}
	// Version control may have given the lines another ending.
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	s := newScanner(file, data)
	if !isLock(data) {
		s.fail("a lock is written by oarbuild lock", "it is no lock of oarbuild")
		return nil, s.err
	}
	r := &reader{s: s, lock: &Lock{}}
	r.read()
	if s.err != nil {
		return nil, s.err
	}
	return r.lock, nil
}

// isLock tells whether the first field is the one with which a lock begins.
func isLock(data []byte) bool {
	s := newScanner("", data)
	s.delimiter('{', "")
	return s.token() == "oarbuild-lock"
}

// reader reads the objects of a lock.
type reader struct {
	s    *scanner
	lock *Lock
}

// read reads the whole file.
func (r *reader) read() {
	s, l, sum := r.s, r.lock, ""
	s.object("lock", map[string]func(){
		"oarbuild-lock": r.format,
		"recipe":        s.text(&l.Recipe, "recipe"),
		"suite":         s.text(&l.Suite, "suite"),
		"sources":       s.list("sources", r.source),
		"releases":      s.list("releases", r.release),
		"platforms":     s.list("platforms", r.platform),
		"sum":           s.text(&sum, "sum"),
	}, func() error { return r.whole(sum) })
	if s.err != nil {
		return
	}
	if _, err := s.decoder.Token(); !errors.Is(err, io.EOF) {
		s.fail(anew, "there is more behind the end of the lock")
	} else if !bytes.HasSuffix(s.data, []byte(sum+sumEnd)) {
		s.fail(anew, "its end is not as oarbuild wrote it")
	}
}

// format refuses what a later program wrote before anything of it is read.
func (r *reader) format() {
	var format int64
	r.s.number(&format, "oarbuild-lock")()
	if r.s.err == nil && format != Format {
		r.s.fail("use the oarbuild that wrote it, or a later one; or write it anew with oarbuild lock",
			"it is a lock of format %d, and this program knows format %d", format, Format)
	}
}

// whole checks what no part of a lock shows alone.
func (r *reader) whole(sum string) error {
	l := r.lock
	if len(l.Releases) == 0 || len(l.Platforms) == 0 {
		return errors.New("it has no release or no platform")
	}
	if !slices.ContainsFunc(l.Releases, func(one Release) bool { return one.Suite == l.Suite }) {
		return fmt.Errorf("it has no release of its suite %s", l.Suite)
	}
	known := map[[3]string]bool{}
	for _, release := range l.Releases {
		for _, index := range release.Indexes {
			place := [3]string{release.Archive, release.Suite, index.Path}
			if known[place] {
				return fmt.Errorf("%s of suite %s is there twice", index.Path, release.Suite)
			}
			known[place] = true
		}
	}
	for _, p := range l.Platforms {
		for _, one := range p.Packages() {
			if !slices.ContainsFunc(l.Releases, func(r Release) bool { return r.Archive == one.Archive }) {
				return fmt.Errorf("package %s is of archive %q, which no release is of", one.Name, one.Archive)
			}
		}
	}
	end := bytes.LastIndex(r.s.data, []byte(sumBegin))
	if end < 0 || sumOf(r.s.data[:end]) != sum {
		return errors.New("its sum is not that of its text: it was changed after oarbuild wrote it")
	}
	return nil
}

func (r *reader) source() {
	s, one := r.s, Source{}
	s.object("source", map[string]func(){
		"name":  s.text(&one.Name, "name"),
		"url":   s.text(&one.URL, "url"),
		"suite": s.text(&one.Suite, "suite"),
		"components": s.list("components", func() {
			one.Components = append(one.Components, "")
			s.text(&one.Components[len(one.Components)-1], "component")()
		}),
		"key-sha256": s.text(&one.KeySHA256, "key-sha256"),
	}, func() error { return checkDigest(one.KeySHA256) })
	r.lock.Sources = append(r.lock.Sources, one)
}

func (r *reader) release() {
	s, one, date := r.s, Release{}, ""
	s.object("release", map[string]func(){
		"suite":   s.text(&one.Suite, "suite"),
		"archive": s.text(&one.Archive, "archive"),
		"date":    s.text(&date, "date"),
		"sha256":  s.text(&one.SHA256, "sha256"),
		"indexes": s.list("indexes", func() { one.Indexes = append(one.Indexes, r.index()) }),
	}, func() (err error) {
		if one.Date, err = time.Parse(time.RFC3339, date); err != nil {
			return fmt.Errorf("date %q is none", date)
		}
		return checkDigest(one.SHA256)
	})
	r.lock.Releases = append(r.lock.Releases, one)
}

func (r *reader) index() Index {
	s, one := r.s, Index{}
	s.object("index", map[string]func(){
		"path": s.text(&one.Path, "path"), "sha256": s.text(&one.SHA256, "sha256"), "size": s.number(&one.Size, "size"),
	}, func() error { return checkDigest(one.SHA256) })
	return one
}

func (r *reader) platform() {
	s, one := r.s, Platform{}
	seen := map[string]bool{}
	s.object("platform", map[string]func(){
		"name":    s.text(&one.Name, "name"),
		"levels":  s.list("levels", func() { one.Levels = append(one.Levels, r.level(seen)) }),
		"preload": s.list("preload", func() { one.Preload = append(one.Preload, r.pkg(map[string]bool{})) }),
	}, func() error {
		if len(one.Levels) == 0 || r.lock.Platform(one.Name) != nil {
			return fmt.Errorf("%s has no levels, or is there twice", one.Name)
		}
		return nil
	})
	r.lock.Platforms = append(r.lock.Platforms, one)
}

// level reads a level. seen are the packages of the platform so far.
func (r *reader) level(seen map[string]bool) Level {
	s, one := r.s, Level{}
	s.object("level", map[string]func(){
		"name": func() { s.text(&one.Name, "name")(); one.At = s.at() },
		"asks": s.list("asks", func() {
			one.Asks = append(one.Asks, "")
			s.text(&one.Asks[len(one.Asks)-1], "package")()
		}),
		"packages": s.list("packages", func() { one.Packages = append(one.Packages, r.pkg(seen)) }),
	}, nil)
	return one
}

func (r *reader) pkg(seen map[string]bool) debian.Package {
	s, one := r.s, debian.Package{}
	s.object("package", map[string]func(){
		"name": s.text(&one.Name, "name"), "version": s.text(&one.Version, "version"),
		"architecture": s.text(&one.Architecture, "architecture"), "multi-arch": s.text(&one.MultiArch, "multi-arch"), "source": s.text(&one.Source, "source"),
		"archive": s.text(&one.Archive, "archive"), "path": s.text(&one.Filename, "path"),
		"sha256": s.text(&one.SHA256, "sha256"), "size": s.number(&one.Size, "size"),
	}, func() error {
		if seen[one.Name] {
			return fmt.Errorf("%s is there twice", one.Name)
		}
		seen[one.Name] = true
		switch one.MultiArch {
		case noMultiArch:
			one.MultiArch = ""
		case "same", "foreign", "allowed", "no":
		default:
			return fmt.Errorf("field Multi-Arch is %q, which it may not be", one.MultiArch)
		}
		return one.Check()
	})
	return one
}

// checkDigest refuses what is no SHA-256.
func checkDigest(text string) error {
	if len(text) != 64 || strings.Trim(text, "0123456789abcdef") != "" {
		return fmt.Errorf("%q is not a SHA-256 digest", text)
	}
	return nil
}
