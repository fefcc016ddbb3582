// Package parquet writes rows into a Parquet file and reads them back, through Arrow, in
// bounded memory. It knows tables and files, but not what the rows mean or where the file
// is published.
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

// Stamp distinguishes two publications of the same rows. It is only in the footer, so that
// equal rows have equal bytes before the footer.
type Stamp struct {
	Generation int64
	WriteID    string
}

// The footer's keys.
const (
	GenerationKey = "billwalk.generation"
	WriteIDKey    = "billwalk.write_id"
)

// Errors of a writer that has ended.
var (
	errFinished = errors.New("a row after the table's end")
	errClosed   = errors.New("the file was given up")
)

// Writer writes one file. It is cheap until there are rows: without any it uses neither
// memory nor a file before Finish, and with few rows no file.
type Writer struct {
	table   schema.AnyTable
	name    string // of the table
	version string // of billwalk
	create  func() (*os.File, error)
	mem     memory.Allocator
	builder *array.RecordBuilder // nil before the first row
	output  *output              // nil before the first batch
	encoder *pqarrow.FileWriter  // nil before the first batch, and after the file is finished
	pending int
	totals  schema.Totals
	ended   error // why no more rows are accepted
	file    File
	err     error // of Finish
}

// NewWriter returns a writer for rows of the table, by a version of billwalk. It gets an
// empty file from create, at most once, and closes it. The caller closes the writer.
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
		w.ended, w.err = err, err // a row is missing, so that the file cannot be finished
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

// AppendBatch adds the rows of a batch of the table. The batch may be reused afterwards. An
// error is final. The file does not show how its rows were cut into batches.
func (w *Writer) AppendBatch(b *schema.Batch) error {
	row := w.table.NewRow()
	for i := range b.Rows {
		w.table.LoadRow(b, i, row)
		if err := w.Append(row); err != nil {
			return err
		}
	}
	return nil
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

// begin creates the file, unless it exists.
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
	out := &output{file: file} // not an io.Closer: pqarrow would close the file, which is still needed
	encoder, err := pqarrow.NewFileWriter(arrowSchema, out, properties, pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(w.mem)))
	if err != nil {
		return errors.Join(err, file.Close())
	}
	w.output, w.encoder = out, encoder
	return nil
}

// Finish ends the rows and completes the file with the stamp. If it is called again it
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
	if err := w.begin(); err != nil { // for an empty table
		return err
	}
	// Always in this order, so that equal rows and stamps give equal files.
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

// Close releases the memory and the file, finished or not. It may be called at any time,
// and again.
func (w *Writer) Close() {
	w.ended, w.file, w.err = errClosed, File{}, errClosed
	w.release()
	if w.output == nil {
		return
	}
	// The file is given up: errors of closing it do not matter.
	w.output.err = errClosed
	if w.encoder != nil {
		_ = w.encoder.Close()
		w.encoder = nil
	}
	_ = w.output.file.Close()
}

// release releases the memory for rows.
func (w *Writer) release() {
	if w.builder != nil {
		w.builder.Release()
		w.builder = nil
	}
}
