package parquet

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/schema"
)

var stamp = Stamp{Generation: 1, WriteID: "01JDWRITE"}

// TestFiles writes files with numbers of rows around every limit of the writer, and checks
// each in three ways.
func TestFiles(t *testing.T) {
	t.Parallel()
	independent := buildReader(t)
	for _, rows := range []int{0, 1, batchRows - 1, batchRows, batchRows + 1, RowGroup + 1} {
		if race.Detector && rows > RowGroup {
			continue // TestSameBytesOfAnyCut and TestRecode have many row groups
		}
		t.Run(fmt.Sprint("bills/", rows), func(t *testing.T) {
			t.Parallel()
			written := checkFile(t, schema.Bills, rows, billAt)
			checkIndependently(t, independent, written, rows)
		})
	}
	for _, rows := range []int{0, 1, batchRows + 1} {
		t.Run(fmt.Sprint("settlements/", rows), func(t *testing.T) {
			t.Parallel()
			checkFile(t, schema.Settlements, rows, settlementAt)
		})
	}
	t.Run("reconciliation", func(t *testing.T) {
		t.Parallel()
		checkFile(t, schema.Reconciliations, 1000, reconciliationAt)
	})
	t.Run("exceptions", func(t *testing.T) {
		t.Parallel()
		checkFile(t, schema.Exceptions, 1000, exceptionAt)
	})
	t.Run("restatements", func(t *testing.T) {
		t.Parallel()
		checkFile(t, schema.Restatements, 1000, restatementAt)
	})
}

func checkFile[R any](t *testing.T, table schema.Table[R], rows int, rowAt func(int) R) File {
	t.Helper()
	written := write(t, table, rows, rowAt, stamp)
	equal(t, "rows of the totals", written.Totals.Rows, int64(rows))
	reader, err := file.OpenParquetFile(written.file.Name(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	checkFormat(t, reader, table.Columns(), rows)
	checkRoundTrip(t, reader, table, rows, rowAt)
	return written
}

// checkRoundTrip reads the file with Arrow.
func checkRoundTrip[R any](t *testing.T, reader *file.Reader, table schema.Table[R], rows int, rowAt func(int) R) {
	t.Helper()
	mem := memory.DefaultAllocator // Arrow's reader does not free all it takes
	arrowReader, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, mem)
	if err != nil {
		t.Fatal(err)
	}
	got, err := arrowReader.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer got.Release()
	values := schema.NewBatch(table.Columns())
	for i := range rows {
		row := rowAt(i)
		table.AppendTo(values, &row)
	}
	batch := arrowOf(mem, table.Describe(), values)
	defer batch.Release()
	want := array.NewTableFromRecords(table.Arrow(), []arrow.RecordBatch{batch})
	defer want.Release()
	sameTable(t, got, want)
}

// sameTable compares tables without the metadata that a file adds to fields.
func sameTable(t *testing.T, got, want arrow.Table) {
	t.Helper()
	if got.NumCols() != want.NumCols() || got.NumRows() != want.NumRows() {
		t.Fatalf("got %d columns and %d rows, want %d and %d", got.NumCols(), got.NumRows(), want.NumCols(), want.NumRows())
	}
	for i := range int(want.NumCols()) {
		field, wanted := got.Schema().Field(i), want.Schema().Field(i)
		if field.Name != wanted.Name || field.Nullable != wanted.Nullable || !arrow.TypeEqual(field.Type, wanted.Type) {
			t.Errorf("column %d is %v, want %v", i, field, wanted)
			continue
		}
		if !array.ChunkedEqual(got.Column(i).Data(), want.Column(i).Data()) {
			t.Errorf("column %s has other values than were written", field.Name)
		}
	}
}

// TestSameRowsSameBytes: all bytes before the footer depend on the rows only, and the whole
// file on the rows and the stamp. Replays are checked by it.
func TestSameRowsSameBytes(t *testing.T) {
	t.Parallel()
	const rows = batchRows + 17
	first := write(t, schema.Bills, rows, billAt, stamp)
	for range 4 {
		if again := write(t, schema.Bills, rows, billAt, stamp); again.SHA256 != first.SHA256 {
			t.Fatal("the same rows and stamp gave another file")
		}
	}
	later := write(t, schema.Bills, rows, billAt, Stamp{Generation: 2, WriteID: "01JDOTHER"})
	if later.RowsSHA256 != first.RowsSHA256 || later.SHA256 == first.SHA256 {
		t.Errorf("another stamp must change the footer and nothing else: rows %s and %s, files %s and %s",
			first.RowsSHA256, later.RowsSHA256, first.SHA256, later.SHA256)
	}
	changed := write(t, schema.Bills, rows, func(i int) schema.Bill {
		b := billAt(i)
		if i == rows-1 {
			b.Amounts[schema.Pay] = schema.Some(b.Amounts[schema.Pay].V + 1)
		}
		return b
	}, stamp)
	if changed.RowsSHA256 == first.RowsSHA256 {
		t.Error("one fen more gave the same hash of rows")
	}
}
