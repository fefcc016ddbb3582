package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"billwalk/schema"
)

// names is a table with one column of any text.
var names = schema.Table[schema.Bill]{Name: "bills", Fields: []schema.Field[schema.Bill]{*schema.Bills.Column("group_name")}}

// bomb writes a small file in which all rows have the same value, which the dictionary holds
// once.
func bomb(t *testing.T, value string, rows int) []byte {
	t.Helper()
	text := array.NewStringBuilder(memory.DefaultAllocator)
	text.Append(value)
	index := array.NewInt32Builder(memory.DefaultAllocator)
	index.AppendValues(make([]int32, rows), nil)
	kind := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	columns := arrow.NewSchema([]arrow.Field{{Name: "group_name", Type: kind, Nullable: true}}, nil)
	batch := array.NewRecordBatch(columns, []arrow.Array{array.NewDictionaryArray(kind, index.NewArray(), text.NewArray())}, int64(rows))
	var out bytes.Buffer
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithStats(false), parquet.WithDictionaryPageSizeLimit(math.MaxInt32))
	w, err := pqarrow.NewFileWriter(columns, &out, properties, pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(batch), w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readAll reads all rows, and returns how much memory was allocated, freed or not.
func readAll[R any](table schema.Table[R], from parquet.ReaderAtSeeker) (rows int, taken uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, err = range Read(table, from) {
		if err != nil {
			break
		}
		rows++
	}
	runtime.ReadMemStats(&after)
	return rows, after.TotalAlloc - before.TotalAlloc, err
}

// TestBombs: a file of some KB that decompresses to gigabytes is an error in its first batch
// of rows. The test is not parallel, because it measures memory.
func TestBombs(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"a value in every row": {bomb(t, strings.Repeat("a", 256<<10), batchRows), errMemory.Error()},
		"a page":               {bomb(t, strings.Repeat("a", maxPage+1), 1), "exceeds configured limit"},
	} {
		if len(c.content) > 100<<10 {
			t.Fatalf("%s: the file has %d bytes", name, len(c.content))
		}
		rows, taken, err := readAll(names, bytes.NewReader(c.content))
		if err == nil || !strings.Contains(err.Error(), c.want) || rows > 0 {
			t.Errorf("%s: %d rows, %v", name, rows, err)
		}
		if taken > 2*maxMemory {
			t.Errorf("%s: %d MiB were taken", name, taken>>20)
		}
	}
	if rows, _, err := readAll(names, bytes.NewReader(bomb(t, strings.Repeat("a", 16<<10), batchRows))); err != nil || rows != batchRows {
		t.Errorf("16 KB in every row: %d rows, %v; want them read", rows, err)
	}
}

// TestBudget: wherever the memory is used up, also in lists, whose columns the library reads
// concurrently, the result is an error and the program continues.
func TestBudget(t *testing.T) {
	t.Parallel()
	from := write(t, schema.Settlements, 5000, settlementAt, stamp).Body()
	failed, whole := 0, 0
	for limit := int64(1); limit < 64<<20; limit += limit/8 + 1 {
		rows := 0
		for _, err := range readWithin(schema.Settlements, from, memory.NewGoAllocator(), limit, nil) {
			if err == nil {
				rows++
				continue
			}
			if !errors.Is(err, errMemory) {
				t.Fatalf("%d bytes: %v", limit, err)
			}
			failed++
		}
		if rows == 5000 {
			whole++
		}
	}
	if failed < 50 || whole < 5 {
		t.Errorf("%d readings failed, %d read all", failed, whole)
	}
}

// forged returns a file of bills with a changed footer.
func forged(t *testing.T, content []byte, change func(m *metadata.FileMetaData)) []byte {
	t.Helper()
	pages, err := file.NewParquetReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	change(pages.MetaData())
	var footer bytes.Buffer
	if _, err := pages.MetaData().WriteTo(&footer, nil); err != nil {
		t.Fatal(err)
	}
	old := int(binary.LittleEndian.Uint32(content[len(content)-8:]))
	forged := append(bytes.Clone(content[:len(content)-8-old]), footer.Bytes()...)
	forged = binary.LittleEndian.AppendUint32(forged, uint32(footer.Len()))
	return append(forged, "PAR1"...)
}

// TestFooterClaims: a footer that claims more than its file has is an error, and takes no
// memory.
func TestFooterClaims(t *testing.T) {
	written := write(t, schema.Bills, 100, billAt, stamp)
	content, err := io.ReadAll(written.Body())
	if err != nil {
		t.Fatal(err)
	}
	if rows, _, err := readAll(schema.Bills, bytes.NewReader(forged(t, content, func(*metadata.FileMetaData) {}))); err != nil || rows != 100 {
		t.Fatalf("as it was: %d rows, %v", rows, err)
	}
	const tera = 1 << 40
	for name, change := range map[string]func(m *metadata.FileMetaData){
		"the size of a column":      func(m *metadata.FileMetaData) { m.RowGroups[0].Columns[3].MetaData.TotalCompressedSize = tera },
		"a size that wraps":         func(m *metadata.FileMetaData) { m.RowGroups[0].Columns[3].MetaData.TotalCompressedSize = math.MaxInt64 },
		"a negative size":           func(m *metadata.FileMetaData) { m.RowGroups[0].Columns[3].MetaData.TotalCompressedSize = -1 },
		"where a column begins":     func(m *metadata.FileMetaData) { m.RowGroups[0].Columns[3].MetaData.DataPageOffset = tera },
		"a column before the file":  func(m *metadata.FileMetaData) { m.RowGroups[0].Columns[3].MetaData.DataPageOffset = -tera },
		"the rows of the file":      func(m *metadata.FileMetaData) { m.NumRows = tera },
		"the rows of a group":       func(m *metadata.FileMetaData) { m.RowGroups[0].NumRows = tera },
		"the rows of both":          func(m *metadata.FileMetaData) { m.NumRows, m.RowGroups[0].NumRows = tera, tera },
		"fewer rows than none":      func(m *metadata.FileMetaData) { m.NumRows, m.RowGroups[0].NumRows = -1, -1 },
		"a column that is missing":  func(m *metadata.FileMetaData) { m.RowGroups[0].Columns = m.RowGroups[0].Columns[1:] },
		"a column without its data": func(m *metadata.FileMetaData) { m.RowGroups[0].Columns[3].MetaData = nil },
		"all columns as one": func(m *metadata.FileMetaData) {
			for _, c := range m.RowGroups[0].Columns {
				c.MetaData.TotalCompressedSize = int64(len(content)) / 2
			}
		},
	} {
		bad := forged(t, content, change)
		_, taken, err := readAll(schema.Bills, bytes.NewReader(bad))
		if err == nil || taken > 64<<20 {
			t.Errorf("%s: %v, after %d MiB", name, err, taken>>20)
		}
	}
	// A list in the footer that claims 100 million elements; the library allows 2^27. It
	// takes address space, which is not used.
	huge := []byte{0x15, 4, 0x19, 0xfc, 0xff, 0xff, 0xff, 0x2f} // version 2; schema: list of structs
	bad := append([]byte("PAR1"), huge...)
	bad = binary.LittleEndian.AppendUint32(bad, uint32(len(huge)))
	_, taken, err := readAll(schema.Bills, bytes.NewReader(append(bad, "PAR1"...)))
	if err == nil || taken > 1<<30 {
		t.Errorf("a list: %v, after %d MiB", err, taken>>20)
	}
}

// FuzzRead: a file with changed bytes is an error or has rows, and never a panic.
func FuzzRead(f *testing.F) {
	w := NewWriter(schema.Settlements, "v1.2.3", fileIn(f.TempDir()))
	defer w.Close()
	for i := range 50 {
		row := settlementAt(i)
		if err := w.Append(&row); err != nil {
			f.Fatal(err)
		}
	}
	written, err := w.Finish(stamp)
	if err != nil {
		f.Fatal(err)
	}
	content, err := io.ReadAll(written.Body())
	if err != nil {
		f.Fatal(err)
	}
	for at := range 40 {
		f.Add(len(content)*at/40, []byte{0xff, 0xff, 0x7f})
	}
	f.Fuzz(func(t *testing.T, at int, other []byte) {
		changed := bytes.Clone(content)
		copy(changed[min(max(at, 0), len(changed)):], other)
		rows := 0
		for _, err := range Read(schema.Settlements, bytes.NewReader(changed)) {
			if rows++; err != nil || rows > 1000 {
				break
			}
		}
		_, _ = ReadStamp(bytes.NewReader(changed))
		_, _ = Columns(schema.Settlements, bytes.NewReader(changed))
	})
}
