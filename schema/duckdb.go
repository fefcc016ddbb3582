package schema

import (
	"fmt"
	"strings"
)

// DuckDB returns SQL that creates two views of every table of the lake at the path, a folder
// or s3://bucket/prefix: one with the table's name, and the columns' documentation as
// comments, and one for people, in Chinese and yuan. The types are stated, never inferred. A
// column that a file of an earlier version lacks is NULL in its rows.
//
// DuckDB cannot create a view of a table without files. A lake of an earlier version, which
// did not have the table, needs one day published again.
func DuckDB(lake string) string {
	var sql strings.Builder
	sql.WriteString("-- Views of a billwalk lake for DuckDB. Amounts are signed int64 fen; sum(..._fen) is always right.\n" +
		"-- No files of a table? The lake is of an earlier billwalk: run or replay one day, which publishes all tables.\n")
	for _, t := range Tables {
		t.Describe().writeView(&sql, strings.TrimSuffix(lake, "/"))
	}
	sql.WriteString("\n-- The same for people: Chinese names, amounts in yuan (exact decimals), verdicts in the words of the trade.\n")
	for _, t := range Tables {
		t.Describe().writeLabelledView(&sql)
	}
	sql.WriteString(noteViews(strings.TrimSuffix(lake, "/")))
	return sql.String()
}

func (t Description) writeView(sql *strings.Builder, lake string) {
	fmt.Fprintf(sql, "\nCREATE OR REPLACE VIEW %s AS SELECT\n  bill_date", t.Name)
	for _, c := range t.Columns {
		fmt.Fprintf(sql, ",\n  %s::%s AS %s", c.Name, c.Type, c.Name)
	}
	sql.WriteString("\nFROM (\n  SELECT") // without rows, for columns that no file has
	separator := "\n    "
	for _, c := range t.Columns {
		if !c.Required {
			fmt.Fprintf(sql, "%sNULL::%s AS %s", separator, c.Type, c.Name)
			separator = ",\n    "
		}
	}
	fmt.Fprintf(sql, "\n  WHERE false\n  UNION ALL BY NAME\n  FROM read_parquet(%s, union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})\n);\n",
		quoteSQL(lake+"/"+t.Name+"/*/*.parquet"))
	fmt.Fprintf(sql, "COMMENT ON VIEW %s IS %s;\n", t.Name, quoteSQL(t.Doc))
	for _, c := range t.Columns {
		fmt.Fprintf(sql, "COMMENT ON COLUMN %s.%s IS %s;\n", t.Name, c.Name, quoteSQL(c.describe()))
	}
}

func (t Description) writeLabelledView(sql *strings.Builder) {
	fmt.Fprintf(sql, "\nCREATE OR REPLACE VIEW \"%s\" AS SELECT\n  bill_date AS \"账单日期\"", t.Label)
	for _, c := range t.Columns {
		value, label := c.Name, c.Label
		switch {
		case c.Unit == "fen":
			value, label = yuan(c.Name), label+"(元)"
		case t.Name == Reconciliations.Name && c.Name == "verdict":
			value = chineseVerdict()
		case t.Name == Exceptions.Name && c.Name == "severity":
			value = chineseSeverity()
		}
		fmt.Fprintf(sql, ",\n  %s AS \"%s\"", value, label)
		if c.Codes != nil {
			fmt.Fprintf(sql, ",\n  %s AS \"%s含义\"", c.Codes.ChineseSQL(c.Name), label)
		}
	}
	fmt.Fprintf(sql, "\nFROM %s;\n", t.Name)
}

// yuan returns the SQL that converts a column of fen, without floating point. int64 has 19
// digits.
func yuan(column string) string {
	return "(" + column + "::DECIMAL(19,0) * 0.01)::DECIMAL(18,2)"
}

// chineseVerdict returns the SQL of Reconciliation.Label.
func chineseVerdict() string {
	var sql strings.Builder
	sql.WriteString("CASE verdict")
	for _, v := range Verdicts {
		label := quoteSQL(v.Label())
		switch v {
		case Mismatched:
			label = fmt.Sprintf("CASE sign(diff_total_fen) WHEN 1 THEN %s WHEN -1 THEN %s WHEN 0 THEN %s ELSE %s END",
				quoteSQL(labelOver), quoteSQL(labelUnder), quoteSQL(labelOtherLeg), label)
		case NotApplicable:
			label = fmt.Sprintf("CASE WHEN list_contains(reasons, %s) THEN %s ELSE %s END", quoteSQL(ReasonNoKey), quoteSQL(labelNoKey), label)
		}
		fmt.Fprintf(&sql, "\n    WHEN %s THEN %s", quoteSQL(string(v)), label)
	}
	sql.WriteString(" END")
	return sql.String()
}

// chineseSeverity returns the SQL of Severity.Label.
func chineseSeverity() string {
	return fmt.Sprintf("CASE severity WHEN %s THEN %s WHEN %s THEN %s END", quoteSQL(string(SeverityError)), quoteSQL(SeverityError.Label()),
		quoteSQL(string(SeverityWarning)), quoteSQL(SeverityWarning.Label()))
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
