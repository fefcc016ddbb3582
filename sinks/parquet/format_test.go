package parquet

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"

	"billwalk/schema"
)

// readable are the physical and logical types that DuckDB, Athena, Trino and
// Spark read alike: there is no unsigned, INT96, decimal, float or null type.
var readable = map[schema.Type]string{
	schema.Int64:     "INT64 Int(bitWidth=64, isSigned=true)",
	schema.Int32:     "INT32 Int(bitWidth=32, isSigned=true)",
	schema.Text:      "BYTE_ARRAY String",
	schema.Timestamp: "INT64 Timestamp(isAdjustedToUTC=true, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)",
}

// checkFormat checks a file against what is promised of every file.
func checkFormat(t *testing.T, reader *file.Reader, columns []schema.Column, rows int) {
	t.Helper()
	if got := reader.MetaData().Schema.NumColumns(); got != len(columns) {
		t.Fatalf("the file has %d columns, want %d", got, len(columns))
	}
	for i, c := range columns {
		got, optional := reader.MetaData().Schema.Column(i), int16(1)
		if c.Required {
			optional = 0
		}
		equal(t, "name", got.Name(), c.Name)
		equal(t, "type of "+c.Name, fmt.Sprint(got.PhysicalType(), " ", got.LogicalType()), readable[c.Type])
		equal(t, "definition level of "+c.Name, got.MaxDefinitionLevel(), optional)
	}
	equal(t, "rows", reader.NumRows(), int64(rows))
	equal(t, "row groups", reader.NumRowGroups(), (rows+rowGroupRows-1)/rowGroupRows)
	for g := range reader.NumRowGroups() {
		checkRowGroup(t, reader, g)
	}
}

func checkRowGroup(t *testing.T, reader *file.Reader, g int) {
	t.Helper()
	group := reader.MetaData().RowGroup(g)
	if group.NumRows() > rowGroupRows {
		t.Errorf("row group %d has %d rows, more than %d", g, group.NumRows(), rowGroupRows)
	}
	pages, err := reader.GetPageIndexReader().RowGroup(g)
	if err != nil {
		t.Fatal(err)
	}
	for i := range group.NumColumns() {
		column, err := group.ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		where := fmt.Sprintf("row group %d, %s: ", g, column.PathInSchema())
		equal(t, where+"compression", column.Compression(), compress.Codecs.Zstd)
		if ok, err := column.StatsSet(); !ok || err != nil {
			t.Errorf("%sno statistics (%v)", where, err)
		}
		if index, err := pages.GetColumnIndex(i); index == nil || err != nil {
			t.Errorf("%sno column index (%v)", where, err)
		}
		if index, err := pages.GetOffsetIndex(i); index == nil || err != nil || len(index.GetPageLocations()) == 0 {
			t.Errorf("%sno offset index (%v)", where, err)
		}
	}
}
