package xz

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// end reads index and footer and compares them with the blocks that were there.
// It answers io.EOF when all is well.
func (z *Reader) end() error {
	index := []byte{0}
	number := func() (int64, error) {
		var value int64
		for shift := 0; shift < 63; shift += 7 {
			b, err := z.in.ReadByte()
			if err != nil {
				return 0, unexpected(err)
			}
			index = append(index, b)
			if value |= int64(b&0x7f) << shift; b < 0x80 {
				return value, nil
			}
		}
		return 0, fmt.Errorf("%w: a number of the index", errCorrupt)
	}
	count, err := number()
	if err != nil {
		return err
	}
	if count != int64(len(z.blocks)) {
		return fmt.Errorf("%w: the index has %d blocks, there were %d", errCorrupt, count, len(z.blocks))
	}
	for _, b := range z.blocks {
		for _, want := range []int64{b.header + b.packed + z.sumSize(), b.plain} {
			got, err := number()
			if err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("%w: the index does not fit its blocks", errCorrupt)
			}
		}
	}
	for len(index)%4 != 0 {
		if err := z.zeros(1); err != nil {
			return err
		}
		index = append(index, 0)
	}
	return z.footer(index)
}

// sumSize is the size of a block's check sum.
func (z *Reader) sumSize() int64 {
	if z.sum == nil {
		return 0
	}
	return int64(z.sum.Size())
}

// footer reads the index's check sum, the stream's footer, and the end.
func (z *Reader) footer(index []byte) error {
	tail := make([]byte, 4+12)
	if err := z.in.full(tail); err != nil {
		return err
	}
	if crc32.ChecksumIEEE(index) != binary.LittleEndian.Uint32(tail) {
		return fmt.Errorf("%w: check sum of the index", errCorrupt)
	}
	foot := tail[4:]
	size := (int64(binary.LittleEndian.Uint32(foot[4:])) + 1) * 4
	if crc32.ChecksumIEEE(foot[4:10]) != binary.LittleEndian.Uint32(foot) || !bytes.Equal(foot[10:], footerMagic) ||
		foot[8] != 0 || foot[9] != z.check || size != int64(len(index)+4) {
		return fmt.Errorf("%w: stream footer", errCorrupt)
	}
	if _, err := z.in.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: something follows the stream", errCorrupt)
	}
	return io.EOF
}
