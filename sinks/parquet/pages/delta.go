package pages

import (
	"encoding/binary"
	"math/bits"
)

// Sizes of DELTA_BINARY_PACKED that all readers know, because parquet-mr writes them.
const (
	blockValues     = 128
	blockMiniblocks = 4
	miniblockValues = blockValues / blockMiniblocks
)

// appendDeltas adds numbers in the encoding DELTA_BINARY_PACKED: the differences between
// neighbours, packed by the bits that each miniblock needs. Differences wrap as readers'
// sums do.
func appendDeltas(dst []byte, values []int64) []byte {
	dst = binary.AppendUvarint(dst, blockValues)
	dst = binary.AppendUvarint(dst, blockMiniblocks)
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	if len(values) == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, values[0])
	var deltas [blockValues]int64
	for previous, rest := values[0], values[1:]; len(rest) > 0; {
		n := min(len(rest), blockValues)
		least := rest[0] - previous
		for i, v := range rest[:n] {
			deltas[i] = v - previous
			least = min(least, deltas[i])
			previous = v
		}
		dst = appendBlock(dst, deltas[:n], least)
		rest = rest[n:]
	}
	return dst
}

func appendBlock(dst []byte, deltas []int64, least int64) []byte {
	dst = binary.AppendVarint(dst, least)
	widths := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for m := 0; len(deltas) > 0; m++ {
		n := min(len(deltas), miniblockValues)
		all := uint64(0)
		for _, d := range deltas[:n] {
			all |= uint64(d - least)
		}
		w := bits.Len64(all)
		dst[widths+m] = byte(w)
		dst = appendMiniblock(dst, deltas[:n], least, w)
		deltas = deltas[n:]
	}
	return dst
}

// appendMiniblock adds one miniblock, which is always whole.
func appendMiniblock(dst []byte, deltas []int64, least int64, width int) []byte {
	end := len(dst) + miniblockValues*width/8
	word, filled := uint64(0), 0
	for _, d := range deltas {
		v := uint64(d - least)
		word |= v << filled
		if filled += width; filled >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, word)
			filled -= 64
			word = v >> (width - filled) // 0 if nothing is left: a shift by 64 gives 0
		}
	}
	for ; filled > 0 && len(dst) < end; filled -= 8 {
		dst = append(dst, byte(word))
		word >>= 8
	}
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}
