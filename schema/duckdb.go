package schema

import (
	"fmt"
	"strings"
)

// Description is a table without its rows: what documents and DDL need.
type Description struct {
	Name, Doc string
	Columns   []Column
}

// Tables describes the published tables.
func Tables() []Description {
	return []Description{
		{Bills.Name, Bills.Doc, Bills.Columns()},
		{Exceptions.Name, Exceptions.Doc, Exceptions.Columns()},
	}
}

// DuckDB returns SQL that makes a view of every table of the lake at the path,
// a folder or s3://bucket/prefix, with the columns' documentation as comments.
// The types are stated, never inferred.
func DuckDB(lake string) string {
	var sql strings.Builder
	sql.WriteString("-- Views of a billwalk lake for DuckDB. Amounts are signed int64 fen; sum(..._fen) is always right.\n")
	for _, t := range Tables() {
		fmt.Fprintf(&sql, "\nCREATE OR REPLACE VIEW %s AS SELECT\n  bill_date", t.Name)
		for _, c := range t.Columns {
			fmt.Fprintf(&sql, ",\n  %s::%s AS %s", c.Name, c.Type, c.Name)
		}
		fmt.Fprintf(&sql, "\nFROM read_parquet(%s, hive_partitioning = true, hive_types = {'bill_date': DATE});\n",
			quoteSQL(strings.TrimSuffix(lake, "/")+"/"+t.Name+"/*/*.parquet"))
		fmt.Fprintf(&sql, "COMMENT ON VIEW %s IS %s;\n", t.Name, quoteSQL(t.Doc))
		for _, c := range t.Columns {
			fmt.Fprintf(&sql, "COMMENT ON COLUMN %s.%s IS %s;\n", t.Name, c.Name, quoteSQL(c.describe()))
		}
	}
	return sql.String()
}

// describe returns the column's documentation in one line.
func (c Column) describe() string {
	text := c.Doc
	if c.Source != "" {
		text += "; from " + c.Source
	}
	if c.Unit != "" {
		text += "; signed " + c.Unit
	}
	return text
}

func quoteSQL(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Markdown returns the column tables of the README.
func Markdown() string {
	var md strings.Builder
	for _, t := range Tables() {
		fmt.Fprintf(&md, "**%s**: %s\n\n| column | type | null | from | what |\n|---|---|---|---|---|\n", t.Name, t.Doc)
		for _, c := range t.Columns {
			null := "yes"
			if c.Required {
				null = "never"
			}
			fmt.Fprintf(&md, "| `%s` | %s | %s | %s | %s |\n", c.Name, c.Type, null, code(c.Source), c.Doc)
		}
		md.WriteString("\n")
	}
	return md.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
