package schema

import "testing"

// TestSameType: the names of a type in Hive's, Spark's, Trino's and DuckDB's words are one.
func TestSameType(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{
		{"string", "VARCHAR", "varchar"}, {"int", "INTEGER"}, {"bigint", "BIGINT"}, {"timestamp", "timestamp(3)", "TIMESTAMP"},
		{"array<string>", "array(varchar)", "ARRAY<STRING>"}, {"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"},
		{"array<struct<merchant_no:string,amount_fen:bigint>>", "array(row(merchant_no varchar, amount_fen bigint))", "ARRAY<STRUCT<merchant_no: STRING, amount_fen: BIGINT>>"},
	} {
		for _, name := range names {
			if !SameType(names[0], name) {
				t.Errorf("%s is not %s: %s, %s", name, names[0], plainType(name), plainType(names[0]))
			}
		}
	}
	for _, d := range Dialects {
		for _, c := range EngineColumns(d) {
			if c.Type == "" || c.Comment == "" || SameType(c.Type, "double") {
				t.Errorf("%s: %+v", d, c)
			}
		}
	}
}
