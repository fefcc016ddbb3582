package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// totals of one account and day: rows, and of every money column the signed sum
// and the number of NULLs, as text.
type totals map[string]string

// lakeTotals adds the lake's bills up in DuckDB, over a plain glob.
func lakeTotals(t testing.TB, lake lakePlace) map[string]totals {
	t.Helper()
	var sql strings.Builder
	sql.WriteString(lake.prelude)
	fmt.Fprintf(&sql, "SELECT bill_date::VARCHAR AS day, account_id AS account, count(*)::VARCHAR AS rows")
	for _, c := range sandbox.FenColumns() {
		fmt.Fprintf(&sql, ", coalesce(sum(%[1]s), 0)::VARCHAR || ' ' || (count(*) - count(%[1]s))::VARCHAR AS %[1]s", c)
	}
	fmt.Fprintf(&sql, " FROM '%s/bills/*/*.parquet' GROUP BY ALL", lake.sql)
	all := make(map[string]totals)
	for _, row := range duckDB[totals](t, sql.String()) {
		all[row["day"]+" "+row["account"]] = row
	}
	return all
}

// truthTotals is what the platform says that it served.
func truthTotals(platform *sandbox.Platform, accounts []schema.Account, from, to schema.Day) map[string]totals {
	all := make(map[string]totals)
	for _, total := range platform.Totals(accounts, from, to) {
		row := totals{"day": total.Day.String(), "account": string(total.Account), "rows": fmt.Sprint(total.Rows)}
		for name, c := range total.Columns {
			row[name] = fmt.Sprintf("%d %d", c.Sum, c.Nulls)
		}
		all[row["day"]+" "+row["account"]] = row
	}
	return all
}

// checkLake compares the lake with the truth of the platform.
func checkLake(t testing.TB, lake lakePlace, platform *served, from, to schema.Day) {
	t.Helper()
	want := truthTotals(platform.Platform, platform.Accounts(), from, to)
	if len(want) == 0 {
		t.Fatal("the truth is empty: nothing is compared")
	}
	if diff := cmp.Diff(want, lakeTotals(t, lake)); diff != "" {
		t.Errorf("the lake is not what the platform served (-served +lake):\n%s", diff)
	}
}

// TestLakeEqualsTruth walks worlds of ten seeds (or a sample), planted exceptions and
// unavailable units among them, into a folder and onto S3, and has DuckDB add up
// what was published, and compare each verdict.
func TestLakeEqualsTruth(t *testing.T) {
	requireDuckDB(t)
	s3 := objecttest.StartS3(t)
	for seed := range uint64(10) {
		for kind, lake := range map[string]lakePlace{"folder": folderLake(t), "s3": bucketLake(s3, fmt.Sprint("seed", seed))} {
			t.Run(fmt.Sprintf("%s/%d", kind, seed), func(t *testing.T) {
				t.Parallel()
				sample(t, int(seed), 5)
				platform := serve(t, testWorld(seed, 30))
				j := job{
					lake: lake, platform: platform.url, accounts: platform.Accounts(), qps: 2000, trade: 2000, lookback: window,
					passes: 1 + int(seed%2), buckets: 1 + int(seed%3)*2,
				}
				config := j.write(t)
				s, _ := billwalk(t, config, "run", "nightly", "--from", firstDay.String(), "--to", lastDay.String())
				checkLake(t, lake, platform, firstDay, lastDay)
				checkExceptions(t, lake, platform)
				checkVerdicts(t, lake, platform, firstDay, lastDay, testNow())
				checkInvariants(t, lake, true)
				checkVerdictCounts(t, lake, s.Verdicts)
				checkUnits(t, platform, s.Units.Complete, s.Units.Unavailable, s.Units.Failed)
				checkProven(t, config, firstDay, lastDay)
			})
		}
	}
}

// checkExceptions compares the table exceptions with what was planted.
func checkExceptions(t testing.TB, lake lakePlace, platform *served) {
	t.Helper()
	var want, got []string
	conflicts := make(map[string]bool)
	for _, row := range platform.Truth(platform.Accounts(), firstDay, lastDay) {
		for _, rule := range row.Exceptions {
			line := fmt.Sprintf("%s %s %s", row.Day, row.LedgerID, rule)
			if rule == string(schema.RuleDuplicateConflict) && !conflicts[line] {
				conflicts[line] = true
				continue // the first of two rows that differ is told with the second
			}
			want = append(want, line)
		}
	}
	for _, row := range platform.SettlementTruth(platform.Accounts(), firstDay, lastDay, testNow()) {
		for _, rule := range row.Exceptions {
			want = append(want, fmt.Sprintf("%s %s %s", row.Day, row.SettleID, rule))
		}
	}
	type exception struct{ Day, Ledger, Rule string }
	for _, e := range duckDB[exception](t, lake.prelude+"SELECT bill_date::VARCHAR AS Day, coalesce(ledger_id, settle_id) AS Ledger, rule AS Rule FROM '"+lake.sql+"/exceptions/*/*.parquet'") {
		got = append(got, fmt.Sprintf("%s %s %s", e.Day, e.Ledger, e.Rule))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exceptions (-planted +found):\n%s", diff)
	}
}

// checkUnits compares the counts of units with what the platform withholds.
func checkUnits(t testing.TB, platform *served, complete, unavailable, failed int) {
	t.Helper()
	got := [3]int{complete, unavailable, failed}
	var want [3]int
	want[0], want[1], want[2] = platform.Units(platform.Accounts(), firstDay, lastDay)
	if got != want {
		t.Errorf("units complete, unavailable, failed: %v, want %v", got, want)
	}
}
