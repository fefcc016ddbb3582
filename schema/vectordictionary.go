package schema

import "hash/maphash"

// dictionary finds the texts of a vector by hash. The texts themselves are the vector's.
type dictionary struct {
	slots  []int32  // codes, counted from 1, at the place of their hash or behind it; 0 is free
	hashes []uint32 // of the texts, by code
}

// minSlots is how many slots a dictionary begins with. At most half of them are taken.
const minSlots = 1 << 6

var textSeed = maphash.MakeSeed()

func hashText(text []byte) uint32 { return uint32(maphash.Bytes(textSeed, text)) }

// code returns the code of a text in the dictionary, which it is added to.
func (v *Vector) code(text []byte) int32 {
	if n := len(v.Codes); n > 0 && len(v.Offsets) > 1 { // mostly it is that of the row before
		if last := v.Codes[n-1]; string(v.entry(last)) == string(text) {
			return last
		}
	}
	return v.codeOf(text, hashText(text))
}

// codeOf is code for a text whose hash is known.
func (v *Vector) codeOf(text []byte, hash uint32) int32 {
	d := &v.dictionary
	if 2*len(d.hashes) >= len(d.slots) {
		d.grow()
	}
	i, mask := hash, uint32(len(d.slots)-1)
	for i &= mask; d.slots[i] != 0; i = (i + 1) & mask {
		if code := d.slots[i] - 1; d.hashes[code] == hash && string(v.entry(code)) == string(text) {
			return code
		}
	}
	d.hashes = append(d.hashes, hash)
	d.slots[i] = int32(len(d.hashes))
	v.store(text)
	return d.slots[i] - 1
}

// entry returns a text of the dictionary.
func (v *Vector) entry(code int32) []byte { return v.Text[v.Offsets[code]:v.Offsets[code+1]] }

// entryHash returns the hash of a text of the dictionary, which a vector that was read from
// bytes does not keep.
func (v *Vector) entryHash(code int32) uint32 {
	if d := &v.dictionary; int(code) < len(d.hashes) {
		return d.hashes[code]
	}
	return hashText(v.entry(code))
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
