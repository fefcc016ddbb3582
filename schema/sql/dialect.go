package sql

import (
	"regexp"
	"sync"
)

// A difference is a construct of DuckDB that another dialect writes in another way. Only what is
// in these lists, and what all dialects share, is used in the queries.
type difference struct {
	duckDB *regexp.Regexp
	other  string
}

// differences returns the list of a dialect, which is one of schema.Dialects.
func differences(dialect string) []difference {
	switch dialect {
	case "spark":
		return spark()
	case "trino", "athena":
		return trino()
	}
	return nil
}

var spark = sync.OnceValue(func() []difference {
	return []difference{
		// A cached view is no step: its plan is that of all steps before it, at each use.
		{regexp.MustCompile(`CREATE OR REPLACE TEMP TABLE (\w+) AS`), "DROP TABLE IF EXISTS $1;\nCREATE TABLE $1 USING parquet AS"},
		{regexp.MustCompile(`date_diff\('day',`), "date_diff(DAY,"},
		// convert_timezone would read the wall clock of the session's zone, which has an hour twice where summer time ends.
		{regexp.MustCompile(`timezone\('Asia/Shanghai', (\w+(\.\w+)?)\)`),
			"TIMESTAMP_NTZ '1970-01-01 08:00:00' + make_dt_interval(0, 0, 0, CAST(unix_micros($1) * 0.000001 AS DECIMAL(18, 6)))"},
		{regexp.MustCompile(`AS VARCHAR\)`), "AS STRING)"},
		{regexp.MustCompile(`ARRAY\[\]`), "CAST(array() AS ARRAY<STRING>)"},
		{regexp.MustCompile(`array_slice\(`), "slice("},
		{regexp.MustCompile(`strlen\(`), "octet_length("},
		{regexp.MustCompile(` // `), " div "},
	}
})

var trino = sync.OnceValue(func() []difference {
	return []difference{
		{regexp.MustCompile(`CREATE OR REPLACE TEMP VIEW`), "CREATE OR REPLACE VIEW"},
		{regexp.MustCompile(`CREATE OR REPLACE TEMP TABLE (\w+) AS`), "DROP TABLE IF EXISTS $1;\nCREATE TABLE $1 AS"},
		// The times of external tables are wall clocks in UTC.
		{regexp.MustCompile(`timezone\('Asia/Shanghai', (\w+(\.\w+)?)\)`), "($1 + INTERVAL '8' HOUR)"},
		{regexp.MustCompile(`array_contains\(`), "contains("},
		{regexp.MustCompile(`ARRAY\[\]`), "CAST(ARRAY[] AS ARRAY(VARCHAR))"},
		{regexp.MustCompile(`array_slice\(`), "slice("},
		{regexp.MustCompile(`strlen\((\w+)\)`), "length(to_utf8($1))"},
		{regexp.MustCompile(` // `), " / "},
	}
})

// sparkSettings go before a query for Spark. Without the first, sums of Spark 3 overflow silently.
const sparkSettings = "SET spark.sql.ansi.enabled = true;\n\n"

// translate returns statements of DuckDB in another dialect.
func translate(statements, dialect string) string {
	for _, d := range differences(dialect) {
		statements = d.duckDB.ReplaceAllString(statements, d.other)
	}
	if dialect == "spark" {
		return sparkSettings + statements
	}
	return statements
}
