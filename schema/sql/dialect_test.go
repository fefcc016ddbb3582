package sql_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"billwalk/schema"
	"billwalk/schema/sql"
)

// foreign are constructs that a dialect does not have.
var foreign = map[schema.Dialect]*regexp.Regexp{
	// These are of DuckDB alone. The queries do without them, so that there is little to translate.
	schema.DuckDBDialect: regexp.MustCompile(`::|\blist_|FILTER \([^W]|BY NAME|\(FROM |^\s*FROM \w+$\n\s*UNION|\bleft\(|\bsign\(`),
	schema.Spark:         regexp.MustCompile(`\bVARCHAR\b|'day'|\bARRAY\[|\barray_slice|\btimezone\('|//|TEMP TABLE|strlen`),
	schema.Trino:         regexp.MustCompile(`\bTEMP\b|\bSTRING\b|\barray_slice|\barray_contains|\btimezone\('|//|div |strlen`),
	schema.Athena:        regexp.MustCompile(`\bTEMP\b|\bSTRING\b|\barray_slice|\barray_contains|\btimezone\('|//|div |strlen`),
}

var comment = regexp.MustCompile(`--.*`)

// TestDialects: every saved query is made of statements in every dialect, each ended by a
// semicolon at the end of a line and nowhere else, without what the dialect does not have.
func TestDialects(t *testing.T) {
	t.Parallel()
	for _, dialect := range schema.Dialects {
		for _, name := range sql.Names() {
			query, known := sql.SavedIn(name, string(dialect), sql.Settings{LookbackDays: 7, Configured: true})
			code := comment.ReplaceAllString(query, "")
			if !known || strings.Count(code, ";") != strings.Count(query, ";\n") || !strings.HasSuffix(query, ";\n") {
				t.Errorf("%s for %s has a semicolon that does not end a line, or no end", name, dialect)
			}
			for _, of := range []schema.Dialect{schema.DuckDBDialect, dialect} {
				if found := foreign[of].FindString(code); found != "" {
					t.Errorf("%s for %s has %q", name, dialect, found)
				}
			}
		}
	}
}

// TestDays: the days that are reconciled limit what is read, to what their lookback reaches.
func TestDays(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	query := sql.Reconcile(sql.Settings{LookbackDays: 7, From: day, To: day.AddDate(0, 0, 1)})
	for _, table := range []string{"bills", "settlements"} {
		want := "SELECT *, bill_date >= DATE '2026-11-20' AND bill_date <= DATE '2026-11-21' AS is_target," +
			" bill_date >= DATE '2026-10-30' AND bill_date <= DATE '2026-12-12' AS is_read FROM " + table + ";\n"
		if !strings.Contains(query, want) {
			t.Errorf("not in the query: %s", want)
		}
	}
}
