package xz

import (
	"encoding/binary"
	"fmt"
)

const (
	maxChunk  = 2 << 20 // unpacked bytes of an LZMA2 chunk
	maxPacked = 1 << 16 // packed bytes of an LZMA2 chunk
	slack     = 64      // more than one symbol can read beyond a chunk's end
)

// lzma2 unpacks the chunks of one block.
type lzma2 struct {
	lzma
	ended       bool
	needDict    bool // the next chunk has to reset the dictionary
	needState   bool // the next LZMA chunk has to reset the state …
	needProps   bool // … and to bring new properties
	dictionary  int
	packedBytes [maxPacked + slack]byte
}

// newLZMA2 returns a decoder for a block, with the memory of the one before.
func newLZMA2(dictionary int, old *lzma2) *lzma2 {
	if old == nil {
		old = &lzma2{}
	}
	old.ended, old.needDict, old.needState, old.needProps = false, true, true, true
	old.dictionary = dictionary
	return old
}

// chunk unpacks the next chunk. The result is valid until the next call.
func (d *lzma2) chunk(in *counter) ([]byte, error) {
	control, err := in.ReadByte()
	if err != nil {
		return nil, err
	}
	if control == 0 {
		d.ended = true
		return nil, nil
	}
	if control >= 0xe0 || control == 1 {
		d.needDict = false
		d.origin = d.pos
	}
	if d.needDict || control > 2 && control < 0x80 {
		return nil, fmt.Errorf("%w: control byte %#x of a chunk", errCorrupt, control)
	}
	var head [4]byte
	if control < 0x80 {
		if err := in.full(head[:2]); err != nil {
			return nil, err
		}
		size := int(binary.BigEndian.Uint16(head[:])) + 1
		d.reserve(size)
		d.pos += size
		return d.window[d.pos-size : d.pos], in.full(d.window[d.pos-size : d.pos])
	}
	if err := in.full(head[:]); err != nil {
		return nil, err
	}
	size := int(control&0x1f)<<16 + int(binary.BigEndian.Uint16(head[:])) + 1
	packed := int(binary.BigEndian.Uint16(head[2:])) + 1
	if err := d.resets(control, in); err != nil {
		return nil, err
	}
	if err := in.full(d.packedBytes[:packed]); err != nil {
		return nil, err
	}
	clear(d.packedBytes[packed : packed+slack])
	d.reserve(size)
	start := d.pos
	if err := d.decode(d.packedBytes[:packed+slack], size, d.dictionary); err != nil {
		return nil, err
	}
	return d.window[start:d.pos], nil
}

// resets does what the control byte of an LZMA chunk asks for.
func (d *lzma2) resets(control byte, in *counter) error {
	if control >= 0xc0 {
		properties, err := in.ReadByte()
		if err != nil {
			return err
		}
		if properties >= 9*5*5 {
			return fmt.Errorf("%w: properties of a chunk", errCorrupt)
		}
		d.lc, d.lp, d.pb = uint(properties%9), uint(properties/9%5), uint(properties/45)
		if d.lc+d.lp > 4 {
			return fmt.Errorf("%w: properties of a chunk", errCorrupt)
		}
		d.needProps = false
	}
	if control >= 0xa0 {
		d.reset()
		d.needState = false
	}
	if d.needProps || d.needState {
		return fmt.Errorf("%w: a chunk before its state is known", errCorrupt)
	}
	return nil
}

// reserve makes room for size bytes after pos. The window grows with what is
// unpacked, to the dictionary and as much again; then its second half is moved
// to its front.
func (d *lzma2) reserve(size int) {
	if d.pos+size <= len(d.window) {
		return
	}
	if limit := 2*d.dictionary + maxChunk; len(d.window) < limit {
		grown := make([]byte, min(max(4*len(d.window), 2*(d.pos+size), 1<<16), max(limit, d.pos+size)))
		copy(grown, d.window[:d.pos])
		d.window = grown
		if d.pos+size <= len(d.window) {
			return
		}
	}
	drop := d.pos - min(d.dictionary, d.pos)
	copy(d.window, d.window[drop:d.pos])
	d.pos -= drop
	d.origin -= drop
}
