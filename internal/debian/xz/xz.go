// Package xz unpacks the .xz streams of the Debian archive (packages, indexes).
//
// It does what Debian's files need and no more: one stream, LZMA2 as the only
// filter, the dictionary limited, every size and check sum of the format
// verified (xz file format 1.2.1). In exchange it takes half the time of the
// general module that this program otherwise uses and that the tests compare it
// with; unpacking is most of what a cold build does on the client's side.
package xz

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
)

// MaxDictionary is the largest dictionary that is accepted, in bytes: the one
// of xz -9. Debian packs with 8 MiB.
const MaxDictionary = 64 << 20

var (
	streamMagic = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
	footerMagic = []byte("YZ")

	errCorrupt = errors.New("corrupt xz stream")
)

// Reader unpacks one stream.
type Reader struct {
	in     *counter
	lzma   *lzma2 // nil between blocks
	ready  []byte // unpacked, not read yet
	check  byte   // kind of the blocks' check sums
	sum    hash.Hash
	block  block
	blocks []block
	err    error
}

// block is what a block's header promises and what was found.
type block struct {
	packed, plain       int64 // found so far
	wantPacked, wantRaw int64 // -1 if the header does not tell
	header              int64
}

// counter counts what is read.
type counter struct {
	*bufio.Reader
	n int64
}

func (c *counter) ReadByte() (byte, error) {
	b, err := c.Reader.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

func (c *counter) full(p []byte) error {
	n, err := io.ReadFull(c.Reader, p)
	c.n += int64(n)
	return unexpected(err)
}

// unexpected turns an end in the middle into what it is.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// NewReader reads the stream's header. The Reader ends with an error when
// anything follows the stream.
func NewReader(r io.Reader) (*Reader, error) {
	z := &Reader{in: &counter{Reader: bufio.NewReaderSize(r, 128<<10)}}
	header := make([]byte, 12)
	if err := z.in.full(header); err != nil {
		return nil, err
	}
	if !bytes.Equal(header[:6], streamMagic) {
		return nil, errors.New("not an xz stream")
	}
	if crc32.ChecksumIEEE(header[6:8]) != binary.LittleEndian.Uint32(header[8:]) || header[6] != 0 {
		return nil, fmt.Errorf("%w: stream header", errCorrupt)
	}
	switch z.check = header[7]; z.check {
	case 0:
	case 1:
		z.sum = crc32.NewIEEE()
	case 4:
		z.sum = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		z.sum = sha256.New()
	default:
		return nil, fmt.Errorf("xz check sums of kind %d are unknown", z.check)
	}
	return z, nil
}

// Read implements io.Reader.
func (z *Reader) Read(p []byte) (int, error) {
	for len(z.ready) == 0 {
		if z.err == nil {
			z.err = z.more()
		}
		if z.err != nil {
			return 0, z.err
		}
	}
	n := copy(p, z.ready)
	z.ready = z.ready[n:]
	return n, nil
}

// more unpacks the next piece, begins or ends a block, or ends the stream.
func (z *Reader) more() error {
	if z.lzma == nil || z.lzma.ended {
		return z.nextBlock()
	}
	start := z.in.n
	plain, err := z.lzma.chunk(z.in)
	z.block.packed += z.in.n - start
	if err != nil {
		return unexpected(err)
	}
	z.block.plain += int64(len(plain))
	if z.sum != nil {
		z.sum.Write(plain)
	}
	if z.ready = plain; z.lzma.ended {
		return z.endBlock()
	}
	return nil
}

// nextBlock reads a block's header, or what stands after the last block.
func (z *Reader) nextBlock() error {
	size, err := z.in.ReadByte()
	if err != nil {
		return unexpected(err)
	}
	if size == 0 {
		return z.end()
	}
	header := make([]byte, (int(size)+1)*4)
	header[0] = size
	if err := z.in.full(header[1:]); err != nil {
		return err
	}
	body := header[:len(header)-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(header[len(body):]) {
		return fmt.Errorf("%w: block header", errCorrupt)
	}
	z.block = block{wantPacked: -1, wantRaw: -1, header: int64(len(header))}
	dictionary, err := z.parseBlock(body[1], body[2:])
	if err != nil {
		return err
	}
	if z.sum != nil {
		z.sum.Reset()
	}
	z.lzma = newLZMA2(dictionary, z.lzma)
	return nil
}

// parseBlock reads the fields of a block header: sizes and the one filter.
func (z *Reader) parseBlock(flags byte, fields []byte) (dictionary int, err error) {
	for _, size := range []struct {
		flag byte
		to   *int64
	}{{0x40, &z.block.wantPacked}, {0x80, &z.block.wantRaw}} {
		if flags&size.flag != 0 {
			value, n := binary.Uvarint(fields)
			if n <= 0 || value > 1<<62 {
				return 0, fmt.Errorf("%w: sizes of a block", errCorrupt)
			}
			*size.to, fields = int64(value), fields[n:]
		}
	}
	const lzma2ID, lzma2Properties = 0x21, 1
	if flags&0x3f != 0 || len(fields) < 3 || fields[0] != lzma2ID || fields[1] != lzma2Properties {
		return 0, errors.New("an xz filter other than LZMA2 alone")
	}
	for _, padding := range fields[3:] {
		if padding != 0 {
			return 0, fmt.Errorf("%w: padding of a block header", errCorrupt)
		}
	}
	bits := fields[2]
	if bits > 40 || (2|int64(bits&1))<<(bits/2+11) > MaxDictionary {
		return 0, fmt.Errorf("an xz dictionary larger than %d bytes", MaxDictionary)
	}
	return (2 | int(bits&1)) << (bits/2 + 11), nil
}

// endBlock compares a block with what its header and check sum say.
func (z *Reader) endBlock() error {
	b := z.block
	if b.wantPacked >= 0 && b.wantPacked != b.packed || b.wantRaw >= 0 && b.wantRaw != b.plain {
		return fmt.Errorf("%w: a block has not the sizes that its header says", errCorrupt)
	}
	if err := z.zeros(-b.packed & 3); err != nil {
		return err
	}
	z.blocks = append(z.blocks, b)
	if z.sum == nil {
		return nil
	}
	want := make([]byte, z.sum.Size())
	if err := z.in.full(want); err != nil {
		return err
	}
	got := z.sum.Sum(nil)
	if z.check != 10 { // CRCs are stored with their low byte first
		for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
			got[i], got[j] = got[j], got[i]
		}
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w: check sum of a block", errCorrupt)
	}
	return nil
}

// zeros reads n bytes of padding.
func (z *Reader) zeros(n int64) error {
	for ; n > 0; n-- {
		if b, err := z.in.ReadByte(); err != nil || b != 0 {
			return errors.Join(fmt.Errorf("%w: padding", errCorrupt), unexpected(err))
		}
	}
	return nil
}
