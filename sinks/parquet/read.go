package parquet

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"billwalk/schema"
)

// Read yields the rows of a file of the table, in the file's order, with the
// columns of those names filled in, or all if none is named; no others are
// decoded. It is one row, filled anew for each yield: copy what is to outlive it.
// Values may be kept.
//
// A column that a file of an earlier version lacks is NULL, if it may be. Any other
// difference between the file's columns and the table's is a ColumnError, and a file
// that ends early is an error, too. An error ends the rows. The file stays open. It
// is trusted to be one of ours: whoever has doubts compares its hash first.
func Read[R any](table schema.Table[R], file parquet.ReaderAtSeeker, columns ...string) iter.Seq2[*R, error] {
	return read(table, file, memory.DefaultAllocator, columns)
}

func read[R any](table schema.Table[R], file parquet.ReaderAtSeeker, mem memory.Allocator, columns []string) iter.Seq2[*R, error] {
	return readWithin(table, file, mem, maxMemory, columns)
}

// readWithin reads with so many bytes of memory at most.
func readWithin[R any](table schema.Table[R], file parquet.ReaderAtSeeker, mem memory.Allocator, memory int64, columns []string) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		s, err := open(table, file, mem, newBudget(memory), columns)
		if err == nil {
			err = s.rows(yield)
		}
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", table.Name, err))
		}
	}
}

// scan is one reading of some columns of a file.
type scan[R any] struct {
	budget  *budget
	fields  []*schema.Field[R] // in the file's order
	batches pqarrow.RecordReader
	missing int64 // rows still to come
}

func open[R any](table schema.Table[R], from parquet.ReaderAtSeeker, mem memory.Allocator, b *budget, columns []string) (*scan[R], error) {
	pages, err := openPages(from, b)
	if err != nil {
		return nil, err
	}
	reader, err := pqarrow.NewFileReader(pages, pqarrow.ArrowReadProperties{BatchSize: batchRows}, limited{mem, b})
	if err != nil {
		return nil, err
	}
	has, err := reader.Schema()
	if err != nil {
		return nil, err
	}
	if err := fit(table, has, pages.MetaData().GetCreatedBy()); err != nil {
		return nil, err
	}
	s := &scan[R]{budget: b, missing: pages.NumRows()}
	for _, name := range columns {
		if table.Column(name) == nil {
			return nil, fmt.Errorf("the table has no column %s", name)
		}
	}
	wanted := func(name string) bool { return len(columns) == 0 || slices.Contains(columns, name) }
	for _, f := range has.Fields() {
		if wanted(f.Name) {
			s.fields = append(s.fields, table.Column(f.Name))
		}
	}
	var leaves []int // the file's own columns that hold them
	for i, leaf := range pages.MetaData().Schema.Columns() {
		if wanted(leaf.ColumnPath()[0]) {
			leaves = append(leaves, i)
		}
	}
	if len(leaves) == 0 {
		leaves = []int{0} // the library has no batches without a column
	}
	err = b.run(func() (err error) {
		s.batches, err = reader.GetRecordReader(context.Background(), leaves, nil)
		return err
	})
	return s, err
}

// rows yields all rows, or those before the first error.
func (s *scan[R]) rows(yield func(*R, error) bool) error {
	defer func() {
		if !s.budget.exceeded.Load() { // else the library was left as it stood, and the collector has it
			s.batches.Release()
		}
	}()
	row := new(R)
	for {
		more := false
		if err := s.budget.run(func() error { more = s.batches.Next(); return nil }); err != nil {
			return err
		}
		if !more {
			break
		}
		batch := s.batches.RecordBatch()
		values := batch.Columns()
		for i := range int(batch.NumRows()) {
			for c, f := range s.fields {
				f.Load(values[c], i, row)
			}
			if !yield(row, nil) {
				return nil
			}
		}
		s.missing -= batch.NumRows()
	}
	if err := s.batches.Err(); err != nil {
		return err
	}
	if s.missing != 0 { // the library takes a column's early end for the file's
		return fmt.Errorf("%d rows are missing: %w", s.missing, io.ErrUnexpectedEOF)
	}
	return nil
}
