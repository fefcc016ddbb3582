package schema

import "slices"

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
