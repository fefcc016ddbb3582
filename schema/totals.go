package schema

import "fmt"

// Totals are the number of rows and, for each money column, the signed sum and the number of
// NULLs. A manifest has them for each file, so that a reader can check the file.
type Totals struct {
	Rows int64          `json:"rows"`
	Fen  map[string]Sum `json:"fen,omitempty"` // by column name
}

// Sum is the sum of one money column.
type Sum struct {
	Fen   Fen   `json:"sum"`
	Nulls int64 `json:"nulls"`
}

// Sum returns the sum of a money column. Totals of an earlier version lack the columns that
// were added since, which are NULL in every row.
func (t *Totals) Sum(column string) Sum {
	if sum, ok := t.Fen[column]; ok {
		return sum
	}
	return Sum{Nulls: t.Rows}
}

// Tally adds the row to the totals. If a sum would leave int64 it returns ErrOverflow with the
// name of the column, and the totals are of no use.
func (t Table[R]) Tally(totals *Totals, row *R) error {
	if totals.Fen == nil {
		totals.Fen = make(map[string]Sum)
	}
	totals.Rows++
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.fen == nil {
			continue
		}
		sum, err := f.addTo(totals.Fen[f.Name], t.Name, row)
		if err != nil {
			return err
		}
		totals.Fen[f.Name] = sum
	}
	return nil
}

// addTo adds a row's amount to the sum of a table's money column.
func (f *Field[R]) addTo(sum Sum, table string, row *R) (Sum, error) {
	sum, err := sum.add(f.fen(row))
	if err != nil {
		return sum, fmt.Errorf("sum of %s.%s: %w", table, f.Name, err)
	}
	return sum, nil
}

// Adder adds rows of a table up, as Tally does, many times as fast.
type Adder interface {
	Add(row any) error
	// Totals returns the totals of the rows, none of which was an error.
	Totals() Totals
}

type adder[R any] struct {
	table string
	fen   []*Field[R]
	sums  []Sum // by field
	rows  int64
}

// Adder implements AnyTable.
func (t Table[R]) Adder() Adder {
	a := &adder[R]{table: t.Name}
	for i := range t.Fields {
		if t.Fields[i].fen != nil {
			a.fen = append(a.fen, &t.Fields[i])
		}
	}
	a.sums = make([]Sum, len(a.fen))
	return a
}

func (a *adder[R]) Add(row any) error {
	a.rows++
	for i, f := range a.fen {
		var err error
		if a.sums[i], err = f.addTo(a.sums[i], a.table, row.(*R)); err != nil {
			return err
		}
	}
	return nil
}

func (a *adder[R]) Totals() Totals {
	totals := Totals{Rows: a.rows, Fen: make(map[string]Sum)}
	for i, f := range a.fen {
		totals.Fen[f.Name] = a.sums[i]
	}
	return totals
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
