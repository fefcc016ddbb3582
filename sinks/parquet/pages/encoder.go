package pages

import (
	"math/bits"
	"slices"

	"billwalk/schema"
)

const (
	maxPage       = 2 << 20 // bytes of texts and their lengths in one page, unless one row has more
	maxDictionary = 1 << 20 // bytes of texts and their lengths
	maxNumbers    = 4 << 10 // entries of a dictionary of numbers that are said to be distinct
)

// Encoder encodes chunks one after the other. It keeps its memory from one to the next.
type Encoder struct {
	Compressor Compressor
	Level      int // of compression

	page    []byte
	packed  []byte // the page, compressed
	levels  []int32
	numbers []int64
	offsets []int32
	lengths []int64
	codes   []int32
	places  []int32 // in the chunk's dictionary, by code, plus one; 0 if the entry is not in it yet
	spelled []byte
	table   numberTable
}

// Encode sets the chunk to rows from to to-1 of a column, or of one of the fields of its
// lists' items.
func (e *Encoder) Encode(c *Chunk, column *schema.Column, v *schema.Vector, item, from, to int) {
	l := leaf{column: column, rows: v, values: v}
	if v.Lists != nil {
		l.values = &v.Items[item]
	}
	switch {
	case l.values.Coded():
		e.codedTexts(c, l, from, to)
	case l.values.Offsets != nil:
		e.texts(c, l, from, to)
	default:
		e.integers(c, l, from, to)
	}
}

// leaf is the values of a column, or of one of the fields of its lists' items.
type leaf struct {
	column       *schema.Column
	rows, values *schema.Vector // the same unless it is a list
}

// span returns the places of values of the rows, NULL or not.
func (l leaf) span(from, to int) (first, end int) {
	if l.rows.Lists == nil {
		return from, to
	}
	return int(l.rows.Lists[from]), int(l.rows.Lists[to])
}

// begin starts a page with the levels of its rows. It returns how many levels and, among the
// places of its values, how many NULLs there are.
func (e *Encoder) begin(l leaf, from, to int) (levels, nulls int) {
	e.page = e.page[:0]
	switch {
	case l.rows.Lists != nil:
		return e.listLevels(l, from, to), 0
	case l.column.Required:
		return to - from, 0
	}
	nulls = l.rows.NullsIn(from, to)
	e.page = appendValidity(e.page, l.rows.Valid, from, to-from, nulls)
	return to - from, nulls
}

// listLevels adds the levels of rows that are lists, and returns how many those are.
func (e *Encoder) listLevels(l leaf, from, to int) int {
	empty := int32(1) // definition level of an empty list, one more than that of NULL
	if l.column.Required {
		empty = 0
	}
	repetition, definition := e.levels[:0], e.codes[:0]
	for i := from; i < to; i++ {
		items := int(l.rows.Lists[i+1] - l.rows.Lists[i])
		switch {
		case l.rows.IsNull(i):
			repetition, definition = append(repetition, 0), append(definition, 0)
		case items == 0:
			repetition, definition = append(repetition, 0), append(definition, empty)
		}
		for item := range items {
			repetition, definition = append(repetition, int32(min(item, 1))), append(definition, empty+1)
		}
	}
	e.levels, e.codes = repetition, definition
	e.page = appendLevels(e.page, repetition, 1)
	e.page = appendLevels(e.page, definition, bits.Len32(uint32(empty+1)))
	return len(repetition)
}

// end adds the page to the chunk.
func (e *Encoder) end(c *Chunk, firstRow, levels int, stats Stats) {
	e.packed = slices.Grow(e.packed[:0], int(e.Compressor.CompressBound(int64(len(e.page)))))
	data := e.Compressor.EncodeLevel(e.packed, e.page, e.Level)
	c.add(Page{FirstRow: firstRow, Levels: levels, Size: len(e.page), Stats: stats}, data)
}

// indices adds indices of a dictionary to the page, after their width in bits.
func (e *Encoder) indices(indices []int32, width int) {
	e.page = append(e.page, byte(width))
	e.page = appendHybrid(e.page, indices, width)
}

// indexWidth returns the bits of an index of a dictionary with that many entries.
func indexWidth(entries int) int { return max(1, bits.Len(uint(max(entries, 1)-1))) }

// wholeBytes rounds a width of more than four bits up: compression finds repetitions of
// bytes only.
func wholeBytes(width int) int {
	if width <= 4 {
		return width
	}
	return (width + 7) &^ 7
}
