package gunzip

import "encoding/binary"

// inflater reads DEFLATE (RFC 1951).
type inflater struct {
	in   []byte // with 8 bytes of padding: eight are read at a time
	at   int    // of the next byte to be read
	bits uint64 // that were read and not used, from the lowest
	n    uint   // how many

	out     []byte
	written int

	lengths, distances, sizes code
	sizesOf                   [maxSymbols + 32]uint8
}

// maxMatchBits is the most that a match takes: two codes, 5 extra bits of its length and 13 of
// its distance.
const maxMatchBits = 2*maxCodeBits + 5 + 13

// inflate unpacks a member without its header. out is one byte longer than the data, as
// literals are written two at a time. It reports whether that is all of the member but the
// trailer, which it does not check.
func (d *inflater) inflate(out, in []byte) bool {
	end := len(in) - trailerSize
	d.in, d.at, d.bits, d.n, d.out, d.written = append(in, 0, 0, 0, 0, 0, 0, 0, 0), 0, 0, 0, out, 0
	defer func() { d.in, d.out = nil, nil }()
	for last := false; !last; {
		if !d.fill() {
			return false
		}
		last = d.take(1) == 1
		if !d.block(d.take(2)) {
			return false
		}
	}
	return d.align() == end && d.written == len(out)-1
}

func (d *inflater) block(kind uint) bool {
	switch kind {
	case 0:
		return d.stored()
	case 1:
		return d.lengths.set(fixedSizes[:maxSymbols], lengthMeanings[:]) && d.distances.set(fixedSizes[maxSymbols:], distanceMeanings[:]) && d.compressed()
	case 2:
		return d.readCodes() && d.compressed()
	}
	return false
}

// fill reads ahead until there are 56 bits at least.
func (d *inflater) fill() bool {
	if d.at+8 > len(d.in) {
		return false
	}
	d.bits |= binary.LittleEndian.Uint64(d.in[d.at:]) << d.n
	d.at += int(63-d.n) >> 3
	d.n |= 56
	return true
}

// take takes bits that were read.
func (d *inflater) take(n uint) uint {
	bits := uint(d.bits & (1<<n - 1))
	d.bits >>= n
	d.n -= n
	return bits
}

// align goes to the next whole byte, and returns its place.
func (d *inflater) align() int {
	d.at -= int(d.n >> 3)
	d.bits, d.n = 0, 0
	return d.at
}

func (d *inflater) stored() bool {
	at := d.align()
	if at+4 > len(d.in) {
		return false
	}
	size := int(binary.LittleEndian.Uint16(d.in[at:]))
	if size^0xffff != int(binary.LittleEndian.Uint16(d.in[at+2:])) || at+4+size > len(d.in) || size > len(d.out)-d.written {
		return false
	}
	d.at += 4 + size
	d.written += copy(d.out[d.written:], d.in[at+4:d.at])
	return true
}

// fixedSizes are those of the fixed codes, of lengths and then of distances.
var fixedSizes = func() (sizes [maxSymbols + 32]uint8) {
	for i := range sizes {
		switch {
		case i < 144, i >= 280 && i < maxSymbols:
			sizes[i] = 8
		case i < 256:
			sizes[i] = 9
		case i < 280:
			sizes[i] = 7
		default:
			sizes[i] = 5
		}
	}
	return sizes
}()

// sizeOrder is the order in which the sizes of the code of sizes come.
var sizeOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes of a block.
func (d *inflater) readCodes() bool {
	if !d.fill() {
		return false
	}
	lengths, distances, sizes := int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
	if lengths > 286 || distances > 30 {
		return false
	}
	var ofSizes [len(sizeOrder)]uint8
	for _, symbol := range sizeOrder[:sizes] {
		if !d.fill() {
			return false
		}
		ofSizes[symbol] = uint8(d.take(3))
	}
	if !d.sizes.set(ofSizes[:], sizeMeanings[:]) {
		return false
	}
	all := d.sizesOf[:lengths+distances]
	for i := 0; i < len(all); {
		if !d.fill() {
			return false
		}
		m := d.sizes.quick[d.bits&(1<<quickBits-1)]
		d.take(m.codeBits())
		size, times := uint8(m.base()), 1
		switch size {
		case 16:
			if i == 0 {
				return false
			}
			size, times = all[i-1], 3+int(d.take(2))
		case 17:
			size, times = 0, 3+int(d.take(3))
		case 18:
			size, times = 0, 11+int(d.take(7))
		}
		if times > len(all)-i {
			return false
		}
		for range times {
			all[i] = size
			i++
		}
	}
	return d.lengths.set(all[:lengths], lengthMeanings[:]) && d.distances.set(all[lengths:], distanceMeanings[:])
}

// compressed unpacks the rest of a block whose codes are known. The state is in local
// variables, which the compiler keeps in registers.
func (d *inflater) compressed() bool {
	in, at, bits, n := d.in, d.at, d.bits, d.n
	out, o := d.out, d.written
	lengths, distances := &d.lengths, &d.distances
	lengths.joinLiterals()
	for {
		if n < maxMatchBits {
			if at+8 > len(in) {
				return false
			}
			bits |= binary.LittleEndian.Uint64(in[at:]) << n
			at += int(63-n) >> 3
			n |= 56
		}
		m := lengths.quick[bits&(1<<quickBits-1)]
		if m == 0 {
			m = lengths.long(bits)
		}
		bits >>= m.codeBits()
		n -= m.codeBits()
		if m&literal != 0 {
			if o+2 > len(out) {
				return false
			}
			binary.LittleEndian.PutUint16(out[o:], m.literals())
			o += m.count()
			continue
		}
		if m.base() == 0 {
			d.at, d.bits, d.n, d.written = at, bits, n, o
			return m.extraBits() == 0
		}
		length := m.base() + int(bits&(1<<m.extraBits()-1))
		bits >>= m.extraBits()
		n -= m.extraBits()
		m = distances.quick[bits&(1<<quickBits-1)]
		if m == 0 {
			m = distances.long(bits)
		}
		bits >>= m.codeBits()
		n -= m.codeBits()
		distance := m.base() + int(bits&(1<<m.extraBits()-1))
		bits >>= m.extraBits()
		n -= m.extraBits()
		if m.base() == 0 || distance > o || length > len(out)-o {
			return false
		}
		from, end := o-distance, o+length
		if distance >= 8 && length <= 32 && end+8 <= len(out) { // most matches: what is written beyond the end is overwritten
			for ; o < end; o, from = o+8, from+8 {
				binary.LittleEndian.PutUint64(out[o:], binary.LittleEndian.Uint64(out[from:]))
			}
			o = end
			continue
		}
		for o < end { // a match may go on into itself
			o += copy(out[o:end], out[from:o])
		}
	}
}
