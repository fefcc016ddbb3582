package schema

import "slices"

// gather adds rows of another vector of the same column.
func (v *Vector) gather(from *Vector, rows []int32) {
	switch v.kind {
	case int64Vector:
		v.Int64s = appendRows(v.Int64s, from.Int64s, rows)
	case int32Vector:
		v.Int32s = appendRows(v.Int32s, from.Int32s, rows)
	case textVector:
		text, offsets := v.Text, slices.Grow(v.Offsets, len(rows))
		for _, i := range rows {
			text = append(text, from.Text[from.Offsets[i]:from.Offsets[i+1]]...)
			offsets = append(offsets, int32(len(text)))
		}
		v.Text, v.Offsets = text, offsets
	case codedVector:
		v.gatherCodes(from, rows)
	case listVector:
		v.gatherLists(from, rows)
	}
	v.markRows(from, rows)
}

// appendRows appends the values of some rows.
func appendRows[T any](to, from []T, rows []int32) []T {
	n := len(to)
	to = slices.Grow(to, len(rows))[:n+len(rows)]
	for k, i := range rows {
		to[n+k] = from[i]
	}
	return to
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
			codes[code] = v.codeOf(from.entry(code), from.entryHash(code)) + 1
		}
		v.Codes = append(v.Codes, codes[code]-1)
	}
}

// reserve makes room for rows, with texts as long as those of n rows take in a sample.
func (v *Vector) reserve(rows int, sample *Vector, n int) {
	switch v.kind {
	case int64Vector:
		v.Int64s = slices.Grow(v.Int64s, rows)
	case int32Vector:
		v.Int32s = slices.Grow(v.Int32s, rows)
	case textVector:
		v.Text, v.Offsets = slices.Grow(v.Text, len(sample.Text)*rows/n*9/8), slices.Grow(v.Offsets, rows)
	case codedVector:
		v.Codes = slices.Grow(v.Codes, rows)
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
		v.Text, v.Offsets = append(v.Text, from.Text...), slices.Grow(v.Offsets, from.Rows)
		for _, end := range from.Offsets[1:] {
			v.Offsets = append(v.Offsets, shift+end)
		}
	case codedVector:
		codes := make([]int32, max(1, len(from.Offsets)-1)) // of v, by code of from; a NULL has code 0
		for i := range len(from.Offsets) - 1 {
			codes[i] = v.codeOf(from.entry(int32(i)), from.entryHash(int32(i)))
		}
		v.Codes = slices.Grow(v.Codes, from.Rows)
		for _, code := range from.Codes {
			v.Codes = append(v.Codes, codes[code])
		}
	case listVector:
		v.appendLists(from)
	}
	v.markAllOf(from)
}
