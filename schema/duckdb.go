package schema

import (
	"fmt"
	"strings"
)

// DuckDB returns SQL that creates two views of every table of the lake at the path, a folder
// or s3://bucket/prefix: one with the table's name, and the columns' documentation as
// comments, and one for people, in Chinese and yuan. The view units has the accounts and days
// of the manifests. The types are stated, never inferred. A column that a file of an earlier
// version lacks is NULL in its rows.
//
// DuckDB cannot create a view of a table without files. A lake of an earlier version, which
// did not have the table, needs one day published again. The view of an optional table that is
// absent, of which the lake has no file, is a typed one without rows.
func DuckDB(lake string, absent ...string) string {
	return lakeFiles{lake: strings.TrimSuffix(lake, "/"), absent: absent}.views()
}

// views returns the SQL of all views.
func (f lakeFiles) views() string {
	var sql strings.Builder
	sql.WriteString("-- Views of a billwalk lake for DuckDB. Amounts are signed int64 fen; sum(..._fen) is always right.\n" +
		"-- No files of a table? The lake is of an earlier billwalk: run or replay one day, which publishes all tables.\n")
	for _, t := range Tables {
		t.Describe().writeView(&sql, f.source(t.Describe()))
	}
	writeViews(&sql, DuckDBDialect, f)
	return sql.String()
}

// writeView writes the view of a table, of what source reads; without it, it has no rows.
func (t Description) writeView(sql *strings.Builder, source string) {
	absent := source == ""
	if absent {
		fmt.Fprintf(sql, "\n-- The lake has no file of %s yet: once it has, print these views again.", t.Name)
	}
	fmt.Fprintf(sql, "\nCREATE OR REPLACE VIEW %s AS SELECT\n  bill_date", t.Name)
	for _, c := range t.Columns {
		fmt.Fprintf(sql, ",\n  %s::%s AS %s", c.Name, c.Type, c.Name)
	}
	sql.WriteString("\nFROM (\n  SELECT") // without rows, for columns that no file has
	separator := "\n    "
	if absent {
		sql.WriteString(separator + "NULL::DATE AS bill_date")
		separator = ",\n    "
	}
	for _, c := range t.Columns {
		if absent || !c.Required {
			fmt.Fprintf(sql, "%sNULL::%s AS %s", separator, c.Type, c.Name)
			separator = ",\n    "
		}
	}
	sql.WriteString("\n  WHERE false\n")
	if !absent {
		sql.WriteString("  UNION ALL BY NAME\n" + source)
	}
	sql.WriteString(");\n")
	t.writeComments(sql)
}

func (t Description) writeComments(sql *strings.Builder) {
	fmt.Fprintf(sql, "COMMENT ON VIEW %s IS %s;\n", t.Name, quoteComment(t.ChineseDoc+" / "+t.Doc))
	fmt.Fprintf(sql, "COMMENT ON COLUMN %s.bill_date IS %s;\n", t.Name, quoteComment(dayComment))
	for _, c := range t.Columns {
		fmt.Fprintf(sql, "COMMENT ON COLUMN %s.%s IS %s;\n", t.Name, c.Name, quoteComment(c.comment()))
	}
}

// describe returns the column's documentation in one line.
func (c Column) describe() string {
	text := c.Doc
	if c.Codes != nil {
		text += ": " + c.Codes.String()
	}
	if c.Source != "" {
		text += "; from " + c.Source
	}
	if c.Unit != "" {
		text += "; signed " + c.Unit
	}
	return text
}
