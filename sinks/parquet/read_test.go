package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/schema"
)

// TestRead: of every table, for numbers of rows around every limit, the rows that were
// written are read.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, batchRows, batchRows + 1, RowGroup + 1} {
		if race.Detector && rows > RowGroup {
			continue // TestReadFails has two row groups
		}
		checkRead(t, schema.Settlements, rows, settlementAt)
	}
	checkRead(t, schema.Bills, batchRows+1, billAt)
	checkRead(t, schema.Reconciliations, 1000, reconciliationAt)
	checkRead(t, schema.Exceptions, 1000, exceptionAt)
	checkRead(t, schema.Restatements, 1000, restatementAt)
}

func checkRead[R any](t *testing.T, table schema.Table[R], rows int, rowAt func(int) R) {
	t.Run(fmt.Sprint(table.Name, "/", rows), func(t *testing.T) {
		t.Parallel()
		file := write(t, table, rows, rowAt, stamp)
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		i := 0
		for got, err := range read(table, file.Body(), mem, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if want := rowAt(i); !reflect.DeepEqual(*got, want) {
				t.Fatalf("row %d (-want +got):\n%s", i, cmp.Diff(want, *got))
			}
			i++
		}
		equal(t, "rows", i, rows)
		checkReleased(t, table, mem)
	})
}

// checkReleased checks that all memory was released, except buffers of 64 bytes that the
// library's decoders of texts without a dictionary leave to the garbage collector, at most two
// for each page.
func checkReleased[R any](t *testing.T, table schema.Table[R], mem *memory.CheckedAllocator) {
	t.Helper()
	left := 0
	for _, c := range table.Columns() {
		if c.Layout != schema.Repeating {
			left += 2 * 64 * 4
		}
	}
	if got := mem.CurrentAlloc(); got > left {
		t.Errorf("%d bytes are not given back, want at most %d", got, left)
	}
}

// TestReadColumns: only the named columns are set, in any order of their names.
func TestReadColumns(t *testing.T) {
	t.Parallel()
	file := write(t, schema.Settlements, 100, settlementAt, stamp)
	i := 0
	for got, err := range Read(schema.Settlements, file.Body(), "shares", "settle_amount_fen", "settle_id") {
		if err != nil {
			t.Fatal(err)
		}
		all := settlementAt(i)
		equal(t, fmt.Sprint("row ", i), *got, schema.Settlement{SettleID: all.SettleID, Amount: all.Amount, Shares: all.Shares})
		i++
	}
	equal(t, "rows", i, 100)
}

// counting counts the bytes that are read.
type counting struct {
	*io.SectionReader
	bytes atomic.Int64
}

func (c *counting) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.SectionReader.ReadAt(p, at)
	c.bytes.Add(int64(n))
	return n, err
}

// TestReadsNoOtherColumns: the bytes of other columns are not read.
func TestReadsNoOtherColumns(t *testing.T) {
	t.Parallel()
	file := write(t, schema.Bills, 2*batchRows, billAt, stamp)
	body := &counting{SectionReader: file.Body()}
	for _, err := range Read(schema.Bills, body, "ledger_id", "goods_fen") {
		if err != nil {
			t.Fatal(err)
		}
	}
	if read := body.bytes.Load(); read > file.Bytes/10 {
		t.Errorf("2 columns of %d took %d of %d bytes", len(schema.Bills.Fields), read, file.Bytes)
	}
}

// TestReadStopsEarly: a reader that stops early leaves nothing behind, and may keep the
// values.
func TestReadStopsEarly(t *testing.T) {
	t.Parallel()
	file := write(t, schema.Settlements, batchRows+10, settlementAt, stamp)
	for _, stop := range []int{0, 4, batchRows - 1, batchRows} {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		var kept schema.Settlement
		i := 0
		for row, err := range read(schema.Settlements, file.Body(), mem, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if kept = *row; i == stop {
				break
			}
			i++
		}
		checkReleased(t, schema.Settlements, mem)
		equal(t, "the last row", kept, settlementAt(stop))
	}
}

// TestReadRefuses: a column of another type than the table's is an error before the first
// row, with the column and the file's writer. So is a column that only the file has, or that
// only the table has and is not optional.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	bills := schema.Bills
	for _, row := range []struct {
		name, want string
		file       schema.Table[schema.Bill]
		columns    []string
	}{
		{"one that the file lacks", "column ledger_id: the file lacks it", without(bills, "ledger_id"), []string{"account_id"}},
		{"one of another type", "column pay_fen: the file has it as utf8, this version's table bills as int64",
			with(without(bills, "pay_fen"), "pay_fen", "group_name"), []string{"pay_fen"}},
		{"one that may be NULL and must not", "column archive_key: it may be NULL in the file",
			with(without(bills, "archive_key"), "archive_key", "group_name"), nil},
		{"one that the table lacks", "the table has no column bill_date", bills, []string{"bill_date"}},
		{"one that only the file has", "column added_later: the file has it (int64), this version's table bills does not",
			with(bills, "added_later", "goods_fen"), []string{"account_id"}},
	} {
		body := write(t, row.file, 3, billAt, stamp).Body()
		checkRefused(t, row.name, body, "bills: "+row.want, row.columns)
		for _, err := range Read(schema.Bills, body, row.columns...) {
			var other *ColumnError
			if errors.As(err, &other) && !strings.HasPrefix(other.CreatedBy, "billwalk version 1.2.3 (build ") {
				t.Errorf("%s: it says that the writer was %q", row.name, other.CreatedBy)
			}
		}
	}
	checkRefused(t, "no Parquet file", bytes.NewReader([]byte("not a Parquet file")), "bills: ", nil)
	checkRefused(t, "an empty file", bytes.NewReader(nil), "bills: ", nil)
}

// TestReadFails: a file that ends early, or cannot be read to its end, is an error and not a
// shorter table.
func TestReadFails(t *testing.T) {
	t.Parallel()
	narrow := schema.Table[schema.Bill]{Name: "bills", Fields: schema.Bills.Fields[:2]}
	file := write(t, narrow, 2*RowGroup, func(i int) schema.Bill { return schema.Bill{LedgerID: fmt.Sprint(i)} }, stamp)
	for _, bytes := range []int64{0, 1, 11, 12, file.Bytes / 2, file.Bytes - 1} {
		for _, err := range Read(narrow, io.NewSectionReader(file.Body(), 0, bytes), "ledger_id") {
			if err == nil {
				t.Errorf("a row of a file that ends after %d of %d bytes", bytes, file.Bytes)
			}
			break
		}
	}
	body := breaking{SectionReader: file.Body(), from: secondGroup(t, file, "ledger_id")}
	body.to = body.from + 1
	n := 0
	var last error
	for _, last = range Read(narrow, body, "ledger_id") {
		if last != nil {
			break
		}
		n++
	}
	if !errors.Is(last, errDisk) || n != RowGroup {
		t.Errorf("%d rows, %v", n, last)
	}
}

var errDisk = errors.New("the disk is broken")

// breaking is a file that cannot be read at some of its bytes. It fails by place, because
// a reader reads ahead: what has been read when a row comes out is not known.
type breaking struct {
	*io.SectionReader
	from, to int64
}

func (b breaking) ReadAt(p []byte, at int64) (int, error) {
	if at < b.to && at+int64(len(p)) > b.from {
		return 0, errDisk
	}
	return b.SectionReader.ReadAt(p, at)
}

// secondGroup returns where a column of a file's second row group begins.
func secondGroup(t *testing.T, f File, column string) int64 {
	t.Helper()
	r, err := pqfile.NewParquetReader(f.Body())
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := r.MetaData().RowGroup(1).ColumnChunk(r.MetaData().Schema.ColumnIndexByName(column))
	if err != nil {
		t.Fatal(err)
	}
	if chunk.HasDictionaryPage() {
		return chunk.DictionaryPageOffset()
	}
	return chunk.DataPageOffset()
}

func checkRefused(t *testing.T, name string, body interface {
	io.ReaderAt
	io.Seeker
}, want string, columns []string) {
	t.Helper()
	var errs []error
	for row, err := range Read(schema.Bills, body, columns...) {
		if row != nil {
			t.Errorf("%s: a row", name)
		}
		errs = append(errs, err)
	}
	if len(errs) != 1 || errs[0] == nil || !strings.Contains(errs[0].Error(), want) {
		t.Errorf("%s: %v, want an error that says %q", name, errs, want)
	}
}

// read is Read with an allocator.
func read[R any](table schema.Table[R], file parquet.ReaderAtSeeker, mem memory.Allocator, columns []string) iter.Seq2[*R, error] {
	return typed[R](readWithin(table, file, mem, maxMemory, columns))
}
