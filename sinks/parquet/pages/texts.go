package pages

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"sort"

	"billwalk/schema"
)

// texts encodes texts that hardly repeat. Sorted ones share their beginnings, which are then
// stored once.
func (e *Encoder) texts(c *Chunk, l leaf, from, to int) {
	c.reset(DeltaLengthByteArray)
	if l.column.Layout == schema.Ordered {
		c.reset(DeltaByteArray)
	}
	for at := from; at < to; {
		end := l.pageEnd(at, to)
		levels, nulls := e.begin(l, at, end)
		first, last := l.span(at, end)
		t := e.presentTexts(l.values, first, last, nulls)
		e.appendTexts(c.Encoding, t)
		low, high := t.bounds()
		e.end(c, at-from, levels, Stats{levels - t.len(), low, high})
		at = end
	}
}

// pageEnd returns the end of a page of texts that begins at a row: a page has one row, or as
// many as fit.
func (l leaf) pageEnd(at, to int) int {
	return at + max(1, sort.Search(to-at, func(n int) bool {
		first, end := l.span(at, at+n+1)
		return int(l.values.Offsets[end]-l.values.Offsets[first])+4*(end-first) > maxPage
	}))
}

// appendTexts adds texts to the page.
func (e *Encoder) appendTexts(encoding Encoding, t list) {
	if encoding == DeltaByteArray {
		e.appendSharing(t)
	} else {
		e.appendWithLengths(t)
	}
}

// list is a list of texts: text i is bytes[offsets[i]:offsets[i+1]].
type list struct {
	bytes   []byte
	offsets []int32
}

func (t list) len() int        { return len(t.offsets) - 1 }
func (t list) at(i int) []byte { return t.bytes[t.offsets[i]:t.offsets[i+1]] }
func (t list) whole() []byte   { return t.bytes[t.offsets[0]:t.offsets[t.len()]] }

// presentTexts returns the texts of rows that are not NULL. A text that is NULL is empty, so
// that they lie one after the other.
func (e *Encoder) presentTexts(v *schema.Vector, from, to, nulls int) list {
	if nulls == 0 {
		return list{v.Text, v.Offsets[from : to+1]}
	}
	offsets := slices.Grow(e.offsets[:0], to-from+1)[:to-from+1]
	offsets[0] = v.Offsets[from]
	n := 1
	for i, end := range v.Offsets[from+1 : to+1] {
		offsets[n] = end
		n += int(v.Valid[(from+i)>>3]>>((from+i)&7)) & 1
	}
	e.offsets = offsets
	return list{v.Text, offsets[:n]}
}

// appendWithLengths adds texts to the page in the encoding DELTA_LENGTH_BYTE_ARRAY.
func (e *Encoder) appendWithLengths(t list) {
	e.lengths = slices.Grow(e.lengths[:0], t.len())[:t.len()]
	for i := range e.lengths {
		e.lengths[i] = int64(t.offsets[i+1] - t.offsets[i])
	}
	e.page = append(appendDeltas(e.page, e.lengths), t.whole()...)
}

// appendSharing adds texts to the page in the encoding DELTA_BYTE_ARRAY: how many bytes
// of the text before each begins with, and its other bytes.
func (e *Encoder) appendSharing(t list) {
	shared := slices.Grow(e.numbers[:0], t.len())[:t.len()]
	e.lengths = slices.Grow(e.lengths[:0], t.len())[:t.len()]
	var last []byte
	for i := range shared {
		text := t.at(i)
		n := sharedBytes(last, text)
		shared[i], e.lengths[i] = int64(n), int64(len(text)-n)
		last = text
	}
	e.numbers = shared
	e.page = appendDeltas(appendDeltas(e.page, shared), e.lengths)
	for i, n := range shared {
		e.page = append(e.page, t.at(i)[n:]...)
	}
}

// sharedBytes returns how many bytes both texts begin with.
func sharedBytes(a, b []byte) int {
	n, least := 0, min(len(a), len(b))
	for ; n+8 <= least; n += 8 {
		if differ := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); differ != 0 {
			return n + bits.TrailingZeros64(differ)/8
		}
	}
	for n < least && a[n] == b[n] {
		n++
	}
	return n
}

// bounds returns copies of the least and the greatest text, or nil if there is none.
func (t list) bounds() (least, greatest []byte) {
	if t.len() == 0 {
		return nil, nil
	}
	low, high := t.at(0), t.at(0)
	lowKey, highKey := sortKey(low), sortKey(high)
	for i := 1; i < t.len(); i++ {
		text := t.at(i)
		key := sortKey(text)
		if key <= lowKey && (key < lowKey || bytes.Compare(text, low) < 0) {
			low, lowKey = text, key
		}
		if key >= highKey && (key > highKey || bytes.Compare(text, high) > 0) {
			high, highKey = text, key
		}
	}
	return copied(low, high)
}

// sortKey returns the first bytes of a text. Texts are ordered as their keys, unless those
// are equal.
func sortKey(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.BigEndian.Uint64(text)
	}
	key := uint64(0)
	for i, b := range text {
		key |= uint64(b) << (56 - 8*i)
	}
	return key
}

// copied returns copies of bounds, which are part of a vector.
func copied(least, greatest []byte) (low, high []byte) {
	return append([]byte{}, least...), append([]byte{}, greatest...)
}
