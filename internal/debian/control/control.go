// Package control reads the deb822 form of Debian's control files: the fields
// of a .deb's control member, Packages and Release indexes, dpkg's status,
// apt's .sources (Debian policy, section 5.1).
//
// The reader is strict where the policy is: what dpkg would refuse is an error
// with the number of its line, nothing is guessed, and nothing that comes in is
// held without a limit. It knows no field's meaning; that is for the callers.
// It does not read OpenPGP armour and strips no comments: who reads a signed
// file passes the signed text alone.
package control

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// MaxStanza is the size in bytes from which on a stanza is refused. The
// largest that Debian has is the Release file of sid, about 0.3 MB.
const MaxStanza = 8 << 20

// Field is one field of a stanza. Value is what stands in the file after the
// colon, without the white space around it; the further lines of a folded or
// multi-line field keep their first blank, so that Name + ": " + Value writes
// the field again.
type Field struct{ Name, Value string }

// Stanza is a paragraph of fields, in the order of the file.
type Stanza []Field

// Get returns the value of the field of that name, or "". Field names do not
// distinguish case (policy 5.1).
func (s Stanza) Get(name string) string {
	for _, f := range s {
		if len(f.Name) == len(name) && strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Reader reads stanza after stanza. The memory that it needs is that of one
// stanza and of a buffer of 256 KiB.
type Reader struct {
	from   io.Reader
	buf    []byte
	start  int // of what is not consumed yet in buf
	line   int // number of the line at start
	err    error
	fields int // of the stanza before: what to allocate for the next
}

// NewReader returns a Reader of r, which is read in large pieces.
func NewReader(r io.Reader) *Reader {
	return &Reader{from: r, buf: make([]byte, 0, 256<<10), line: 1, fields: 8}
}

// Next returns the next stanza, which belongs to the caller, or io.EOF after
// the last one. After any other error the Reader gives that error for good.
func (r *Reader) Next() (Stanza, error) {
	text, err := r.next()
	if err != nil {
		return nil, err
	}
	stanza, err := r.parse(string(text))
	if err != nil {
		r.err = err
		return nil, err
	}
	r.fields = len(stanza)
	return stanza, nil
}

// next returns the text of the next stanza, up to and with the end of its last
// line. It is valid until the next call.
func (r *Reader) next() ([]byte, error) {
	searched := 0
	for {
		for r.start < len(r.buf) && r.buf[r.start] == '\n' {
			r.start++
			r.line++
		}
		rest := r.buf[r.start:]
		if searched > len(rest) {
			searched = 0
		}
		if i := bytes.Index(rest[searched:], []byte("\n\n")); i >= 0 {
			end := searched + i + 1
			r.start += end
			return rest[:end], nil
		}
		if len(rest) > MaxStanza {
			r.err = fmt.Errorf("line %d: stanza larger than %d bytes", r.line, MaxStanza)
		}
		if r.err == io.EOF && len(rest) > 0 {
			r.start = len(r.buf)
			return rest, nil
		}
		if r.err != nil {
			return nil, r.err
		}
		searched = max(len(rest)-1, 0)
		r.fill()
	}
}

// fill reads more, moving what is not consumed to the front of a buffer that
// grows when it is full.
func (r *Reader) fill() {
	if r.start > 0 {
		r.buf = r.buf[:copy(r.buf, r.buf[r.start:])]
		r.start = 0
	}
	if len(r.buf) == cap(r.buf) {
		grown := make([]byte, len(r.buf), 2*cap(r.buf))
		copy(grown, r.buf)
		r.buf = grown
	}
	for tries := 0; ; tries++ {
		n, err := r.from.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		r.err = err
		if n > 0 || err != nil {
			return
		}
		if tries == 100 {
			r.err = io.ErrNoProgress
			return
		}
	}
}
