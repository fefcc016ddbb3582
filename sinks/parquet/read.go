package parquet

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
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
	return typed[R](ReadRows(table, file, columns...))
}

// ReadRows is Read for a table of any row type: each row is a pointer to it, or nil
// beside an error.
func ReadRows(table schema.AnyTable, file parquet.ReaderAtSeeker, columns ...string) iter.Seq2[any, error] {
	return readWithin(table, file, memory.DefaultAllocator, maxMemory, columns)
}

// typed gives rows their type.
func typed[R any](rows iter.Seq2[any, error]) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		for row, err := range rows {
			typed, _ := row.(*R)
			if !yield(typed, err) {
				return
			}
		}
	}
}

// readWithin reads with at most so many bytes of memory.
func readWithin(table schema.AnyTable, file parquet.ReaderAtSeeker, mem memory.Allocator, memory int64, columns []string) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		s, err := open(table, file, mem, newBudget(memory), columns)
		if err == nil {
			err = s.rows(table.NewRow(), yield)
		}
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", table.Describe().Name, err))
		}
	}
}

// scan is one reading of some columns of a file.
type scan struct {
	budget  *budget
	load    func(values []arrow.Array, i int, row any)
	batches pqarrow.RecordReader
	missing int64 // rows still to come
}

func open(table schema.AnyTable, from parquet.ReaderAtSeeker, mem memory.Allocator, b *budget, columns []string) (*scan, error) {
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
	description := table.Describe()
	if err := fit(description, has, pages.MetaData().GetCreatedBy()); err != nil {
		return nil, err
	}
	for _, name := range columns {
		if description.Column(name) == nil {
			return nil, fmt.Errorf("the table has no column %s", name)
		}
	}
	wanted := func(name string) bool { return len(columns) == 0 || slices.Contains(columns, name) }
	var names []string // in the file's order
	for _, f := range has.Fields() {
		if wanted(f.Name) {
			names = append(names, f.Name)
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
	s := &scan{budget: b, load: table.Loader(names), missing: pages.NumRows()}
	err = b.run(func() (err error) {
		s.batches, err = reader.GetRecordReader(context.Background(), leaves, nil)
		return err
	})
	return s, err
}

// rows yields row, filled anew with each of the rows, up to the first error.
func (s *scan) rows(row any, yield func(any, error) bool) error {
	defer func() {
		if !s.budget.exceeded.Load() { // else the library was left as it stood, and the collector has it
			s.batches.Release()
		}
	}()
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
			s.load(values, i, row)
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
