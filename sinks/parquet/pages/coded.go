package pages

import (
	"bytes"
	"encoding/binary"
	"slices"

	"billwalk/schema"
)

// codedTexts encodes texts that are in a dictionary, in one page. The dictionary of the chunk
// has the entries that its rows refer to, in the order in which they first occur. If that is
// too large, the texts are stored as if they did not repeat.
func (e *Encoder) codedTexts(c *Chunk, l leaf, from, to int) {
	c.reset(Dictionary)
	levels, nulls := e.begin(l, from, to)
	first, end := l.span(from, to)
	codes, low, high, ok := e.recode(c, l.values, first, end, nulls)
	if !ok {
		e.spelledOut(c, l, from, to)
		return
	}
	stats := Stats{Nulls: levels - len(codes)}
	if len(codes) > 0 {
		stats.Min, stats.Max = copied(low, high)
	}
	e.indices(codes, wholeBytes(indexWidth(c.Entries)))
	e.end(c, 0, levels, stats)
}

// recode fills the chunk's dictionary, and returns the codes in it of the rows that are not
// NULL, with the least and the greatest text. It reports false if the dictionary is too large.
func (e *Encoder) recode(c *Chunk, v *schema.Vector, from, to, nulls int) (codes []int32, low, high []byte, ok bool) {
	entries := list{v.Text, v.Offsets}
	e.places = slices.Grow(e.places[:0], entries.len())[:entries.len()]
	clear(e.places)
	e.codes = slices.Grow(e.codes[:0], to-from)
	codes = e.codes[:0]
	for i, code := range v.Codes[from:to] {
		if nulls > 0 && v.IsNull(from+i) {
			continue
		}
		if e.places[code] == 0 {
			text := entries.at(int(code))
			c.Values = append(binary.LittleEndian.AppendUint32(c.Values, uint32(len(text))), text...)
			if c.Entries++; len(c.Values) > maxDictionary {
				return nil, nil, nil, false
			}
			e.places[code] = int32(c.Entries)
			if c.Entries == 1 || bytes.Compare(text, low) < 0 {
				low = text
			}
			if c.Entries == 1 || bytes.Compare(text, high) > 0 {
				high = text
			}
		}
		codes = append(codes, e.places[code]-1)
	}
	return codes, low, high, true
}

// spelledOut encodes texts of a dictionary as if they were not in one, a page at a time.
func (e *Encoder) spelledOut(c *Chunk, l leaf, from, to int) {
	c.reset(DeltaLengthByteArray)
	for at := from; at < to; {
		t := list{e.spelled[:0], append(e.offsets[:0], 0)}
		end := at
		for ; end < to && (end == at || len(t.bytes)+4*t.len() < maxPage); end++ {
			for i, last := l.span(end, end+1); i < last; i++ {
				if !l.values.IsNull(i) {
					t.bytes = append(t.bytes, l.values.TextAt(i)...)
					t.offsets = append(t.offsets, int32(len(t.bytes)))
				}
			}
		}
		e.spelled, e.offsets = t.bytes, t.offsets
		levels, _ := e.begin(l, at, end)
		e.appendTexts(c.Encoding, t)
		low, high := t.bounds()
		e.end(c, at-from, levels, Stats{levels - t.len(), low, high})
		at = end
	}
}
