package schema

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema/sql"
)

var (
	byOrder = Match{"order_id", "shop_order_id"}
	byExt   = Match{"out_order_no", "order_ext_id"}
)

// reconcileSQL is sql.Reconcile for match rules of this package.
func reconcileSQL(tolerance Fen, lookbackDays int, configured bool, rules []Match) string {
	settings := sql.Settings{Tolerance: int64(tolerance), LookbackDays: lookbackDays, Configured: configured}
	for _, r := range rules {
		settings.Rules = append(settings.Rules, sql.Rule(r))
	}
	return sql.Reconcile(settings)
}

// TestReconcileFillsItsHead: with the settings in the file Reconcile returns the file. With
// other settings the statements still run, also with a quote in a rule.
func TestReconcileFillsItsHead(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("sql/reconcile.sql")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(file), reconcileSQL(0, 7, true, []Match{byOrder, byExt})); diff != "" {
		t.Errorf("sql/reconcile.sql is not its own default (-file +made):\n%s", diff)
	}
	sql := ".headers off\n" + emptyTables() + reconcileSQL(12345, 30, false, []Match{{"it's", "--"}}) + "SELECT count(*) FROM reconciled;"
	if got := duckDB(t, "-list", sql); got != "0\n" {
		t.Errorf("no bills give %q", got)
	}
}

// TestReconcileMakesTheTable: the query has the columns of the table, in the same order and
// of the same types.
func TestReconcileMakesTheTable(t *testing.T) {
	t.Parallel()
	want := []string{"bill_date DATE"}
	for _, c := range Reconciliations.Columns() {
		want = append(want, c.Name+" "+strings.Replace(string(c.Type), "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", 1))
	}
	sql := ".headers off\n" + emptyTables() + reconcileSQL(0, 7, true, []Match{byOrder}) +
		"SELECT column_name || ' ' || data_type FROM duckdb_columns() WHERE table_name = 'reconciled' ORDER BY column_index;"
	got := strings.Split(strings.TrimSpace(duckDB(t, "-list", sql)), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-table +query):\n%s", diff)
	}
}

// TestReconcileLosesNothing checks the invariants of the query, on bills and settlements of
// all kinds that a hash generates.
func TestReconcileLosesNothing(t *testing.T) {
	t.Parallel()
	throw, err := os.ReadFile("testdata/thrown.sql")
	if err != nil {
		t.Fatal(err)
	}
	var sums []string
	for leg, column := range []string{"total", "fee", "commission", "net"} {
		bills := []string{"ledger_total_fen", "total_merchant_platform_service_fen", "total_commission_fen", "goods_fen"}[leg]
		sums = append(sums, fmt.Sprintf("SELECT '%s', (SELECT sum(billed_%[1]s_fen) FROM reconciled) = (SELECT sum(%s) FROM bills WHERE settle_type = 1)", column, bills))
	}
	sums = append(sums,
		"SELECT 'refunds', (SELECT sum(refund_fen) FROM reconciled) = (SELECT sum(ledger_total_fen) FROM bills WHERE settle_type = 2)",
		"SELECT 'other bills', (SELECT sum(other_fen) FROM reconciled) = (SELECT sum(ledger_total_fen) FROM bills WHERE settle_type NOT IN (1, 2))",
		"SELECT 'bills', (SELECT sum(bill_rows) FROM reconciled) = (SELECT count(*) FROM bills)",
		"SELECT 'settlements', (SELECT sum(settlement_rows) FROM reconciled) = (SELECT count(*) FROM settlements)",
		"SELECT 'a key of its own', (SELECT count(*) FROM (SELECT DISTINCT bill_date, walk_account_id, group_key FROM reconciled)) = (SELECT count(*) FROM reconciled)",
		"SELECT 'a verdict', (SELECT count(*) FROM reconciled WHERE verdict IS NULL OR reasons IS NULL OR (verdict = 'matched') <> (matched_by IS NOT NULL)) = 0",
		// The lake is thrown so that every verdict and every tier occurs: none of the above is true of nothing.
		"SELECT 'settled', (SELECT sum(settled_total_fen) FROM reconciled) = (SELECT sum(settle_amount_fen) FROM settlements WHERE settle_status = 'SUCCESS')",
		"SELECT 'verdicts', (SELECT count(DISTINCT verdict) FROM reconciled) = 7",
		"SELECT 'tiers', (SELECT count(DISTINCT matched_by) FROM reconciled) = 4")
	sql := ".headers off\n" + emptyTables() + string(throw) + reconcileSQL(0, 2, true, []Match{byOrder, byExt}) +
		"SELECT * FROM (" + strings.Join(sums, " UNION ALL ") + ") AS checks(name, held) WHERE held IS DISTINCT FROM true;"
	if broken := duckDB(t, "-list", sql); broken != "" {
		t.Errorf("invariants that do not hold:\n%s", broken)
	}
}
