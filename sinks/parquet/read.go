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
	f, err := openColumns(table, from, mem, b, columns)
	if err != nil {
		return nil, err
	}
	return f.scan(nil, f.rows)
}

// columnFile is a file of which some columns are read.
type columnFile struct {
	table  schema.AnyTable
	budget *budget
	reader *pqarrow.FileReader
	rows   int64
	names  []string // of the columns, in the file's order
	leaves []int    // the Parquet columns of these names
}

func openColumns(table schema.AnyTable, from parquet.ReaderAtSeeker, mem memory.Allocator, b *budget, columns []string) (*columnFile, error) {
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
	f := &columnFile{table: table, budget: b, reader: reader, rows: pages.NumRows()}
	for _, field := range has.Fields() {
		if selected(field.Name) {
			f.names = append(f.names, field.Name)
		}
	}
	for i, leaf := range pages.MetaData().Schema.Columns() {
		if selected(leaf.ColumnPath()[0]) {
			f.leaves = append(f.leaves, i)
		}
	}
	if len(f.leaves) == 0 {
		f.leaves = []int{0} // the library makes no batches without a column
	}
	return f, nil
}

// scan begins to read the row groups, which have that many rows; all of them if groups is nil.
func (f *columnFile) scan(groups []int, rows int64) (*scan, error) {
	s := &scan{budget: f.budget, load: f.table.Loader(f.names), missing: rows}
	err := f.budget.run(func() (err error) {
		s.batches, err = f.reader.GetRecordReader(context.Background(), f.leaves, groups)
		return err
	})
	return s, err
}

// rows yields row, filled anew with each of the rows, up to the first error.
func (s *scan) rows(row any, yield func(any, error) bool) error {
	return s.each(func(batch arrow.RecordBatch) bool { return s.yieldRows(batch, row, yield) })
}

// each calls use for the batches, until it returns false or there is an error. The next batch
// is decoded while one is used.
func (s *scan) each(use func(arrow.RecordBatch) bool) error {
	next := s.fetch()
	defer func() { s.stop(next) }()
	for {
		batch, err := next()
		if err != nil || batch == nil {
			return s.end(err)
		}
		next = s.fetch()
		s.missing -= batch.NumRows()
		more := use(batch)
		batch.Release()
		if !more {
			return nil
		}
	}
}

// stop releases the memory once the library is not at work any more.
func (s *scan) stop(next func() (arrow.RecordBatch, error)) {
	if batch, _ := next(); batch != nil {
		batch.Release()
	}
	if !s.budget.exceeded.Load() { // otherwise the library was stopped half-way, and is left to the garbage collector
		s.batches.Release()
	}
}

// yieldRows yields the rows of one batch. It reports whether there is to be another.
func (s *scan) yieldRows(batch arrow.RecordBatch, row any, yield func(any, error) bool) bool {
	values := batch.Columns()
	for i := range int(batch.NumRows()) {
		s.load(values, i, row)
		if !yield(row, nil) {
			return false
		}
	}
	return true
}

// fetch begins to decode the next batch. The function that it returns waits for the batch, and
// returns nil after the last; when it is called again it returns nil, too.
func (s *scan) fetch() (wait func() (arrow.RecordBatch, error)) {
	var batch arrow.RecordBatch
	decoded := s.budget.start(func() error {
		if s.batches.Next() {
			batch = s.batches.RecordBatch()
			batch.Retain()
		}
		return nil
	})
	return func() (arrow.RecordBatch, error) {
		err := decoded()
		got := batch
		batch = nil
		return got, err
	}
}

// end returns the error with which the batches ended.
func (s *scan) end(err error) error {
	switch {
	case err != nil:
		return err
	case s.batches.Err() != nil:
		return s.batches.Err()
	case s.missing != 0: // the library takes the early end of a column for the end of the file
		return fmt.Errorf("%d rows are missing: %w", s.missing, io.ErrUnexpectedEOF)
	default:
		return nil
	}
}
