package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"

	"billwalk/schema"
)

// SameRows reports whether two files of the table have the same rows in the same order. A
// column that one of them lacks is NULL in its rows.
func SameRows(table schema.AnyTable, a, b parquet.ReaderAtSeeker) (bool, error) {
	description := table.Describe()
	same, err := sameRows(table, description.Columns, a, b)
	if err != nil {
		return false, fmt.Errorf("%s: %w", description.Name, err)
	}
	return same, nil
}

func sameRows(table schema.AnyTable, columns []schema.Column, a, b parquet.ReaderAtSeeker) (bool, error) {
	left, err := newCursor(table, a)
	if err != nil {
		return false, err
	}
	defer left.close()
	right, err := newCursor(table, b)
	if err != nil {
		return false, err
	}
	defer right.close()
	for {
		n, err := left.rows()
		if err != nil {
			return false, err
		}
		others, err := right.rows()
		if err != nil || n == 0 || others == 0 {
			return n == others, err
		}
		n = min(n, others)
		for _, c := range columns {
			if !sameValues(left.column(c.Name), right.column(c.Name), left.at, right.at, n) {
				return false, nil
			}
		}
		left.at += n
		right.at += n
	}
}

// sameValues compares n values of a column, the first at the given places. A nil column has
// NULL in every row.
func sameValues(a, b arrow.Array, atA, atB, n int64) bool {
	switch {
	case a == nil && b == nil:
		return true
	case a == nil:
		return allNull(b, atB, n)
	case b == nil:
		return allNull(a, atA, n)
	default:
		return array.SliceEqual(a, atA, atA+n, b, atB, atB+n)
	}
}

func allNull(values arrow.Array, at, n int64) bool {
	for i := range n {
		if values.IsValid(int(at + i)) {
			return false
		}
	}
	return true
}

// cursor is a place in the rows of a file.
type cursor struct {
	*scan
	next  func() (arrow.RecordBatch, error)
	batch arrow.RecordBatch // nil before the first and after the last
	at    int64             // in the batch
}

func newCursor(table schema.AnyTable, from parquet.ReaderAtSeeker) (*cursor, error) {
	s, err := open(table, from, memory.DefaultAllocator, newBudget(maxMemory), nil)
	if err != nil {
		return nil, err
	}
	return &cursor{scan: s, next: s.fetch()}, nil
}

// rows returns how many rows of the batch are left, at least one until the file ends.
func (c *cursor) rows() (int64, error) {
	for c.batch == nil || c.at == c.batch.NumRows() {
		c.release()
		batch, err := c.next()
		if err != nil || batch == nil {
			return 0, c.end(err)
		}
		c.batch, c.at, c.next = batch, 0, c.fetch()
		c.missing -= batch.NumRows()
	}
	return c.batch.NumRows() - c.at, nil
}

// column returns the values of a column in the batch, or nil if the file lacks it.
func (c *cursor) column(name string) arrow.Array {
	indices := c.batch.Schema().FieldIndices(name)
	if len(indices) == 0 {
		return nil
	}
	return c.batch.Column(indices[0])
}

func (c *cursor) release() {
	if c.batch != nil {
		c.batch.Release()
		c.batch = nil
	}
}

func (c *cursor) close() {
	c.release()
	c.stop(c.next)
}
