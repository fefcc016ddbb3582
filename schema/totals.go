package schema

import "fmt"

// Totals of rows: how many there are and, per money column, their signed sum
// and how many are NULL. It is what a manifest says of a file, so that a reader
// can check the file against it.
type Totals struct {
	Rows int64          `json:"rows"`
	Fen  map[string]Sum `json:"fen,omitempty"` // by column name
}

// Sum of one money column.
type Sum struct {
	Fen   Fen   `json:"sum"`
	Nulls int64 `json:"nulls"`
}

// Of returns the sum of a money column. Totals of an earlier version do not know the
// columns that were added since: these are NULL in every row.
func (t *Totals) Of(column string) Sum {
	if sum, ok := t.Fen[column]; ok {
		return sum
	}
	return Sum{Nulls: t.Rows}
}

// Tally adds the row to the totals. It returns ErrOverflow, naming the column,
// where a sum would leave int64; the totals are then of no use.
func (t Table[R]) Tally(totals *Totals, row *R) error {
	if totals.Fen == nil {
		totals.Fen = make(map[string]Sum)
	}
	totals.Rows++
	for _, f := range t.Fields {
		if f.fen == nil {
			continue
		}
		sum, err := totals.Fen[f.Name].add(f.fen(row))
		if err != nil {
			return fmt.Errorf("sum of %s.%s: %w", t.Name, f.Name, err)
		}
		totals.Fen[f.Name] = sum
	}
	return nil
}

func (s Sum) add(v Null[Fen]) (Sum, error) {
	if !v.Valid {
		s.Nulls++
		return s, nil
	}
	var err error
	s.Fen, err = s.Fen.Add(v.V)
	return s, err
}
