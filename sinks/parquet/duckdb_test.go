package parquet

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"billwalk/schema"
)

// TestDuckDBReadsTypes: DuckDB reads the columns with the types of the DDL, without being
// given them.
func TestDuckDBReadsTypes(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	for _, table := range []struct {
		columns []schema.Column
		file    File
	}{
		{schema.Bills.Columns(), write(t, schema.Bills, 10, billAt, stamp)},
		{schema.Settlements.Columns(), write(t, schema.Settlements, 10, settlementAt, stamp)},
		{schema.Reconciliations.Columns(), write(t, schema.Reconciliations, 10, reconciliationAt, stamp)},
		{schema.Exceptions.Columns(), write(t, schema.Exceptions, 10, exceptionAt, stamp)},
		{schema.Restatements.Columns(), write(t, schema.Restatements, 0, restatementAt, stamp)},
	} {
		var want []string
		for _, c := range table.columns {
			want = append(want, c.Name+"|"+strings.Replace(string(c.Type), "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", 1))
		}
		equal(t, "columns", duckDB(t, "SELECT column_name, column_type FROM (DESCRIBE FROM '"+table.file.file.Name()+"')"), want)
	}
}

// TestDuckDBReadsLists: a list is empty, NULL or has all its elements, across row groups.
func TestDuckDBReadsLists(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	const rows = RowGroup + 100
	settlements := write(t, schema.Settlements, rows, settlementAt, stamp)
	restatements := write(t, schema.Restatements, 10, restatementAt, stamp)
	var shares, columns []string
	for i := range rows {
		s, text := settlementAt(i), "NULL"
		if s.Shares.Valid {
			var each []string
			for _, share := range s.Shares.V {
				each = append(each, fmt.Sprint(share.MerchantNo, "=", int64(share.Amount)))
			}
			text = strings.Join(each, ",")
		}
		shares = append(shares, s.SettleID+"|"+text)
	}
	for i := range 10 {
		columns = append(columns, "#"+strings.Join(restatementAt(i).Columns, ","))
	}
	equal(t, "shares", duckDB(t, `SELECT settle_id, coalesce(array_to_string([s.merchant_no || '=' || s.amount_fen FOR s IN shares], ','), 'NULL')
		FROM '`+settlements.file.Name()+`' ORDER BY settle_id`), shares)
	equal(t, "columns", duckDB(t, `SELECT '#' || array_to_string("columns", ',') FROM '`+restatements.file.Name()+`' ORDER BY ledger_id`), columns)
}

// requireDuckDB skips the test where there is no duckdb command, unless the
// environment requires one.
func requireDuckDB(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("duckdb"); err != nil {
		if os.Getenv("BILLWALK_REQUIRE_DUCKDB") != "" {
			t.Fatal("BILLWALK_REQUIRE_DUCKDB is set and there is no duckdb on the PATH")
		}
		t.Skip("no duckdb on the PATH: what DuckDB reads is not checked")
	}
}

// duckDB returns the lines of a query's answer, values divided by |.
func duckDB(t *testing.T, sql string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "duckdb", "-no-init", "-bail", "-noheader", "-list", "-c", sql).CombinedOutput()
	if err != nil {
		t.Fatalf("duckdb: %v: %s", err, out)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}
