package billwalktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"billwalk/schema"
)

// RequireDuckDB skips the test where there is no duckdb command, unless the
// environment requires one.
func RequireDuckDB(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("duckdb"); err != nil {
		if os.Getenv("BILLWALK_REQUIRE_DUCKDB") != "" {
			t.Fatal("BILLWALK_REQUIRE_DUCKDB is set and there is no duckdb on the PATH")
		}
		t.Skip("no duckdb on the PATH: what DuckDB reads is not checked")
	}
}

// DuckDB runs SQL and decodes the last statement's rows. Numbers are asked for as
// text by the queries, so that none passes through a float.
func DuckDB[R any](t testing.TB, sql string) []R {
	t.Helper()
	var last json.RawMessage
	answers := json.NewDecoder(strings.NewReader(DuckDBText(t, "-json", sql)))
	for {
		if err := answers.Decode(&last); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("duckdb: %v", err)
		}
	}
	var rows []R
	if last == nil {
		return nil // no rows, no answer
	}
	if err := json.Unmarshal(last, &rows); err != nil {
		t.Fatalf("duckdb answered %.200s: %v", last, err)
	}
	return rows
}

// DuckDBText runs SQL and returns what DuckDB prints, in an output mode such as -csv.
func DuckDBText(t testing.TB, mode, sql string) string {
	t.Helper()
	RequireDuckDB(t)
	cmd := exec.Command("duckdb", "-no-init", "-bail", mode)
	cmd.Stdin = strings.NewReader(sql)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("duckdb: %v\n%s\n%s", err, errOut.String(), sql)
	}
	return out.String()
}

// TablesOf makes DuckDB tables of what a lake has published, but for optional ones, of which
// there may be no file.
func TablesOf(lake Place) string {
	sql := lake.Prelude
	for _, listed := range schema.Tables {
		table := listed.Describe()
		if table.Optional {
			continue
		}
		sql += fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT * FROM read_parquet('%s/%[1]s/*/*.parquet', hive_partitioning = true, hive_types = {'bill_date': DATE});\n", table.Name, lake.SQL)
	}
	return sql
}
