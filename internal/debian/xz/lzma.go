package xz

import "fmt"

const (
	probBits = 11
	probInit = 1 << (probBits - 1)
	moveBits = 5
	topValue = 1 << 24

	states        = 12
	firstMatch    = 7 // states below follow a literal
	maxPosStates  = 16
	minMatch      = 2
	lenStates     = 4
	firstDistTree = 4  // distance slots below are the distance
	endDistTree   = 14 // slots from here on have direct bits
	alignBits     = 4
)

// lzma is the state of the LZMA decoder (LZMA specification, as in the public
// domain LZMA SDK). The whole packed chunk is in memory, so that the loops that
// take a bit each read no stream.
type lzma struct {
	window     []byte // what was unpacked; matches copy from it
	pos        int    // of the next byte in window
	origin     int    // of the first byte since the dictionary was reset; negative when it has moved out
	in         []byte
	at         int
	rng, code  uint32
	state      uint32
	rep        [4]uint32
	lc, lp, pb uint
	probs
}

// probs are the probabilities of all the bits.
type probs struct {
	isMatch    [states << 4]uint16
	isRep      [states]uint16
	isRepG0    [states]uint16
	isRepG1    [states]uint16
	isRepG2    [states]uint16
	isRep0Long [states << 4]uint16
	slot       [lenStates][64]uint16
	special    [128]uint16
	align      [1 << alignBits]uint16
	matchLen   lengths
	repLen     lengths
	literal    [16][0x300]uint16
}

// lengths are the probabilities of a match's length.
type lengths struct {
	choice, choice2 uint16
	low, mid        [maxPosStates][8]uint16
	high            [256]uint16
}

// reset forgets what was learnt.
func (d *lzma) reset() {
	d.state, d.rep = 0, [4]uint32{}
	for _, p := range [][]uint16{d.isMatch[:], d.isRep[:], d.isRepG0[:], d.isRepG1[:], d.isRepG2[:],
		d.isRep0Long[:], d.special[:], d.align[:]} {
		fill(p)
	}
	for i := range d.slot {
		fill(d.slot[i][:])
	}
	for i := range d.literal[:1<<(d.lc+d.lp)] {
		fill(d.literal[i][:])
	}
	for _, l := range []*lengths{&d.matchLen, &d.repLen} {
		l.choice, l.choice2 = probInit, probInit
		for i := range l.low {
			fill(l.low[i][:])
			fill(l.mid[i][:])
		}
		fill(l.high[:])
	}
}

func fill(p []uint16) {
	for i := range p {
		p[i] = probInit
	}
}

// decode unpacks a chunk of size bytes out of in, which ends with slack bytes
// that a sound chunk does not touch.
func (d *lzma) decode(in []byte, size, dictionary int) error {
	if in[0] != 0 {
		return fmt.Errorf("%w: start of a chunk", errCorrupt)
	}
	d.in, d.at, d.rng = in, 5, 1<<32-1
	d.code = uint32(in[1])<<24 | uint32(in[2])<<16 | uint32(in[3])<<8 | uint32(in[4])
	last := len(in) - slack
	posMask, end := 1<<d.pb-1, d.pos+size
	for d.pos < end {
		if d.at > last {
			return fmt.Errorf("%w: a chunk is cut short", errCorrupt)
		}
		posState := uint32((d.pos - d.origin) & posMask)
		if d.bit(&d.isMatch[d.state<<4+posState]) == 0 {
			d.putLiteral()
			continue
		}
		length := d.match(posState)
		if length == 0 {
			continue
		}
		if length > end-d.pos || !d.copyMatch(length, dictionary) {
			return fmt.Errorf("%w: a match leads out of its chunk or dictionary", errCorrupt)
		}
	}
	if d.normalize(); d.code != 0 || d.at != last {
		return fmt.Errorf("%w: a chunk does not end where it says", errCorrupt)
	}
	return nil
}
