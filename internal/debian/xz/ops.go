package xz

// normalize takes the next byte in when the range has become too small.
func (d *lzma) normalize() {
	if d.rng < topValue {
		d.rng <<= 8
		d.code = d.code<<8 | uint32(d.in[d.at])
		d.at++
	}
}

// bit decodes one bit with its probability.
func (d *lzma) bit(p *uint16) uint32 {
	if d.rng < topValue {
		d.rng <<= 8
		d.code = d.code<<8 | uint32(d.in[d.at])
		d.at++
	}
	v := uint32(*p)
	bound := (d.rng >> probBits) * v
	if d.code < bound {
		d.rng = bound
		*p = uint16(v + (1<<probBits-v)>>moveBits)
		return 0
	}
	d.rng -= bound
	d.code -= bound
	*p = uint16(v - v>>moveBits)
	return 1
}

// below answers all ones when code is less than bound, which says that the bit
// is 0, and else zeros. The bits of a number are hard to guess: the loops that
// take them compute with this mask, for a processor that guesses wrong at a
// branch loses more time than the branch saves.
func below(code, bound uint32) uint32 {
	return uint32(int64(uint64(code)-uint64(bound)) >> 63)
}

// learn answers the probability that follows, as in bit, for such a mask.
func learn(probability uint16, zero uint32) uint16 {
	v := int32(probability)
	return uint16(v - (v-int32(zero&(1<<probBits-1<<moveBits+1)))>>moveBits)
}

// tree decodes a number of the bits that fit into probs, highest first. With
// the loop's state in registers it is what most of the time is spent in.
func (d *lzma) tree(p []uint16) uint32 {
	rng, code, at, in := d.rng, d.code, d.at, d.in
	symbol := uint32(1)
	for int(symbol) < len(p) {
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(in[at])
			at++
		}
		bound := (rng >> probBits) * uint32(p[symbol])
		zero := below(code, bound)
		rng -= bound
		code -= bound &^ zero
		rng += (bound - rng) & zero
		p[symbol] = learn(p[symbol], zero)
		symbol = symbol<<1 + 1 + zero
	}
	d.rng, d.code, d.at = rng, code, at
	return symbol - uint32(len(p))
}

// reverseTree decodes bits, lowest first.
func (d *lzma) reverseTree(p []uint16, bits int) uint32 {
	symbol, value := uint32(1), uint32(0)
	for i := range bits {
		b := d.bit(&p[symbol])
		symbol = symbol<<1 | b
		value |= b << i
	}
	return value
}

// direct decodes bits without a probability.
func (d *lzma) direct(bits int) uint32 {
	value := uint32(0)
	for range bits {
		d.normalize()
		d.rng >>= 1
		d.code -= d.rng
		mask := 0 - d.code>>31 // all ones when the bit is 0
		d.code += d.rng & mask
		value = value<<1 + mask + 1
	}
	return value
}

// putLiteral decodes a byte.
func (d *lzma) putLiteral() {
	previous, at := byte(0), d.pos-d.origin
	if at > 0 {
		previous = d.window[d.pos-1]
	}
	p := &d.literal[(at&(1<<d.lp-1))<<d.lc+int(previous>>(8-d.lc))]
	var b byte
	if d.state < firstMatch {
		b = byte(d.tree(p[:0x100]))
	} else {
		b = d.matched(p)
	}
	d.window[d.pos] = b
	d.pos++
	switch {
	case d.state < 4:
		d.state = 0
	case d.state < 10:
		d.state -= 3
	default:
		d.state -= 6
	}
}

// matched decodes a byte after a match, which differs from the byte that the
// match would have gone on with: as long as their bits agree, that byte chooses
// the probabilities.
func (d *lzma) matched(p *[0x300]uint16) byte {
	rng, code, at, in := d.rng, d.code, d.at, d.in
	match, offset, symbol := uint32(0), uint32(0x100), uint32(1)
	if from := d.pos - int(d.rep[0]) - 1; from >= 0 {
		match = uint32(d.window[from])
	}
	for symbol < 0x100 {
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(in[at])
			at++
		}
		match <<= 1
		prob := &p[offset+match&offset+symbol]
		bound := (rng >> probBits) * uint32(*prob)
		zero := below(code, bound)
		rng -= bound
		code -= bound &^ zero
		rng += (bound - rng) & zero
		*prob = learn(*prob, zero)
		symbol = symbol<<1 + 1 + zero
		offset &= match ^ zero
	}
	d.rng, d.code, d.at = rng, code, at
	return byte(symbol)
}

// match decodes a match's distance into rep[0] and returns its length, or 0
// after it has put a single byte.
func (d *lzma) match(posState uint32) int {
	state := d.state
	if d.bit(&d.isRep[state]) == 0 {
		d.rep[3], d.rep[2], d.rep[1] = d.rep[2], d.rep[1], d.rep[0]
		d.state = after(state, 7)
		length := d.length(&d.matchLen, posState)
		d.rep[0] = d.distance(min(uint32(length)-minMatch, lenStates-1))
		return length
	}
	if d.bit(&d.isRepG0[state]) == 0 {
		if d.bit(&d.isRep0Long[state<<4+posState]) == 0 {
			d.state = after(state, 9)
			return 1
		}
	} else {
		distance := d.rep[1]
		if d.bit(&d.isRepG1[state]) == 1 {
			if d.bit(&d.isRepG2[state]) == 0 {
				distance = d.rep[2]
			} else {
				distance = d.rep[3]
				d.rep[3] = d.rep[2]
			}
			d.rep[2] = d.rep[1]
		}
		d.rep[1], d.rep[0] = d.rep[0], distance
	}
	d.state = after(state, 8)
	return d.length(&d.repLen, posState)
}

// after is the state that follows: next, or three more after a match.
func after(state, next uint32) uint32 {
	if state < firstMatch {
		return next
	}
	return map7[next-firstMatch]
}

// map7 has the states after a match, a repeated match, a repeated byte.
var map7 = [3]uint32{10, 11, 11}

// length decodes the length of a match.
func (d *lzma) length(l *lengths, posState uint32) int {
	if d.bit(&l.choice) == 0 {
		return minMatch + int(d.tree(l.low[posState][:]))
	}
	if d.bit(&l.choice2) == 0 {
		return minMatch + 8 + int(d.tree(l.mid[posState][:]))
	}
	return minMatch + 16 + int(d.tree(l.high[:]))
}

// distance decodes a distance less one.
func (d *lzma) distance(lenState uint32) uint32 {
	slot := d.tree(d.slot[lenState][:])
	if slot < firstDistTree {
		return slot
	}
	bits := int(slot>>1) - 1
	base := (2 | slot&1) << bits
	if slot < endDistTree {
		return base + d.reverseTree(d.special[base-slot:], bits)
	}
	return base + d.direct(bits-alignBits)<<alignBits + d.reverseTree(d.align[:], alignBits)
}

// copyMatch repeats length bytes, and answers false when there is nothing at
// that distance.
func (d *lzma) copyMatch(length, dictionary int) bool {
	distance := int(d.rep[0]) + 1
	if distance > d.pos-d.origin || distance > dictionary {
		return false
	}
	from, to := d.pos-distance, d.pos
	d.pos += length
	if distance >= length {
		copy(d.window[to:to+length], d.window[from:])
		return true
	}
	for i := range length {
		d.window[to+i] = d.window[from+i]
	}
	return true
}
