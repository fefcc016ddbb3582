// Package parquet writes rows into a Parquet file and reads them back, in bounded memory.
// It knows tables and files, but not what the rows mean or where the file is published.
package parquet

import (
	"errors"
	"fmt"
	"os"

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
	name    string // of the table
	table   schema.AnyTable
	version string
	create  func() (*os.File, error)
	groups  groups
	output  *output // nil before the file is created
	totals  schema.Totals
	ended   error // why no more rows are accepted
	file    File
	err     error // of Finish
}

// NewWriter returns a writer for rows of the table, by a version of billwalk. It gets an
// empty file from create, at most once, and closes it. The caller closes the writer.
func NewWriter(table schema.AnyTable, version string, create func() (*os.File, error)) *Writer {
	description := table.Describe()
	w := &Writer{name: description.Name, table: table, version: version, create: create}
	w.groups = groups{table: table, columns: description.Columns, limits: limits{RowGroup, maxTexts}}
	w.groups.begin = func() (*fileWriter, error) { return w.begin(description, version) }
	return w
}

// begin creates the file.
func (w *Writer) begin(table schema.Description, version string) (*fileWriter, error) {
	file, err := w.create()
	if err != nil {
		return nil, err
	}
	w.output = newOutput(file)
	return newFileWriter(table, version, w.output)
}

// Append adds one row, a pointer to the table's row type. The row may be reused
// afterwards. An error is final.
func (w *Writer) Append(row any) error {
	return w.add(func() error {
		if err := w.table.TallyRow(&w.totals, row); err != nil {
			return err
		}
		return w.groups.append(row)
	})
}

// AppendBatch adds the rows of a batch of the table. The batch may be reused afterwards. An
// error is final. The file does not depend on how its rows are cut into batches, or whether
// they are appended one by one. Batches of RowGroup rows are encoded where they lie.
func (w *Writer) AppendBatch(b *schema.Batch) error {
	return w.add(func() error {
		if err := checkBatch(w.groups.columns, b); err != nil {
			return err
		}
		if err := w.table.TallyBatch(&w.totals, b, 0, b.Rows); err != nil {
			return err
		}
		return w.groups.appendBatch(b)
	})
}

// checkBatch refuses a batch that cannot have come from rows of the table.
func checkBatch(columns []schema.Column, b *schema.Batch) error {
	if len(b.Columns) != len(columns) {
		return fmt.Errorf("a batch of %d columns, the table has %d", len(b.Columns), len(columns))
	}
	for i, c := range columns {
		switch v := &b.Columns[i]; {
		case v.Rows != b.Rows:
			return fmt.Errorf("column %s: %d values in a batch of %d rows", c.Name, v.Rows, b.Rows)
		case c.Required && v.Nulls > 0:
			return fmt.Errorf("column %s: it is NULL in %d rows, and must not be", c.Name, v.Nulls)
		}
	}
	return nil
}

// add adds rows, unless the writer has ended.
func (w *Writer) add(rows func() error) error {
	if w.ended != nil {
		return fmt.Errorf("%s: %w", w.name, w.ended)
	}
	if err := rows(); err != nil {
		w.ended, w.err = err, err // a row is missing, so that the file cannot be finished
	}
	return w.err
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
	if err := w.groups.flush(); err != nil {
		return err
	}
	if err := w.groups.start(); err != nil { // for an empty table
		return err
	}
	if err := w.groups.file.finish(stamp); err != nil {
		return err
	}
	w.groups.release()
	w.file = w.output.finished()
	w.file.Totals = w.totals
	return nil
}

// Close releases the memory and the file, finished or not. It may be called at any time,
// and again.
func (w *Writer) Close() {
	w.ended, w.file, w.err = errClosed, File{}, errClosed
	w.groups.release()
	if w.output != nil {
		_ = w.output.file.Close() // the file is given up: an error does not matter
	}
}
