// Package parquet writes rows into one Parquet file and reads them back, through
// Arrow, in bounded memory. It knows tables and files; it does not know what the
// rows mean, where the file goes, or when it is published.
package parquet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"billwalk/schema"
)

// Stamp is what tells one publication of the same rows from another. It lies in
// the footer alone, so that equal rows have equal bytes before it.
type Stamp struct {
	Generation int64
	WriteID    string
}

// The footer's keys.
const (
	GenerationKey = "billwalk.generation"
	WriteIDKey    = "billwalk.write_id"
)

// Failures of a writer that was ended.
var (
	errFinished = errors.New("a row after the table's end")
	errClosed   = errors.New("the file was given up")
)

// Writer writes one file. It is cheap until rows come: a table without any takes
// neither memory nor a file before Finish, and one of few rows no file.
type Writer struct {
	table   schema.AnyTable
	name    string // of the table
	version string // of billwalk
	create  func() (*os.File, error)
	mem     memory.Allocator
	builder *array.RecordBuilder // nil before the first row
	output  *output              // nil before the first batch
	encoder *pqarrow.FileWriter  // likewise, and once the file is finished
	pending int
	totals  schema.Totals
	ended   error // why no row is taken any more
	file    File
	err     error // of Finish
}

// NewWriter returns a writer for rows of table, of that version of billwalk. It
// takes an empty file from create, at most once, and closes it. The writer has to
// be closed.
func NewWriter(table schema.AnyTable, version string, create func() (*os.File, error), mem memory.Allocator) *Writer {
	return &Writer{table: table, name: table.Describe().Name, version: version, create: create, mem: mem}
}

// Append adds one row, a pointer to the table's row type. The row may be reused
// afterwards. An error is final.
func (w *Writer) Append(row any) error {
	if w.ended != nil {
		return fmt.Errorf("%s: %w", w.name, w.ended)
	}
	if err := w.append(row); err != nil {
		w.ended, w.err = err, err // a row is missing: there is no finishing without it
	}
	return w.err
}

func (w *Writer) append(row any) error {
	if err := w.table.TallyRow(&w.totals, row); err != nil {
		return err
	}
	if w.builder == nil {
		w.builder = array.NewRecordBuilder(w.mem, w.table.Describe().Arrow())
	}
	w.table.AppendRow(w.builder, row)
	if w.pending++; w.pending < batchRows {
		return nil
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if w.pending == 0 {
		return nil // an empty table has no row group at all, rather than one without statistics
	}
	if err := w.begin(); err != nil {
		return err
	}
	w.pending = 0
	batch := w.builder.NewRecordBatch()
	defer batch.Release()
	err := w.encoder.WriteBuffered(batch)
	return cmp.Or(w.output.err, err)
}

// begin makes the file, if that is still to be done.
func (w *Writer) begin() error {
	if w.encoder != nil {
		return nil
	}
	description := w.table.Describe()
	arrowSchema := description.Arrow()
	properties, err := properties(description, w.version, arrowSchema, w.mem)
	if err != nil {
		return err
	}
	file, err := w.create()
	if err != nil {
		return err
	}
	out := &output{file: file} // no Closer, for pqarrow would close it and the file has to outlive that
	encoder, err := pqarrow.NewFileWriter(arrowSchema, out, properties, pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(w.mem)))
	if err != nil {
		return errors.Join(err, file.Close())
	}
	w.output, w.encoder = out, encoder
	return nil
}

// Finish ends the rows and completes the file under the stamp. Called again, it
// returns the same.
func (w *Writer) Finish(stamp Stamp) (File, error) {
	if w.ended != nil {
		return w.file, w.err
	}
	w.ended = errFinished
	if err := w.finish(stamp); err != nil {
		w.Close()
		w.err = err
	}
	return w.file, w.err
}

func (w *Writer) finish(stamp Stamp) error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.begin(); err != nil { // of an empty table
		return err
	}
	// In this order always, so that equal rows and stamps give equal files.
	if err := w.encoder.AppendKeyValueMetadata(GenerationKey, fmt.Sprint(stamp.Generation)); err != nil {
		return err
	}
	if err := w.encoder.AppendKeyValueMetadata(WriteIDKey, stamp.WriteID); err != nil {
		return err
	}
	err := w.encoder.Close()
	w.encoder = nil
	w.release()
	if err := cmp.Or(w.output.err, err); err != nil {
		return err
	}
	w.file = File{Totals: w.totals, file: w.output.file}
	return digest(context.Background(), w.output.file, &w.file)
}

// Close gives everything back, the file as well, finished or not. It may be
// called at any point, any number of times.
func (w *Writer) Close() {
	w.ended, w.file, w.err = errClosed, File{}, errClosed
	w.release()
	if w.output == nil {
		return
	}
	// What was written is thrown away: errors of closing it do not matter.
	w.output.err = errClosed
	if w.encoder != nil {
		_ = w.encoder.Close()
		w.encoder = nil
	}
	_ = w.output.file.Close()
}

// release gives back the memory for rows.
func (w *Writer) release() {
	if w.builder != nil {
		w.builder.Release()
		w.builder = nil
	}
}
