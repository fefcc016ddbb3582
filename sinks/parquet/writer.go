// Package parquet writes rows into one Parquet file, through Arrow, in bounded
// memory. It knows tables and files; it does not know what the rows mean, where
// the file goes, or when it is published.
package parquet

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"billwalk/schema"
)

const (
	batchRows    = 4 << 10  // rows between the builders and the encoder
	rowGroupRows = 64 << 10 // bounds the writer's memory; DuckDB and Athena read groups in parallel
	zstdLevel    = 1
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

// File is a finished Parquet file.
type File struct {
	Path       string
	Bytes      int64
	SHA256     string // of the whole file, hex
	RowsSHA256 string // of all that stands before the footer, hex: equal for equal rows
	Totals     schema.Totals
}

// Writer writes one file. It must be ended by Close or Abort.
type Writer[R any] struct {
	table   schema.Table[R]
	output  *output
	encoder *pqarrow.FileWriter
	builder *array.RecordBuilder
	pending int
	totals  schema.Totals
}

// Create makes a temporary file in dir (empty: the system's) for rows of table.
func Create[R any](table schema.Table[R], dir string, mem memory.Allocator) (*Writer[R], error) {
	file, err := os.CreateTemp(dir, table.Name+"-*.parquet.tmp")
	if err != nil {
		return nil, err
	}
	arrowSchema := table.Arrow()
	out := &output{file: file} // no Closer, for pqarrow would close it and the file has to outlive that
	encoder, err := pqarrow.NewFileWriter(arrowSchema, out, properties(table, mem),
		pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(mem)))
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return &Writer[R]{table: table, output: out, encoder: encoder, builder: array.NewRecordBuilder(mem, arrowSchema)}, nil
}

func properties[R any](table schema.Table[R], mem memory.Allocator) *parquet.WriterProperties {
	options := []parquet.WriterProperty{
		parquet.WithAllocator(mem),
		parquet.WithCreatedBy("billwalk"),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(zstdLevel),
		parquet.WithStats(true),
		parquet.WithPageIndexEnabled(true),
		parquet.WithMaxRowGroupLength(rowGroupRows),
	}
	for _, c := range table.Columns() {
		switch c.Layout {
		case schema.Distinct:
			options = append(options, parquet.WithDictionaryFor(c.Name, false))
		case schema.Ordered:
			options = append(options, parquet.WithDictionaryFor(c.Name, false),
				parquet.WithEncodingFor(c.Name, parquet.Encodings.DeltaByteArray))
		}
	}
	return parquet.NewWriterProperties(options...)
}

// Append adds one row. The row may be reused afterwards.
func (w *Writer[R]) Append(row *R) error {
	if err := w.table.Tally(&w.totals, row); err != nil {
		return err
	}
	w.table.Append(w.builder, row)
	if w.pending++; w.pending < batchRows {
		return nil
	}
	return w.flush()
}

func (w *Writer[R]) flush() error {
	if w.pending == 0 {
		return nil // an empty table has no row group at all, rather than one without statistics
	}
	w.pending = 0
	batch := w.builder.NewRecordBatch()
	defer batch.Release()
	return cmp.Or(w.encoder.WriteBuffered(batch), w.output.err)
}

// Close finishes the file under the stamp. The file stays, for the caller to
// publish and remove.
func (w *Writer[R]) Close(stamp Stamp) (File, error) {
	if err := w.finish(stamp); err != nil {
		w.Abort()
		return File{}, err
	}
	w.builder.Release()
	defer w.output.file.Close()
	file := File{Path: w.output.file.Name(), Totals: w.totals}
	if err := digest(w.output.file, &file); err != nil {
		return File{}, errors.Join(err, os.Remove(file.Path))
	}
	return file, nil
}

func (w *Writer[R]) finish(stamp Stamp) error {
	if err := w.flush(); err != nil {
		return err
	}
	// In this order always, so that equal rows and stamps give equal files.
	if err := w.encoder.AppendKeyValueMetadata(GenerationKey, fmt.Sprint(stamp.Generation)); err != nil {
		return err
	}
	if err := w.encoder.AppendKeyValueMetadata(WriteIDKey, stamp.WriteID); err != nil {
		return err
	}
	return cmp.Or(w.encoder.Close(), w.output.err)
}

// Abort gives the file up and removes it. It may follow a failed Append.
func (w *Writer[R]) Abort() {
	w.builder.Release()
	w.output.err = errAborted
	// What was written is thrown away: errors of closing it do not matter.
	_ = w.encoder.Close()
	_ = w.output.file.Close()
	_ = os.Remove(w.output.file.Name())
}

// A Parquet file ends with the footer, its length (4 bytes, little endian) and "PAR1".
const tail = 4 + int64(len("PAR1"))

// digest fills in the file's size and hashes, in one pass.
func digest(file *os.File, info *File) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var end [tail]byte
	if _, err := file.ReadAt(end[:], size-tail); err != nil {
		return err
	}
	rows := size - tail - int64(binary.LittleEndian.Uint32(end[:4]))
	if rows < 0 {
		return fmt.Errorf("%s: the footer is longer than the file", file.Name())
	}
	whole := sha256.New()
	if _, err := io.Copy(whole, io.NewSectionReader(file, 0, rows)); err != nil {
		return err
	}
	info.Bytes, info.RowsSHA256 = size, hex.EncodeToString(whole.Sum(nil))
	if _, err := io.Copy(whole, io.NewSectionReader(file, rows, size-rows)); err != nil {
		return err
	}
	info.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return nil
}
