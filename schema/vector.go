package schema

import (
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// Vector holds the values of one column. A text of a column with many equal values is
// kept once, in a dictionary, and a row has its code.
type Vector struct {
	Rows    int
	Nulls   int     // rows without a value
	Valid   []byte  // one bit a row, the least significant first; empty while Nulls is 0
	Int64s  []int64 // BIGINT, and TIMESTAMPTZ in microseconds; 0 where NULL
	Int32s  []int32 // INTEGER, and BOOLEAN as 0 or 1; 0 where NULL
	Text    []byte  // all texts, one after the other
	Offsets []int32 // text i is Text[Offsets[i]:Offsets[i+1]]; empty where NULL
	Codes   []int32 // row i has text Codes[i], with a dictionary only; 0 where NULL

	Lists []int32  // of a list: row i has items Lists[i] to Lists[i+1]-1, none where NULL
	Items []Vector // of a list: the fields of all items, one vector for each field

	kind    vectorKind
	entries map[string]int32 // of the dictionary
}

type vectorKind uint8

const (
	int64Vector vectorKind = iota
	int32Vector
	textVector
	codedVector // text in a dictionary
	listVector
)

func newVector(c Column) Vector {
	v := Vector{}
	switch c.Type {
	case Int64, Timestamp:
		v.kind = int64Vector
	case Int32, Bool:
		v.kind = int32Vector
	case Text:
		v.kind, v.Offsets = textVector, []int32{0}
		if c.Layout == Repeating {
			v.kind, v.entries = codedVector, make(map[string]int32)
		}
	case Texts:
		v.kind, v.Lists, v.Items = listVector, []int32{0}, []Vector{newVector(Column{Type: Text, Layout: c.Layout})}
	case ShareList:
		v.kind, v.Lists = listVector, []int32{0}
		v.Items = []Vector{newVector(Column{Type: Text, Layout: c.Layout}), newVector(Column{Type: Int64})}
	default:
		panic("schema: no vector has values of type " + string(c.Type))
	}
	return v
}

// Coded reports whether texts are in a dictionary.
func (v *Vector) Coded() bool { return v.kind == codedVector }

// IsNull reports whether row i has no value.
func (v *Vector) IsNull(i int) bool { return v.Nulls > 0 && v.Valid[i>>3]&(1<<(i&7)) == 0 }

// TextAt returns the text of row i, empty where it is NULL. It is part of the vector.
func (v *Vector) TextAt(i int) []byte {
	if v.kind == codedVector {
		if v.IsNull(i) {
			return nil
		}
		i = int(v.Codes[i])
	}
	return v.Text[v.Offsets[i]:v.Offsets[i+1]]
}

// AppendInt64 adds a value of a BIGINT or TIMESTAMPTZ column.
func (v *Vector) AppendInt64(value int64) {
	v.Int64s = append(v.Int64s, value)
	v.present()
}

// AppendInt32 adds a value of an INTEGER column.
func (v *Vector) AppendInt32(value int32) {
	v.Int32s = append(v.Int32s, value)
	v.present()
}

// AppendText adds a value of a VARCHAR column.
func (v *Vector) AppendText(value []byte) {
	if v.kind == codedVector {
		v.Codes = append(v.Codes, v.code(value))
	} else {
		v.store(value)
	}
	v.present()
}

// AppendNull adds a row without a value.
func (v *Vector) AppendNull() {
	switch v.kind {
	case int64Vector:
		v.Int64s = append(v.Int64s, 0)
	case int32Vector:
		v.Int32s = append(v.Int32s, 0)
	case textVector:
		v.Offsets = append(v.Offsets, int32(len(v.Text)))
	case codedVector:
		v.Codes = append(v.Codes, 0)
	case listVector:
		v.Lists = append(v.Lists, v.Lists[v.Rows])
	}
	v.absent()
}

// MaxRun is the most rows that are added at once.
const MaxRun = 64

// AppendInt64s adds at most MaxRun values of a BIGINT or TIMESTAMPTZ column. Bit i of
// present says whether the column has a value in row i; a value that it has not is 0.
func (v *Vector) AppendInt64s(values []int64, present uint64) {
	v.Int64s = append(v.Int64s, values...)
	v.mark(len(values), present)
}

// AppendInt32s is AppendInt64s for an INTEGER column.
func (v *Vector) AppendInt32s(values []int32, present uint64) {
	v.Int32s = append(v.Int32s, values...)
	v.mark(len(values), present)
}

// AppendTexts is AppendInt64s for a VARCHAR column; a value that it has not is empty.
func (v *Vector) AppendTexts(values [][]byte, present uint64) {
	if v.kind == codedVector {
		v.Codes = slices.Grow(v.Codes, len(values))
		for i, value := range values {
			code := int32(0)
			if present>>i&1 != 0 {
				code = v.code(value)
			}
			v.Codes = append(v.Codes, code)
		}
	} else {
		v.Offsets = slices.Grow(v.Offsets, len(values))
		for _, value := range values {
			v.store(value)
		}
	}
	v.mark(len(values), present)
}

// RepeatInt64 adds n rows, at most MaxRun, with the same value.
func (v *Vector) RepeatInt64(value int64, n int) {
	for range n {
		v.Int64s = append(v.Int64s, value)
	}
	v.mark(n, allPresent(n))
}

// RepeatText is RepeatInt64 for a VARCHAR column.
func (v *Vector) RepeatText(value []byte, n int) {
	if v.kind == codedVector {
		code := v.code(value)
		for range n {
			v.Codes = append(v.Codes, code)
		}
	} else {
		for range n {
			v.store(value)
		}
	}
	v.mark(n, allPresent(n))
}

// RepeatNull adds n rows, at most MaxRun, without a value.
func (v *Vector) RepeatNull(n int) {
	for range n {
		v.AppendNull()
	}
}

func allPresent(n int) uint64 { return 1<<n - 1 }

// mark marks the next n rows as having a value or NULL.
func (v *Vector) mark(n int, present uint64) {
	if v.Nulls == 0 {
		if present == allPresent(n) {
			v.Rows += n
			return
		}
		v.markAll()
	}
	v.Valid = append(v.Valid, make([]byte, (v.Rows+n+7)/8-len(v.Valid))...)
	shift := v.Rows & 7
	for i, low := v.Rows>>3, present<<shift; low != 0; i, low = i+1, low>>8 {
		v.Valid[i] |= byte(low)
	}
	if high := present >> (64 - shift); high != 0 {
		v.Valid[v.Rows>>3+8] |= byte(high)
	}
	v.Nulls += n - bits.OnesCount64(present)
	v.Rows += n
}

// markAll gives all rows a bit that says that they have a value.
func (v *Vector) markAll() {
	v.Valid = slices.Grow(v.Valid[:0], (v.Rows+MaxRun)/8+1)[:(v.Rows+7)/8]
	clear(v.Valid)
	bitutil.SetBitsTo(v.Valid, 0, int64(v.Rows), true)
}

func (v *Vector) store(value []byte) {
	v.Text = append(v.Text, value...)
	v.Offsets = append(v.Offsets, int32(len(v.Text)))
}

// code returns the code of a text in the dictionary, which it is added to.
func (v *Vector) code(value []byte) int32 {
	if code, ok := v.entries[string(value)]; ok {
		return code
	}
	code := int32(len(v.Offsets) - 1)
	v.entries[string(value)] = code
	v.store(value)
	return code
}

// present marks the next row as having a value.
func (v *Vector) present() {
	if v.Nulls > 0 {
		v.grow()
		v.Valid[v.Rows>>3] |= 1 << (v.Rows & 7)
	}
	v.Rows++
}

// absent marks the next row as NULL.
func (v *Vector) absent() {
	if v.Nulls == 0 {
		v.markAll()
	}
	v.grow()
	v.Nulls++
	v.Rows++
}

// grow makes room for the next row's bit, which is 0.
func (v *Vector) grow() {
	if v.Rows&7 == 0 {
		v.Valid = append(v.Valid, 0)
	}
}

func (v *Vector) reset() {
	v.Rows, v.Nulls = 0, 0
	v.Valid, v.Int64s, v.Int32s, v.Text, v.Codes = v.Valid[:0], v.Int64s[:0], v.Int32s[:0], v.Text[:0], v.Codes[:0]
	if v.Offsets != nil {
		v.Offsets = v.Offsets[:1]
	}
	if v.Lists != nil {
		v.Lists = v.Lists[:1]
	}
	for i := range v.Items {
		v.Items[i].reset()
	}
	clear(v.entries)
}

// gather adds rows of another vector of the same column.
func (v *Vector) gather(from *Vector, rows []int32) {
	switch v.kind {
	case int64Vector:
		for _, i := range rows {
			v.Int64s = append(v.Int64s, from.Int64s[i])
		}
	case int32Vector:
		for _, i := range rows {
			v.Int32s = append(v.Int32s, from.Int32s[i])
		}
	case textVector:
		for _, i := range rows {
			v.store(from.Text[from.Offsets[i]:from.Offsets[i+1]])
		}
	case codedVector:
		v.gatherCodes(from, rows)
	case listVector:
		v.gatherLists(from, rows)
	}
	if from.Nulls == 0 && v.Nulls == 0 {
		v.Rows += len(rows)
		return
	}
	for _, i := range rows {
		if from.IsNull(int(i)) {
			v.absent()
		} else {
			v.present()
		}
	}
}

func (v *Vector) gatherCodes(from *Vector, rows []int32) {
	codes := make([]int32, len(from.Offsets)-1) // of v, plus one, by code of from
	for _, i := range rows {
		if from.IsNull(int(i)) {
			v.Codes = append(v.Codes, 0)
			continue
		}
		code := from.Codes[i]
		if codes[code] == 0 {
			codes[code] = v.code(from.Text[from.Offsets[code]:from.Offsets[code+1]]) + 1
		}
		v.Codes = append(v.Codes, codes[code]-1)
	}
}

// appendAll adds all rows of another vector of the same column.
func (v *Vector) appendAll(from *Vector) {
	switch v.kind {
	case int64Vector:
		v.Int64s = append(v.Int64s, from.Int64s...)
	case int32Vector:
		v.Int32s = append(v.Int32s, from.Int32s...)
	case textVector:
		shift := int32(len(v.Text))
		v.Text = append(v.Text, from.Text...)
		for _, end := range from.Offsets[1:] {
			v.Offsets = append(v.Offsets, shift+end)
		}
	case codedVector:
		codes := make([]int32, max(1, len(from.Offsets)-1)) // of v, by code of from; a NULL has code 0
		for i := range len(from.Offsets) - 1 {
			codes[i] = v.code(from.Text[from.Offsets[i]:from.Offsets[i+1]])
		}
		for _, code := range from.Codes {
			v.Codes = append(v.Codes, codes[code])
		}
	case listVector:
		v.appendLists(from)
	}
	v.appendPresence(from)
}

func (v *Vector) appendPresence(from *Vector) {
	if from.Nulls == 0 && v.Nulls == 0 {
		v.Rows += from.Rows
		return
	}
	for i := range from.Rows {
		if from.IsNull(i) {
			v.absent()
		} else {
			v.present()
		}
	}
}
