package schema

import "github.com/apache/arrow-go/v18/arrow/bitutil"

// TallyBatch adds rows from to to-1 of a batch of the table to the totals, as Tally does row
// by row.
func (t Table[R]) TallyBatch(totals *Totals, b *Batch, from, to int) error {
	if from >= to {
		return nil
	}
	sums := make(map[string]Sum)
	for i := range t.Fields {
		f, v := &t.Fields[i], &b.Columns[i]
		if f.fen == nil {
			continue
		}
		sum, ok := totals.Fen[f.Name], true
		if sum.Fen, ok = addAll(sum.Fen, v.Int64s[from:to]); !ok {
			return t.tallyRows(totals, b, from, to) // it knows which sum leaves int64 first
		}
		sum.Nulls += int64(v.NullsIn(from, to))
		sums[f.Name] = sum
	}
	totals.Rows += int64(to - from)
	totals.Fen = sums
	return nil
}

// tallyRows is TallyBatch row by row.
func (t Table[R]) tallyRows(totals *Totals, b *Batch, from, to int) error {
	row := new(R)
	for i := from; i < to; i++ {
		t.LoadFrom(b, i, row)
		if err := t.Tally(totals, row); err != nil {
			return err
		}
	}
	return nil
}

// addAll adds the values one after the other. It reports whether no sum left int64.
func addAll(sum Fen, values []int64) (Fen, bool) {
	total, overflow := int64(sum), int64(0)
	for _, v := range values {
		next := total + v
		overflow |= (next ^ total) & (next ^ v) // negative if both have the other sign
		total = next
	}
	return Fen(total), overflow >= 0
}

// NullsIn returns the number of rows from to to-1 without a value.
func (v *Vector) NullsIn(from, to int) int {
	if v.Nulls == 0 {
		return 0
	}
	return to - from - bitutil.CountSetBits(v.Valid, from, to-from)
}
