// Package deb reads Debian's binary packages (deb(5)) and trusts none of them.
//
// A .deb is an ar archive of a version mark, a tar of control members and a
// tar of files. Open checks the frame and holds the control members, which are
// small, in memory; Data streams the files, and Entries refuses every one that
// could mislead who unpacks it: a path or a link that leaves the tree, a path
// that passes through a link, a device, a name that stands twice. Each refusal
// says which entry and why. Sizes are limited, so that neither memory nor disk
// can be filled by a small file.
//
// The package writes nothing anywhere. What files mean for dpkg is package
// layer's business.
package deb

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of what is read. Debian's largest package unpacks to less than 3 GB,
// its largest control archive to about 5 MB.
const (
	MaxData    = 4 << 30  // bytes of an unpacked data archive
	MaxControl = 32 << 20 // bytes of an unpacked control archive
	MaxEntries = 1 << 20  // files of a data archive

	ratioFrom = 64 << 20 // bytes from which on a data archive must not be maxRatio times its packed size
	maxRatio  = 200
)

const (
	arMagic      = "!<arch>\n"
	arHeaderSize = 60
)

// Archive is an opened .deb.
type Archive struct {
	// Control holds the control members by name: "control", "md5sums",
	// "conffiles", "triggers", "preinst" and so on. "control" is always there.
	Control map[string]Member
	data    member
}

// Member is a file of the control archive: its permission bits, of which dpkg
// keeps all, and its bytes.
type Member struct {
	Mode int64
	Data []byte
}

// member is a part of the outer ar archive.
type member struct {
	name string
	body *io.SectionReader
}

// Open reads the frame and the control archive of a .deb of size bytes.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	members, err := readFrame(r, size)
	if err != nil {
		return nil, fmt.Errorf("reading the ar frame: %w", err)
	}
	a := &Archive{data: members[1]}
	if a.Control, err = readControl(members[0]); err != nil {
		return nil, fmt.Errorf("reading %s: %w", members[0].name, err)
	}
	return a, nil
}

// Data returns the unpacked data archive, a tar stream for NewEntries. It ends
// with an error when it is longer than MaxData or out of proportion to what it
// was unpacked from. The caller closes it.
func (a *Archive) Data() (io.ReadCloser, error) {
	limit := max(ratioFrom, a.data.body.Size()*maxRatio)
	r, err := unpack(a.data, min(limit, MaxData))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", a.data.name, err)
	}
	return r, nil
}

// readFrame returns the control and data members, checked as dpkg does: the
// mark "2.x" first, then the control archive, then the data archive; members
// whose name starts with "_" may stand between and are passed over.
func readFrame(r io.ReaderAt, size int64) ([2]member, error) {
	var found [2]member
	magic := make([]byte, len(arMagic))
	if _, err := r.ReadAt(magic, 0); err != nil || string(magic) != arMagic {
		return found, fmt.Errorf("not an ar archive")
	}
	wanted := []string{"debian-binary", "control.tar", "data.tar"}
	for at := int64(len(arMagic)); len(wanted) > 0; {
		m, next, err := readMember(r, at, size)
		if err != nil {
			return found, err
		}
		at = next
		switch {
		case strings.HasPrefix(m.name, "_"):
			continue
		case m.name != wanted[0] && (len(wanted) == 3 || strings.TrimSuffix(m.name, pathExt(m.name)) != wanted[0]):
			return found, fmt.Errorf("member %q stands where %s must be", m.name, wanted[0])
		case len(wanted) == 3:
			if err := checkFormat(m); err != nil {
				return found, err
			}
		default:
			found[2-len(wanted)] = m
		}
		wanted = wanted[1:]
	}
	return found, nil
}

// pathExt is the last suffix of a member's name unless that is ".tar".
func pathExt(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || name[i:] == ".tar" {
		return ""
	}
	return name[i:]
}

// readMember reads the ar header at that offset and answers the offset of the
// one after it.
func readMember(r io.ReaderAt, at, size int64) (member, int64, error) {
	header := make([]byte, arHeaderSize)
	if at+arHeaderSize > size {
		return member{}, 0, fmt.Errorf("truncated: no member at byte %d of %d", at, size)
	}
	if _, err := r.ReadAt(header, at); err != nil {
		return member{}, 0, fmt.Errorf("truncated at byte %d: %w", at, err)
	}
	if header[58] != '`' || header[59] != '\n' {
		return member{}, 0, fmt.Errorf("no member header at byte %d", at)
	}
	name := strings.TrimSuffix(strings.TrimRight(string(header[:16]), " "), "/")
	length, err := strconv.ParseInt(strings.TrimRight(string(header[48:58]), " "), 10, 64)
	if err != nil || length < 0 {
		return member{}, 0, fmt.Errorf("member %q has the size %q", name, header[48:58])
	}
	start := at + arHeaderSize
	if length > size-start {
		return member{}, 0, fmt.Errorf("truncated: member %q says %d bytes, %d are there", name, length, size-start)
	}
	return member{name, io.NewSectionReader(r, start, length)}, start + length + length%2, nil
}

// checkFormat reads the version mark: major version 2 and nothing else is what
// deb(5) describes.
func checkFormat(m member) error {
	mark, err := io.ReadAll(io.LimitReader(m.body, 16))
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(mark, []byte("2.")) || !bytes.Contains(mark, []byte("\n")) {
		return fmt.Errorf("format version %q is not 2.x", mark)
	}
	return nil
}
