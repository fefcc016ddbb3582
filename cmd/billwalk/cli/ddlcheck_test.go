package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"billwalk/schema"
)

// TestCheckEngine compares what engines say of the table stores, in the forms in which they say it.
func TestCheckEngine(t *testing.T) {
	t.Parallel()
	var right []schema.EngineColumn
	var others []string
	for _, c := range schema.EngineColumns(schema.Athena) {
		if c.Table == "stores" {
			right = append(right, c)
		} else if !slices.Contains(others, c.Table) {
			others = append(others, c.Table)
		}
	}
	unsaid := "not compared, as what was read does not name them: " + strings.Join(others, ", ") + "\n"
	csv, tsv, lines := "table_name,column_name,data_type,comment\n", "col_name\tdata_type\tcomment\n", ""
	for _, c := range right {
		csv += fmt.Sprintf("%s,%s,%s,%q\n", c.Table, c.Column, strings.Replace(c.Type, "string", "varchar", 1), c.Comment)
		tsv += c.Column + "\t" + c.Type + "\t" + c.Comment + "\n"
		lines += fmt.Sprintf("{\"Table_Name\": %q, \"Column\": %q, \"Type\": %q}\n", c.Table, c.Column, c.Type)
	}
	whole := unsaid + fmt.Sprintf("%d columns are as declared\n", len(right))
	for name, test := range map[string]struct{ input, table, want string }{
		"csv":      {csv, "", whole},
		"describe": {tsv, "stores", whole},
		"json":     {lines, "", whole},
		"a type":   {strings.Replace(csv, "poi_name,varchar", "poi_name,bigint", 1), "", "stores.poi_name: type bigint, want string\n" + unsaid},
		"missing":  {strings.Replace(tsv, "poi_id\t", "other\t", 1), "stores", "stores.poi_id: missing\n" + unsaid},
		"comment":  {strings.Replace(tsv, right[0].Comment, "?", 1), "stores", fmt.Sprintf("stores.%s: comment %q, want %q\n", right[0].Column, "?", right[0].Comment) + unsaid},
		"nothing":  {"col_name\n", "stores", ""},
	} {
		var out bytes.Buffer
		p := quiet(nil)
		p.out = &out
		err := p.checkEngine(t.Context(), schema.Athena, "", strings.NewReader(test.input), test.table)
		if out.String() != test.want || (err == nil) != (test.want == whole) {
			t.Errorf("%s: printed %q, %v; want %q", name, out.String(), err, test.want)
		}
	}
}

// TestCheckNeedsDuckDB: where the command is missing, ddl duckdb --check says so, and how to get it.
func TestCheckNeedsDuckDB(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := quiet(nil).checkEngine(t.Context(), schema.DuckDBDialect, "", nil, "")
	if err == nil || !strings.Contains(err.Error(), "not on the PATH: install it") {
		t.Errorf("without a duckdb command: %v", err)
	}
}

// TestReadableByDuckDB: a lake below a folder that DuckDB would take for a column is refused.
func TestReadableByDuckDB(t *testing.T) {
	t.Parallel()
	for place, readable := range map[string]bool{
		"s3://bucket/tenant=9/prod": true, "file:lake": true, "file:/srv/bill_dates/a=b": true,
		"s3://bucket/account_id=12": false, "file:Bill_Date=2026-01-01/lake": false, "s3://bucket/source=x/prod": false,
	} {
		if err := readableByDuckDB(place); (err == nil) != readable {
			t.Errorf("%s: %v", place, err)
		}
	}
}
