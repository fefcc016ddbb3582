package pages

import "encoding/binary"

// appendHybrid adds numbers of width bits in the RLE/bit-packing hybrid: what repeats eight
// times or more is a run, all else is packed in groups of eight.
func appendHybrid(dst []byte, indices []int32, width int) []byte {
	packed := 0 // where the numbers start that are still to be packed
	for i := 0; i < len(indices); {
		run := runLength(indices[i:])
		if run < 8 {
			i = min(i+8, len(indices))
			continue
		}
		dst = appendPacked(dst, indices[packed:i], width)
		dst = binary.AppendUvarint(dst, uint64(run)<<1)
		for shift := 0; shift < width; shift += 8 {
			dst = append(dst, byte(indices[i]>>shift))
		}
		i += run
		packed = i
	}
	return appendPacked(dst, indices[packed:], width)
}

// runLength returns how often the first number is repeated at the start.
func runLength(indices []int32) int {
	n := 1
	for n < len(indices) && indices[n] == indices[0] {
		n++
	}
	return n
}

// appendPacked adds one run of packed numbers, filled up with zeros to a multiple of eight.
func appendPacked(dst []byte, indices []int32, width int) []byte {
	if len(indices) == 0 {
		return dst
	}
	groups := (len(indices) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	word, filled := uint64(0), 0
	for _, v := range indices {
		word |= uint64(v) << filled
		if filled += width; filled >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(word))
			word >>= 32
			filled -= 32
		}
	}
	for ; filled > 0; filled -= 8 {
		dst = append(dst, byte(word))
		word >>= 8
	}
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}

// appendLevels adds repetition or definition levels of width bits, after their size.
func appendLevels(dst []byte, levels []int32, width int) []byte {
	return sized(dst, func(dst []byte) []byte { return appendHybrid(dst, levels, width) })
}

// appendValidity adds the definition levels of n rows, 1 where there is a value and 0 where it
// is NULL. They are the bits of valid, from the bit from on.
func appendValidity(dst []byte, valid []byte, from, n, nulls int) []byte {
	return sized(dst, func(dst []byte) []byte {
		switch nulls {
		case 0:
			return append(binary.AppendUvarint(dst, uint64(n)<<1), 1)
		case n:
			return append(binary.AppendUvarint(dst, uint64(n)<<1), 0)
		}
		dst = binary.AppendUvarint(dst, uint64(n+7)>>3<<1|1)
		return appendBits(dst, valid, from, n)
	})
}

// sized adds what add does, after its size in four bytes.
func sized(dst []byte, add func([]byte) []byte) []byte {
	start := len(dst)
	dst = add(append(dst, 0, 0, 0, 0))
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// appendBits adds n bits from the bit from on, filled up with zeros to whole bytes.
func appendBits(dst []byte, valid []byte, from, n int) []byte {
	first, shift := from>>3, from&7
	if shift == 0 {
		dst = append(dst, valid[first:first+(n+7)>>3]...)
	} else {
		for i := range (n + 7) >> 3 {
			b := valid[first+i] >> shift
			if next := first + i + 1; next < len(valid) {
				b |= valid[next] << (8 - shift)
			}
			dst = append(dst, b)
		}
	}
	if rest := n & 7; rest != 0 {
		dst[len(dst)-1] &= 1<<rest - 1
	}
	return dst
}
