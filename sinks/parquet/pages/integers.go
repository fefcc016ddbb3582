package pages

import (
	"encoding/binary"
	"slices"

	"billwalk/schema"
)

// integers encodes numbers in one page. A dictionary is used for numbers that repeat; amounts
// of money have one if there are few different ones. What has none is stored as differences.
func (e *Encoder) integers(c *Chunk, l leaf, from, to int) {
	if l.column.Type == schema.Bool {
		e.bools(c, l, from, to)
		return
	}
	levels, nulls := e.begin(l, from, to)
	first, end := l.span(from, to)
	values, size := e.present(l.values, first, end, nulls), 8
	if l.values.Int64s == nil {
		size = 4
	}
	most := len(values)
	if l.column.Layout != schema.Repeating && size == 8 {
		most = maxNumbers
	}
	stats := Stats{Nulls: levels - len(values)}
	if e.codes = e.table.codes(e.codes[:0], values, most); len(e.codes) == len(values) {
		c.reset(Dictionary)
		c.Entries = len(e.table.values)
		for _, value := range e.table.values {
			c.Values = appendInteger(c.Values, value, size)
		}
		width := indexWidth(c.Entries)
		if l.column.Type == schema.Timestamp {
			width = wholeBytes(width)
		}
		e.indices(e.codes, width)
		stats.Min, stats.Max = bounds(e.table.values, size)
	} else {
		c.reset(DeltaBinaryPacked)
		e.page = appendDeltas(e.page, values)
		stats.Min, stats.Max = bounds(values, size)
	}
	e.end(c, 0, levels, stats)
}

// bools encodes truth values in one page.
func (e *Encoder) bools(c *Chunk, l leaf, from, to int) {
	c.reset(Plain)
	levels, nulls := e.begin(l, from, to)
	values := e.present(l.values, from, to, nulls)
	stats := Stats{Nulls: levels - len(values)}
	if len(values) > 0 {
		stats.Min, stats.Max = []byte{byte(slices.Min(values))}, []byte{byte(slices.Max(values))}
	}
	start := len(e.page)
	e.page = append(e.page, make([]byte, (len(values)+7)/8)...)
	for i, value := range values {
		e.page[start+i/8] |= byte(value) << (i % 8)
	}
	e.end(c, 0, levels, stats)
}

// present returns the values of rows that are not NULL.
func (e *Encoder) present(v *schema.Vector, from, to, nulls int) []int64 {
	values := e.numbers[:0]
	switch {
	case v.Int64s != nil && nulls == 0:
		return v.Int64s[from:to]
	case v.Int64s != nil:
		values = append(values, v.Int64s[from:to]...)
	default:
		values = slices.Grow(values, to-from)[:to-from]
		for i, value := range v.Int32s[from:to] {
			values[i] = int64(value)
		}
	}
	e.numbers = values
	if nulls == 0 {
		return values
	}
	n := 0
	for i, value := range values {
		values[n] = value
		n += int(v.Valid[(from+i)>>3]>>((from+i)&7)) & 1
	}
	return values[:n]
}

func appendInteger(dst []byte, value int64, size int) []byte {
	if size == 4 {
		return binary.LittleEndian.AppendUint32(dst, uint32(value))
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(value))
}

func bounds(values []int64, size int) (least, greatest []byte) {
	if len(values) == 0 {
		return nil, nil
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return appendInteger(nil, low, size), appendInteger(nil, high, size)
}

// numberTable gives numbers codes, in the order in which they first occur.
type numberTable struct {
	values []int64 // by code
	slots  []int32 // code plus one, by the number's hash or the next free place; 0 is free
	shift  int     // from a hash to its place
}

// codes adds the values' codes to dst. It stops early if there are more than most different
// values.
func (t *numberTable) codes(dst []int32, values []int64, most int) []int32 {
	t.values = t.values[:0]
	t.resize(10)
	for i, v := range values {
		if i > 0 && v == values[i-1] {
			dst = append(dst, dst[len(dst)-1])
			continue
		}
		place := t.place(v)
		if t.slots[place] == 0 {
			if len(t.values) == most {
				return dst
			}
			t.values = append(t.values, v)
			t.slots[place] = int32(len(t.values))
			dst = append(dst, int32(len(t.values)-1))
			if 2*len(t.values) > len(t.slots) {
				t.resize(66 - t.shift)
			}
			continue
		}
		dst = append(dst, t.slots[place]-1)
	}
	return dst
}

// place returns the value's place, or a free one.
func (t *numberTable) place(v int64) int {
	place := int(uint64(v) * 0x9E3779B97F4A7C15 >> t.shift)
	for t.slots[place] != 0 && t.values[t.slots[place]-1] != v {
		place = (place + 1) & (len(t.slots) - 1)
	}
	return place
}

// resize makes 1<<bits places, and enters the values again.
func (t *numberTable) resize(bits int) {
	t.shift = 64 - bits
	if cap(t.slots) < 1<<bits {
		t.slots = make([]int32, 1<<bits)
	}
	t.slots = t.slots[:1<<bits]
	clear(t.slots)
	for i, v := range t.values {
		t.slots[t.place(v)] = int32(i + 1)
	}
}
