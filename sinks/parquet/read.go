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

const batchRows = 4 << 10 // rows that are read at once

// Read yields the rows of a file of the table, in the file's order, with the named columns
// set, or all if none is named; no others are decoded. It yields one row, filled anew each
// time: copy the row to keep it. Its values may be kept.
//
// An optional column that a file of an earlier version lacks is NULL. Any other difference
// between the file's columns and the table's is a ColumnError, and a file that ends early
// is an error, too. An error ends the rows. The file stays open. Compare its hash first if
// it may not be one of ours.
func Read[R any](table schema.Table[R], file parquet.ReaderAtSeeker, columns ...string) iter.Seq2[*R, error] {
	return typed[R](ReadRows(table, file, columns...))
}

// ReadRows is Read for a table of any row type: each row is a pointer to it, or nil
// beside an error.
func ReadRows(table schema.AnyTable, file parquet.ReaderAtSeeker, columns ...string) iter.Seq2[any, error] {
	return readWithin(table, file, memory.DefaultAllocator, maxMemory, columns)
}

// typed returns rows by their type.
func typed[R any](rows iter.Seq2[any, error]) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		for row, err := range rows {
			r, _ := row.(*R)
			if !yield(r, err) {
				return
			}
		}
	}
}

// readWithin is ReadRows with a limit of memory, in bytes.
func readWithin(table schema.AnyTable, file parquet.ReaderAtSeeker, mem memory.Allocator, limit int64, columns []string) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		s, err := open(table, file, mem, newBudget(limit), columns)
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
	missing int64 // rows that were not read yet
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
	if err := checkColumns(description, has, pages.MetaData().GetCreatedBy()); err != nil {
		return nil, err
	}
	for _, name := range columns {
		if description.Column(name) == nil {
			return nil, fmt.Errorf("the table has no column %s", name)
		}
	}
	selected := func(name string) bool { return len(columns) == 0 || slices.Contains(columns, name) }
	var names []string // in the file's order
	for _, f := range has.Fields() {
		if selected(f.Name) {
			names = append(names, f.Name)
		}
	}
	var leaves []int // the Parquet columns of these names
	for i, leaf := range pages.MetaData().Schema.Columns() {
		if selected(leaf.ColumnPath()[0]) {
			leaves = append(leaves, i)
		}
	}
	if len(leaves) == 0 {
		leaves = []int{0} // the library makes no batches without a column
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
		if !s.budget.exceeded.Load() { // otherwise the library was stopped half-way, and is left to the garbage collector
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
	if s.missing != 0 { // the library takes the early end of a column for the end of the file
		return fmt.Errorf("%d rows are missing: %w", s.missing, io.ErrUnexpectedEOF)
	}
	return nil
}
