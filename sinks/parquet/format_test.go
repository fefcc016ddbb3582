package parquet

import (
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"billwalk/schema"
)

// leaf is one Parquet column of a table's column.
type storedLeaf struct {
	below  string // its path below the column's
	stored string // physical and logical type
}

// readable lists the types that DuckDB, Athena, Trino and Spark all read: no unsigned,
// INT96, decimal, float or null type. Lists have three levels.
var readable = map[schema.Type][]storedLeaf{
	schema.Int64:     {{"", "INT64 Int(bitWidth=64, isSigned=true)"}},
	schema.Int32:     {{"", "INT32 Int(bitWidth=32, isSigned=true)"}},
	schema.Bool:      {{"", "BOOLEAN None"}},
	schema.Text:      {{"", "BYTE_ARRAY String"}},
	schema.Timestamp: {{"", "INT64 Timestamp(isAdjustedToUTC=true, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)"}},
	schema.Texts:     {{".list.element", "BYTE_ARRAY String"}},
	schema.ShareList: {{".list.element.merchant_no", "BYTE_ARRAY String"}, {".list.element.amount_fen", "INT64 Int(bitWidth=64, isSigned=true)"}},
}

// checkFormat checks what every file promises.
func checkFormat(t *testing.T, reader *file.Reader, columns []schema.Column, rows int) {
	t.Helper()
	var got, want []string
	for _, c := range reader.MetaData().Schema.Columns() {
		got = append(got, fmt.Sprint(c.Path(), " ", c.PhysicalType(), " ", c.LogicalType(), " ", c.MaxDefinitionLevel(), c.MaxRepetitionLevel()))
	}
	for _, c := range columns {
		for _, l := range readable[c.Type] {
			defined, repeated := 1, 0
			if c.Required {
				defined = 0
			}
			if l.below != "" { // what is in a list is never NULL
				defined, repeated = defined+1, 1
			}
			want = append(want, fmt.Sprint(c.Name, l.below, " ", l.stored, " ", defined, repeated))
		}
	}
	equal(t, "columns", got, want)
	if version, _ := parseCreatedBy(t, reader.MetaData().GetCreatedBy()); version != "1.2.3" {
		t.Errorf("created by version %s", version)
	}
	equal(t, "rows", reader.NumRows(), int64(rows))
	equal(t, "row groups", reader.NumRowGroups(), (rows+RowGroup-1)/RowGroup)
	for g := range reader.NumRowGroups() {
		checkRowGroup(t, reader, g, columns)
	}
}

func checkRowGroup(t *testing.T, reader *file.Reader, g int, columns []schema.Column) {
	t.Helper()
	group := reader.MetaData().RowGroup(g)
	if group.NumRows() > RowGroup {
		t.Errorf("row group %d has %d rows, more than %d", g, group.NumRows(), RowGroup)
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
		c := columns[slices.IndexFunc(columns, func(c schema.Column) bool { return c.Name == column.PathInSchema()[0] })]
		checkDictionary(t, where, column, c)
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

// checkDictionary: what repeats has a dictionary, unless that were too large, and other texts
// have none. Amounts have one if there are few different ones.
func checkDictionary(t *testing.T, where string, chunk *metadata.ColumnChunkMetaData, c schema.Column) {
	t.Helper()
	switch repeats := c.Layout == schema.Repeating && c.Type != schema.Bool; {
	case repeats && !chunk.HasDictionaryPage() && chunk.TotalUncompressedSize() < 1<<20:
		t.Errorf("%sno dictionary", where)
	case !repeats && chunk.HasDictionaryPage() && chunk.Type() != parquet.Types.Int64:
		t.Errorf("%sa dictionary of values that do not repeat", where)
	}
}
