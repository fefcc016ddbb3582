package schema

import (
	"fmt"
	"strings"
)

// Dialect is a dialect of SQL that tables, views and queries are printed in.
type Dialect string

const (
	DuckDBDialect Dialect = "duckdb"
	Spark         Dialect = "spark"
	Trino         Dialect = "trino"
	Athena        Dialect = "athena" // Trino's, but for CREATE TABLE, which is Hive's
)

// Dialects are all of them, as the command line names them.
var Dialects = []Dialect{DuckDBDialect, Spark, Trino, Athena}

// quoteName returns a name as an identifier, in quotes where it needs them.
func (d Dialect) quoteName(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == "" {
		return name
	}
	if d == Spark {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}

// text is the type of text without a maximum length.
func (d Dialect) text() string {
	if d == Spark {
		return "STRING"
	}
	return "VARCHAR"
}

// unit returns a column's label with the unit of its values. Only DuckDB takes brackets in
// the names of columns everywhere.
func (d Dialect) unit(label, unit string) string {
	if d == DuckDBDialect {
		return label + "(" + unit + ")"
	}
	return d.label(label) + "_" + unit
}

// label returns a label as the name of a column: letters and underscores, but for DuckDB.
func (d Dialect) label(label string) string {
	if d == DuckDBDialect {
		return label
	}
	return strings.TrimSuffix(strings.NewReplacer("、", "_", "(", "_", ")", "").Replace(label), "_")
}

// joinWords returns the SQL of the values of an expression of r, over the items r of a list, in
// one text; if distinct, each once and sorted, as DuckDB keeps no order.
func (d Dialect) joinWords(list, expression string, distinct bool) string {
	each, once, joined := "transform(%s, r -> %s)", "array_sort(array_distinct(%s))", "array_join(%s, '；')"
	if d == DuckDBDialect {
		each, once, joined = "list_transform(%s, lambda r: %s)", "list_sort(list_distinct(%s))", "array_to_string(%s, '；')"
	}
	words := fmt.Sprintf(each, list, expression)
	if distinct {
		words = fmt.Sprintf(once, words)
	}
	return fmt.Sprintf(joined, words)
}

// contains returns the SQL of whether a list has a text.
func (d Dialect) contains(list, text string) string {
	function := "contains"
	switch d {
	case DuckDBDialect:
		function = "list_contains"
	case Spark:
		function = "array_contains"
	}
	return fmt.Sprintf("%s(%s, %s)", function, list, quoteSQL(text))
}

// yuan returns the SQL that converts a column of fen, without floating point. int64 has 19
// digits: where a decimal that is too long would be NULL and no error, all of them have room.
func (d Dialect) yuan(column string) string {
	if d == DuckDBDialect {
		return "(" + column + "::DECIMAL(19,0) * 0.01)::DECIMAL(18,2)"
	}
	return "CAST(CAST(" + column + " AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2))"
}

// chinaTime returns the SQL of the wall clock in UTC+8 at an instant, whatever the time zone
// of the session. Trino and Athena have the instant as a wall clock in UTC.
func (d Dialect) chinaTime(column string) string {
	switch d {
	case DuckDBDialect:
		return "timezone('Asia/Shanghai', " + column + ")"
	case Spark:
		return "TIMESTAMP_NTZ '1970-01-01 08:00:00' + make_dt_interval(0, 0, 0, CAST(unix_micros(" + column + ") * 0.000001 AS DECIMAL(18, 6)))"
	}
	return column + " + INTERVAL '8' HOUR"
}

// instant returns the SQL of the time that a text of RFC 3339 names, as the tables have times.
func (d Dialect) instant(text string) string {
	switch d {
	case DuckDBDialect:
		return cast(text, "TIMESTAMPTZ")
	case Spark:
		return cast(text, "TIMESTAMP")
	}
	return cast("from_iso8601_timestamp("+text+") AT TIME ZONE 'UTC'", "timestamp(3)")
}

// daysBetween returns the SQL of how many days one date is before another.
func (d Dialect) daysBetween(from, to string) string {
	unit := "'day'"
	if d == Spark {
		unit = "DAY"
	}
	return "date_diff(" + unit + ", " + from + ", " + to + ")"
}

// nameForPeople is the name of a view for people. Metastores take no Chinese names of tables.
func (d Dialect) nameForPeople(name, label string) string {
	if d == DuckDBDialect {
		return d.quoteName(label)
	}
	return name + "_zh"
}

// cast returns the SQL of a value in a type.
func cast(value, kind string) string { return "CAST(" + value + " AS " + kind + ")" }
