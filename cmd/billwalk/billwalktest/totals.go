package billwalktest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// Count adds n to the number of rows or NULLs of a name.
func (row Totals) Count(name string, n int) {
	was, _ := strconv.Atoi(row[name])
	row[name] = strconv.Itoa(was + n)
}

// Add adds an amount, or NULL, to a column.
func (row Totals) Add(name string, fen *int64) {
	var sum, nulls int64
	_, _ = fmt.Sscan(row[name], &sum, &nulls) // empty at first
	if fen == nil {
		nulls++
	} else {
		sum += *fen
	}
	row[name] = fmt.Sprintf("%d %d", sum, nulls)
}

// Totals of one account and day: rows, and of every money column the signed sum
// and the number of NULLs, as text.
type Totals map[string]string

// LakeTotals adds the lake's bills up in DuckDB, over a plain glob.
func LakeTotals(t testing.TB, lake Place) map[string]Totals {
	t.Helper()
	var sql strings.Builder
	sql.WriteString(lake.Prelude)
	fmt.Fprintf(&sql, "SELECT bill_date::VARCHAR AS day, account_id AS account, count(*)::VARCHAR AS rows")
	for _, c := range sandbox.FenColumns() {
		fmt.Fprintf(&sql, ", coalesce(sum(%[1]s), 0)::VARCHAR || ' ' || (count(*) - count(%[1]s))::VARCHAR AS %[1]s", c)
	}
	sql.WriteString(", coalesce(sum(ledger_total_fen) FILTER (counted), 0)::VARCHAR || ' ' || count_if(counted AND ledger_total_fen IS NULL)::VARCHAR AS counted")
	fmt.Fprintf(&sql, " FROM '%s/bills/*/*.parquet' GROUP BY ALL", lake.SQL)
	all := make(map[string]Totals)
	for _, row := range DuckDB[Totals](t, sql.String()) {
		all[row["day"]+" "+row["account"]] = row
	}
	return all
}

// truthTotals is what the platform says that it served.
func truthTotals(platform *sandbox.Platform, accounts []schema.Account, from, to schema.Day) map[string]Totals {
	all := make(map[string]Totals)
	for _, total := range platform.Totals(accounts, from, to) {
		row := Totals{"day": total.Day.String(), "account": string(total.Account), "rows": fmt.Sprint(total.Rows)}
		for name, c := range total.Columns {
			row[name] = fmt.Sprintf("%d %d", c.Sum, c.Nulls)
		}
		row["counted"] = fmt.Sprintf("%d %d", total.Counted.Sum, total.Counted.Nulls)
		all[row["day"]+" "+row["account"]] = row
	}
	return all
}

// CheckLake compares the lake with the truth of the platform.
func CheckLake(t testing.TB, lake Place, platform *Served, from, to schema.Day) {
	t.Helper()
	want := truthTotals(platform.Platform, platform.Accounts(), from, to)
	if len(want) == 0 {
		t.Fatal("the truth is empty: nothing is compared")
	}
	if diff := cmp.Diff(want, LakeTotals(t, lake)); diff != "" {
		t.Errorf("the lake is not what the platform served (-served +lake):\n%s", diff)
	}
}

// CheckExceptions compares the table exceptions with what was planted.
func CheckExceptions(t testing.TB, lake Place, platform *Served) {
	t.Helper()
	var want, got []string
	conflicts := make(map[string]bool)
	for _, row := range platform.Truth(platform.Accounts(), FirstDay, LastDay) {
		for _, rule := range row.Exceptions {
			line := fmt.Sprintf("%s %s %s", row.Day, row.LedgerID, rule)
			if rule == string(schema.RuleDuplicateConflict) && !conflicts[line] {
				conflicts[line] = true
				continue // the first of two rows that differ is told with the second
			}
			want = append(want, line)
		}
	}
	for _, row := range platform.SettlementTruth(platform.Accounts(), FirstDay, LastDay, Now()) {
		for _, rule := range row.Exceptions {
			want = append(want, fmt.Sprintf("%s %s %s", row.Day, row.SettleID, rule))
		}
	}
	type exception struct{ Day, Ledger, Rule string }
	for _, e := range DuckDB[exception](t, lake.Prelude+"SELECT bill_date::VARCHAR AS Day, coalesce(ledger_id, settle_id) AS Ledger, rule AS Rule FROM '"+lake.SQL+"/exceptions/*/*.parquet'") {
		got = append(got, fmt.Sprintf("%s %s %s", e.Day, e.Ledger, e.Rule))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exceptions (-planted +found):\n%s", diff)
	}
}

// CheckUnits compares the counts of units with what the platform withholds.
func CheckUnits(t testing.TB, platform *Served, complete, unavailable, failed int) {
	t.Helper()
	got := [3]int{complete, unavailable, failed}
	var want [3]int
	want[0], want[1], want[2] = platform.Units(platform.Accounts(), FirstDay, LastDay)
	if got != want {
		t.Errorf("units complete, unavailable, failed: %v, want %v", got, want)
	}
}
