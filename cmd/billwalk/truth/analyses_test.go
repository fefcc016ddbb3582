package truth

import (
	"fmt"
	"sync/atomic"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/schema"
	"billwalk/schema/sql"
)

// footings are queries for what does not add up, over the views of a lake and the saved
// queries as tables. Amounts are exact decimals.
const footings = `
CREATE TEMP TABLE line AS SELECT bill_date, line, amount_yuan FROM bridge;
CREATE TEMP TABLE every_line AS SELECT line, amount_yuan FROM line WHERE bill_date IS NULL;
CREATE TEMP TABLE order_group AS
SELECT left(group_key, length(group_key) - COALESCE(length(item_order_id) + 1, 0)) AS order_key, *, COALESCE(billed_total_fen, 0) AS billed, COALESCE(settled_total_fen, 0) AS settled
FROM reconciliation WHERE verdict <> 'settlement_only' AND NOT list_contains(reasons, 'non_forward');
CREATE TEMP TABLE orders AS
SELECT order_key, sum(settled - billed) * 0.01 AS yuan, sum(billed) * 0.01 AS billed_yuan, sum(settled) * 0.01 AS settled_yuan, bool_or(verdict = 'mismatched') AS mismatched, bool_or(verdict = 'matched') AS matched,
	bool_or(list_contains(reasons, 'partly_billed')) AS partly_billed, bool_and(verdict NOT IN ('matched', 'mismatched') OR diff_total_fen IS NOT NULL) AS compared
FROM order_group GROUP BY ALL;
CREATE TEMP TABLE broken AS
	SELECT 'bridge: a set of lines does not lead to what was settled' AS what, count(*) AS n FROM (
		SELECT bill_date FROM line WHERE line NOT IN (3, 12) GROUP BY ALL HAVING sum(CASE line WHEN 11 THEN -amount_yuan ELSE amount_yuan END) <> 0 OR count(*) <> 10)
	UNION ALL SELECT 'bridge: check', count(*) FROM line WHERE line = 12 AND amount_yuan <> 0
	UNION ALL SELECT 'bridge: days and their sum', count(*) FROM (SELECT line FROM line GROUP BY line HAVING sum(amount_yuan) FILTER (bill_date IS NULL) <> sum(amount_yuan) FILTER (bill_date IS NOT NULL))
	UNION ALL SELECT 'bridge: a part larger than its line', count(*) FROM every_line a JOIN every_line b ON a.line = 2 AND b.line = 3 AND NOT b.amount_yuan BETWEEN a.amount_yuan AND 0
	UNION ALL SELECT 'bridge: forward bills', count(*) FROM every_line WHERE line = 1
		AND amount_yuan <> (SELECT sum(ledger_total_fen) * 0.01 FROM bills WHERE settle_type = 1 AND counted IS DISTINCT FROM false)
	UNION ALL SELECT 'bridge: settled', count(*) FROM every_line WHERE line = 11 AND amount_yuan <> (SELECT sum(settle_amount_fen) * 0.01 FROM settlements WHERE settle_status = 'SUCCESS')

	UNION ALL SELECT 'daily_sums: net is not its parts', count(*) FROM daily_sums WHERE COALESCE(forward_yuan, 0) + COALESCE(refund_yuan, 0) + COALESCE(other_yuan, 0) <> COALESCE(net_yuan, 0)
	UNION ALL SELECT 'daily_sums: accounts and day', count(*) FROM (SELECT bill_date FROM daily_sums WHERE bill_date IS NOT NULL GROUP BY ALL
		HAVING sum(net_yuan) FILTER (account IS NULL) <> sum(net_yuan) FILTER (account IS NOT NULL) OR sum(goods_yuan) FILTER (account IS NULL) <> sum(goods_yuan) FILTER (account IS NOT NULL)
			OR sum(bills) FILTER (account IS NULL) <> sum(bills) FILTER (account IS NOT NULL))
	UNION ALL SELECT 'daily_sums: days and all', count(*) FROM (SELECT sum(net_yuan) AS net, sum(bills) AS bills, sum(unknown_bills) AS unknown FROM daily_sums WHERE bill_date IS NOT NULL AND account IS NULL) d
		JOIN daily_sums s ON s.bill_date IS NULL WHERE d.net <> s.net_yuan OR d.bills <> s.bills OR d.unknown <> s.unknown_bills
	UNION ALL SELECT 'daily_sums: forward is not that of the bridge', count(*) FROM daily_sums s JOIN line l ON l.line = 1 AND l.bill_date IS NOT DISTINCT FROM s.bill_date
		WHERE s.account IS NULL AND s.forward_yuan <> l.amount_yuan
	UNION ALL SELECT 'daily_sums: an account and day is missing, or whole without being so', count(*) FROM units u LEFT JOIN daily_sums s ON s.bill_date = u.day AND s.account = u.account WHERE u.state IS DISTINCT FROM s.state

	UNION ALL SELECT 'daily_tie_out: billed is not its verdicts', count(*) FROM daily_tie_out WHERE COALESCE(billed_yuan, 0) <> COALESCE(matched_yuan, 0) + COALESCE(mismatched_yuan, 0)
		+ COALESCE(bill_only_yuan, 0) + COALESCE(pending_yuan, 0) + COALESCE(failed_yuan, 0) + COALESCE(not_applicable_yuan, 0)
	UNION ALL SELECT 'doubts: not that of the tie-out', count(*) FROM (SELECT COALESCE(sum(billed_total_fen), 0) * 0.01 AS yuan FROM reconciliation SEMI JOIN doubts USING (bill_date, walk_account_id, group_key))
		WHERE yuan <> (SELECT COALESCE(sum(doubtful_yuan), 0) FROM daily_tie_out)
	UNION ALL SELECT 'daily_tie_out: not that of the bridge', count(*) FROM (SELECT sum(billed_yuan) AS billed, sum(settled_yuan) AS settled FROM daily_tie_out)
		WHERE billed <> (SELECT amount_yuan FROM every_line WHERE line = 1) OR settled <> (SELECT amount_yuan FROM every_line WHERE line = 11)
	UNION ALL SELECT 'daily_tie_out: refunds and others are not those of the sums', count(*) FROM daily_tie_out t JOIN daily_sums s ON s.bill_date = t.bill_date AND s.account = t.walk_account_id
		WHERE COALESCE(t.refund_yuan, 0) <> COALESCE(s.refund_yuan, 0) OR COALESCE(t.other_yuan, 0) <> COALESCE(s.other_yuan, 0) OR t.bills <> s.bills
	UNION ALL SELECT 'daily_tie_out: an account and day is missing', count(*) FROM units u ANTI JOIN daily_tie_out t ON t.bill_date = u.day AND t.walk_account_id = u.account AND t.state = u.state

	UNION ALL SELECT 'open_ages: not its verdicts', count(*) FROM open_ages WHERE unsettled_yuan <> bill_only_yuan + pending_yuan + failed_yuan
	UNION ALL SELECT 'open_ages: not its ages', count(*) FROM (SELECT sum(unsettled_yuan) FILTER (age = '合计') AS every, sum(unsettled_yuan) FILTER (age <> '合计') AS ages FROM open_ages) WHERE every <> ages
	UNION ALL SELECT 'open_ages: not those of the bridge', count(*) FROM open_ages WHERE age = '合计' AND -unsettled_yuan <> (SELECT sum(amount_yuan) FROM every_line WHERE line IN (2, 4, 5))
	UNION ALL SELECT 'one_sided_bills: not those of the bridge', count(*) FROM (SELECT COALESCE(sum(total_yuan), 0) AS yuan FROM one_sided_bills) WHERE -yuan <> (SELECT amount_yuan FROM every_line WHERE line = 2)
	UNION ALL SELECT 'one_sided_settlements: not those of the bridge', count(*) FROM (SELECT COALESCE(sum(amount_yuan), 0) AS yuan FROM one_sided_settlements WHERE settle_status = 'SUCCESS')
		WHERE yuan <> (SELECT amount_yuan FROM every_line WHERE line = 8)

	UNION ALL SELECT 'causes: not their parts, or not that of the bridge', count(*) FROM causes WHERE over_yuan + under_yuan <> net_yuan
		OR cause = '合计' AND net_yuan <> (SELECT amount_yuan FROM every_line WHERE line = 9)
	UNION ALL SELECT 'causes: not their sum', count(*) FROM (SELECT sum(net_yuan) FILTER (cause = '合计') AS every, sum(net_yuan) FILTER (cause <> '合计') AS causes FROM causes) WHERE every <> causes

	UNION ALL SELECT 'open_differences: not the whole of the order', count(*) FROM open_differences d LEFT JOIN orders o USING (order_key)
		WHERE o.order_key IS NULL OR o.compared AND (d.difference_yuan <> o.yuan OR d.billed_yuan <> o.billed_yuan OR d.settled_yuan <> o.settled_yuan)
	UNION ALL SELECT 'open_differences: an order twice', count(*) FROM (SELECT order_key FROM open_differences GROUP BY ALL HAVING count(*) > 1)
	UNION ALL SELECT 'open_differences: an order is not listed', count(*) FROM orders o ANTI JOIN open_differences d USING (order_key) WHERE o.mismatched AND o.yuan <> 0 AND NOT o.partly_billed AND o.order_key NOT LIKE 'bill:%'

	UNION ALL SELECT 'refunds_after_settlement: no refund, or twice', count(*) FROM (SELECT account_id, ledger_id, bill_date FROM refunds_after_settlement GROUP BY ALL HAVING count(*) > 1)
	UNION ALL SELECT 'refunds_after_settlement: more than all refunds', count(*) FROM (SELECT COALESCE(sum(refund_yuan), 0) AS yuan FROM refunds_after_settlement) WHERE -yuan > (SELECT COALESCE(-refund_yuan, 0) FROM daily_sums WHERE bill_date IS NULL)
	UNION ALL SELECT 'store_fee_rate: not all forward bills', count(*) FROM (SELECT sum(bills + unknown) AS n FROM store_fee_rate) WHERE n <> (SELECT count(*) FROM bills WHERE settle_type = 1 AND counted IS DISTINCT FROM false)
	UNION ALL SELECT 'store_fee_rate: not the amounts of its bills', count(*) FROM (SELECT COALESCE(sum(fee_yuan), 0) AS fee, COALESCE(sum(commission_yuan), 0) AS commission FROM store_fee_rate)
		WHERE fee <> (SELECT COALESCE(sum(total_merchant_platform_service_fen) FILTER (WHERE ledger_total_fen IS NOT NULL), 0) * 0.01 FROM bills WHERE settle_type = 1 AND counted IS DISTINCT FROM false)
			OR commission < (SELECT COALESCE(sum(total_commission_fen) FILTER (WHERE ledger_total_fen IS NOT NULL), 0) * 0.01 FROM bills WHERE settle_type = 1 AND counted IS DISTINCT FROM false)
	UNION ALL SELECT 'changes_after_close: not its rows', count(*) FROM changes_after_close WHERE bill_date IS NULL AND total_yuan <> (SELECT COALESCE(sum(diff_total_fen), 0) * 0.01 FROM changes_after_closing)
	UNION ALL SELECT 'the Chinese views have other sums', count(*) FROM (SELECT sum("账单金额(元)") AS billed, sum("分账金额(元)") AS settled FROM 对账)
		WHERE billed <> (SELECT amount_yuan FROM every_line WHERE line = 1) OR settled <> (SELECT amount_yuan FROM every_line WHERE line = 11)
	UNION ALL SELECT 'a unit is not in the view', count(*) FROM units u FULL JOIN 完整性 z ON z."查询账户" = u.account AND z."账单日期" = u.day WHERE u.account IS NULL OR z."查询账户" IS NULL;
SELECT what AS "What", n::VARCHAR AS "Broken", (SELECT count(*) FROM open_differences)::VARCHAR AS "Differences",
	(SELECT count(*) FROM open_differences JOIN orders USING (order_key) WHERE mismatched AND matched)::VARCHAR AS "Mixed",
	(SELECT count(*) FROM bills WHERE NOT counted)::VARCHAR AS "Out", (SELECT count(*) FROM units WHERE state = 'failed')::VARCHAR AS "Failed"
FROM broken;
`

// TestAnalysesFoot adds up what the saved queries say of lakes of ten seeds, with orders over
// several days, contents of one bill that differ, and accounts that failed: the parts are the
// whole, to the fen, and each amount is the same in every query that has it.
func TestAnalysesFoot(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	var found [4]atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(10) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				if race.Detector { // ten times as slow; .ci/run has all seeds without it
					billwalktest.Sample(t, int(seed), 3)
				}
				type row struct {
					What                                    string
					Broken, Differences, Mixed, Out, Failed int64 `json:",string"`
				}
				for _, r := range billwalktest.DuckDB[row](t, seedLake(t, 400+seed)+footings) {
					if r.Broken > 0 {
						t.Errorf("%s: %d rows", r.What, r.Broken)
					}
					for i, n := range []int64{r.Differences, r.Mixed, r.Out, r.Failed} {
						found[i].Add(n)
					}
				}
			})
		}
	})
	for i, what := range []string{"difference", "difference with a matched group of its order", "content that does not count", "unit that failed"} {
		if found[i].Load() == 0 {
			t.Errorf("no lake has a %s", what)
		}
	}
}

// seedLake runs a job against a platform of the seed, and returns the SQL of the lake's views,
// and of a table for each analysis.
func seedLake(t *testing.T, seed uint64) string {
	t.Helper()
	platform := billwalktest.Serve(t, billwalktest.World(seed, 25))
	lake := billwalktest.FolderLake(t)
	j := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 2000, Trade: 2000, Lookback: billwalktest.Lookback}
	billwalktest.Run(t, j.Write(t), "run", "nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())
	text := lake.Prelude + schema.DuckDB(lake.SQL, schema.OptionalTables()...)
	for _, name := range sql.Names() {
		query, _ := sql.Saved(name, sql.Settings{LookbackDays: billwalktest.Lookback})
		if name != sql.Reconciled {
			text += "CREATE TEMP TABLE " + name + " AS " + query
		}
	}
	return text
}
