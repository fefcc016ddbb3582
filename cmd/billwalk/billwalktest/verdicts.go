package billwalktest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/schema/sql"
)

// Lookback is the lookback of the jobs whose verdicts are compared with the truth.
const Lookback = 7

var matchRules = []schema.Match{
	{Parameter: "order_id", Column: "shop_order_id"},
	{Parameter: "out_order_no", Column: "order_ext_id"},
}

// CheckVerdicts compares every group of the lake, and every settlement, with the
// truth of the platform at a time.
func CheckVerdicts(t testing.TB, lake Place, platform *Served, from, to schema.Day, at time.Time, told ...sandbox.CallbackWindow) {
	t.Helper()
	var want []string
	for _, v := range platform.Verdicts(platform.Accounts(), from, to, at, told...) {
		diff := "-"
		if v.DiffTotal != nil {
			diff = fmt.Sprint(*v.DiffTotal)
		}
		want = append(want, fmt.Sprintf("%s %s %s: %s %s, %d bills, %d settlements, %s fen", v.Day, v.Account, v.GroupKey, v.Verdict, v.MatchedBy, v.Bills, v.Settlements, diff))
	}
	type line struct{ Line string }
	var got []string
	for _, row := range DuckDB[line](t, TablesOf(lake)+`SELECT format('{} {} {}: {} {}, {} bills, {} settlements, {} fen', bill_date, walk_account_id, group_key, verdict,
		coalesce(matched_by, ''), bill_rows, settlement_rows, coalesce(diff_total_fen::VARCHAR, '-')) AS "Line" FROM reconciliation`) {
		got = append(got, row.Line)
	}
	compareLines(t, "verdicts", want, got)

	want, got = nil, nil
	for _, s := range platform.SettlementTruth(platform.Accounts(), from, to, at, told...) {
		fen := func(v *int64) string {
			if v == nil {
				return "-"
			}
			return fmt.Sprint(*v)
		}
		want = append(want, fmt.Sprintf("%s %s %s %s %s %s %s", s.Day, s.SettleID, s.Status, fen(s.Amount), fen(s.Rake), fen(s.Commission), fen(s.SharesTotal)))
	}
	for _, row := range DuckDB[line](t, TablesOf(lake)+`SELECT format('{} {} {} {} {} {} {}', bill_date, settle_id, settle_status, coalesce(settle_amount_fen::VARCHAR, '-'),
		coalesce(rake_fen::VARCHAR, '-'), coalesce(commission_fen::VARCHAR, '-'), coalesce(shares_fen::VARCHAR, '-')) AS "Line" FROM settlements`) {
		got = append(got, row.Line)
	}
	compareLines(t, "settlements", want, got)
}

// compareLines compares two sets of lines, of which neither may be empty.
func compareLines(t testing.TB, what string, want, got []string) {
	t.Helper()
	if len(want) == 0 {
		t.Fatalf("the truth has no %s: nothing is compared", what)
	}
	slices.Sort(want)
	slices.Sort(got)
	var differing []string
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && want[0] < got[0]:
			differing, want = append(differing, "- "+want[0]), want[1:]
		case len(want) == 0 || got[0] < want[0]:
			differing, got = append(differing, "+ "+got[0]), got[1:]
		default:
			want, got = want[1:], got[1:]
		}
	}
	if len(differing) > 0 {
		t.Errorf("%s (-true +in the lake), %d lines:\n%s", what, len(differing), strings.Join(differing[:min(20, len(differing))], "\n"))
	}
}

// invariants of the design, each a query for what breaks it.
const invariants = `
WITH counted AS (SELECT * FROM bills WHERE counted), forward AS (SELECT * FROM counted WHERE settle_type = 1),
refund AS (SELECT * FROM counted WHERE settle_type = 2), other AS (SELECT * FROM counted WHERE settle_type NOT IN (1, 2)),
broken AS (
	SELECT 'a bill is in no group, or in two' AS what, count(*) AS n FROM (SELECT sum(bill_rows) AS b FROM reconciliation) WHERE b IS DISTINCT FROM (SELECT count(*) FROM counted)
	UNION ALL SELECT 'not one content of a bill counts', count(*) FROM (SELECT 1 FROM bills GROUP BY bill_date, account_id, ledger_id, settle_type, settle_sub_type HAVING count_if(counted) IS DISTINCT FROM 1)
	UNION ALL SELECT 'per account and day, bills and groups differ', count(*) FROM (
		(SELECT bill_date, walk_account_id, count(*)::HUGEINT FROM counted GROUP BY ALL) EXCEPT (SELECT bill_date, walk_account_id, sum(bill_rows) FROM reconciliation GROUP BY ALL))
	UNION ALL SELECT 'total', count(*) FROM (SELECT sum(billed_total_fen) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT sum(ledger_total_fen) FROM forward)
	UNION ALL SELECT 'fee', count(*) FROM (SELECT sum(billed_fee_fen) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT sum(total_merchant_platform_service_fen) FROM forward)
	UNION ALL SELECT 'commission', count(*) FROM (SELECT sum(billed_commission_fen) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT sum(coalesce(total_commission_fen,
		CASE WHEN len(list_filter([talent_commission_fen, total_agent_merchant_fen, broker_commission_fen, clerk_commission_fen], lambda x: x IS NOT NULL)) > 0
			THEN list_sum([talent_commission_fen, total_agent_merchant_fen, broker_commission_fen, clerk_commission_fen, mall_store_goods_fen])::BIGINT END)) FROM forward)
	UNION ALL SELECT 'net', count(*) FROM (SELECT sum(billed_net_fen) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT sum(goods_fen) FROM forward)
	UNION ALL SELECT 'refund', count(*) FROM (SELECT sum(refund_fen) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT sum(ledger_total_fen) FROM refund)
	UNION ALL SELECT 'other', count(*) FROM (SELECT sum(other_fen) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT sum(ledger_total_fen) FROM other)
	UNION ALL SELECT 'a settlement is in no group, or in two', count(*) FROM (SELECT sum(settlement_rows) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT count(*) FROM settlements)
	UNION ALL SELECT 'settled total', count(*) FROM (SELECT coalesce(sum(settled_total_fen), 0) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT coalesce(sum(settle_amount_fen), 0) FROM settlements WHERE settle_status = 'SUCCESS')
	UNION ALL SELECT 'settled net', count(*) FROM (SELECT coalesce(sum(settled_net_fen), 0) AS s FROM reconciliation) WHERE s IS DISTINCT FROM (SELECT coalesce(sum(shares_fen), 0) FROM settlements WHERE settle_status = 'SUCCESS')
	UNION ALL SELECT 'a settle_id twice, and not by item', count(*) FROM (SELECT settle_id FROM settlements GROUP BY ALL HAVING count(*) > 1 AND count(*) <> count(DISTINCT item_order_id))
	UNION ALL SELECT 'settlement_only, and not without bills and account', count(*) FROM reconciliation WHERE (verdict = 'settlement_only') <> (walk_account_id = '') OR (verdict = 'settlement_only') <> (bill_rows = 0)
	UNION ALL SELECT 'a group has not the settlements that name it', count(*) FROM (
		(SELECT bill_date, walk_account_id, group_key, count(*)::BIGINT FROM settlements GROUP BY ALL) EXCEPT (SELECT bill_date, walk_account_id, group_key, settlement_rows FROM reconciliation))
	UNION ALL SELECT 'a mismatch without a cause', count(*) FROM reconciliation WHERE (verdict = 'mismatched') <> (cause IS NOT NULL)
	UNION ALL SELECT 'a group twice', count(*) FROM (SELECT bill_date, walk_account_id, group_key FROM reconciliation GROUP BY ALL HAVING count(*) > 1)
	UNION ALL SELECT 'shares do not add up', count(*) FROM settlements WHERE shares_fen IS DISTINCT FROM list_sum(list_transform(shares, lambda x: x.amount_fen))
	UNION ALL SELECT 'an unknown verdict', count(*) FROM reconciliation WHERE verdict NOT IN ('matched', 'mismatched', 'bill_only', 'settlement_only', 'pending', 'failed', 'not_applicable')
	UNION ALL SELECT 'matched_by without a match', count(*) FROM reconciliation WHERE (verdict = 'matched') <> (matched_by IS NOT NULL)
	UNION ALL SELECT 'mismatched without a reason', count(*) FROM reconciliation WHERE verdict = 'mismatched' AND len(reasons) = 0
)
SELECT what AS "What" FROM broken WHERE n > 0`

// CheckInvariants has DuckDB look for what breaks an invariant, and reconcile
// the bills and settlements by its own rules: row by row the same.
func CheckInvariants(t testing.TB, lake Place, configured bool) {
	t.Helper()
	type broken struct{ What string }
	for _, b := range DuckDB[broken](t, TablesOf(lake)+invariants) {
		t.Errorf("broken: %s", b.What)
	}
	CheckReconciledBySQL(t, lake, configured, Lookback, "")
}

// CheckReconciledBySQL has DuckDB reconcile the bills and settlements by its own
// rules, and compares the rows, but for those of the condition.
func CheckReconciledBySQL(t testing.TB, lake Place, configured bool, lookback int, except string) {
	t.Helper()
	var columns []string
	for _, c := range schema.Reconciliations.Columns() {
		columns = append(columns, c.Name)
	}
	settings := sql.Settings{LookbackDays: lookback, Configured: configured}
	for _, rule := range matchRules {
		settings.Rules = append(settings.Rules, sql.Rule(rule))
	}
	sql := TablesOf(lake) + sql.Reconcile(settings) +
		"CREATE TEMP TABLE byGo AS SELECT bill_date, " + strings.Join(columns, ", ") + " FROM reconciliation;\n"
	if except != "" {
		sql += "CREATE TEMP TABLE excepted AS SELECT bill_date, walk_account_id, group_key FROM byGo WHERE " + except + ";\n"
		for _, table := range []string{"reconciled", "byGo"} {
			sql += "DELETE FROM " + table + " WHERE (bill_date, walk_account_id, group_key) IN (FROM excepted);\n"
		}
	}
	sql += "SELECT 'only by Go' AS whose, * FROM (FROM byGo EXCEPT ALL FROM reconciled) UNION ALL SELECT 'only by SQL', * FROM (FROM reconciled EXCEPT ALL FROM byGo) ORDER BY ALL LIMIT 6"
	for _, row := range DuckDB[map[string]any](t, sql) {
		t.Errorf("Go and SQL reconcile differently: %v", row)
	}
}

// CheckVerdictCounts compares the summary's verdicts with the table's.
func CheckVerdictCounts(t testing.TB, lake Place, counts map[schema.Verdict]int64) {
	t.Helper()
	type count struct {
		Verdict schema.Verdict
		Groups  int64 `json:",string"`
	}
	got := make(map[schema.Verdict]int64)
	for _, c := range DuckDB[count](t, TablesOf(lake)+`SELECT verdict AS "Verdict", count(*)::VARCHAR AS "Groups" FROM reconciliation GROUP BY ALL`) {
		got[c.Verdict] = c.Groups
	}
	if diff := cmp.Diff(got, counts); diff != "" || len(got) == 0 {
		t.Errorf("verdicts (-table +summary):\n%s", diff)
	}
}
