package schema

import "hash/maphash"

// dictionary finds texts by hash. The texts themselves are in a vector.
type dictionary struct {
	slots  []int32  // codes, counted from 1, at the place of their hash or behind it; 0 is free
	hashes []uint32 // of the texts, by code
}

// minSlots is how many slots a dictionary begins with. At most half of them are taken.
const minSlots = 1 << 6

var textSeed = maphash.MakeSeed()

func hashText(text []byte) uint32 { return uint32(maphash.Bytes(textSeed, text)) }

// code returns the code of a text with that hash, and whether it was known already; else the
// caller adds it to the texts.
func (d *dictionary) code(text []byte, hash uint32, texts []byte, offsets []int32) (code int32, known bool) {
	if 2*len(d.hashes) >= len(d.slots) {
		d.grow()
	}
	i, mask := hash, uint32(len(d.slots)-1)
	for i &= mask; d.slots[i] != 0; i = (i + 1) & mask {
		if code := d.slots[i] - 1; d.hashes[code] == hash && string(texts[offsets[code]:offsets[code+1]]) == string(text) {
			return code, true
		}
	}
	d.hashes = append(d.hashes, hash)
	d.slots[i] = int32(len(d.hashes))
	return d.slots[i] - 1, false
}

// grow doubles the slots.
func (d *dictionary) grow() {
	d.slots = make([]int32, max(minSlots, 2*len(d.slots)))
	mask := uint32(len(d.slots) - 1)
	for code, hash := range d.hashes {
		i := hash & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = int32(code + 1)
	}
}

// reset removes the texts and keeps the memory.
func (d *dictionary) reset() {
	clear(d.slots)
	d.hashes = d.hashes[:0]
}
