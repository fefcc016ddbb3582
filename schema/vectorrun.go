package schema

import (
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

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

// markRows marks the next rows as those of another vector are.
func (v *Vector) markRows(from *Vector, rows []int32) {
	if from.Nulls == 0 {
		v.markPresent(len(rows))
		return
	}
	for run := range slices.Chunk(rows, MaxRun) {
		present := uint64(0)
		for k, i := range run {
			present |= uint64(from.Valid[i>>3]>>(i&7)&1) << k
		}
		v.mark(len(run), present)
	}
}

// markAllOf marks the next rows as all those of another vector are.
func (v *Vector) markAllOf(from *Vector) {
	if from.Nulls == 0 {
		v.markPresent(from.Rows)
		return
	}
	for at := 0; at < from.Rows; at += MaxRun {
		present, n := uint64(0), min(MaxRun, from.Rows-at)
		for k, bits := range from.Valid[at>>3 : (at+n+7)>>3] {
			present |= uint64(bits) << (8 * k)
		}
		v.mark(n, present&allPresent(n))
	}
}

// markPresent marks the next n rows as having a value.
func (v *Vector) markPresent(n int) {
	for ; n > MaxRun && v.Nulls > 0; n -= MaxRun {
		v.mark(MaxRun, allPresent(MaxRun))
	}
	if v.Nulls == 0 {
		v.Rows += n
		return
	}
	v.mark(n, allPresent(n))
}
