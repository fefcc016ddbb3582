package reconcile_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
	"billwalk/schema/sql"
)

// TestCasesSQL runs the cases of testdata/cases in SQL. Cases with the same rules
// are in one lake, where each has a prefix to its ids.
func TestCasesSQL(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	lakes := make(map[string][]testCase) // by rules
	for _, c := range readCases(t) {
		if c.skip != "sql" {
			rules := fmt.Sprintf("lookback %d, tolerance %d, match %v, configured %v", c.rules.Lookback, c.rules.Tolerance, c.rules.Match, c.rules.Configured)
			lakes[rules] = append(lakes[rules], c)
		}
	}
	for rules, cases := range lakes {
		t.Run(rules, func(t *testing.T) {
			t.Parallel()
			runSQL(t, &cases[0].rules, cases)
		})
	}
}

// elsewhereAccount has the bill of the settlement that counts on an earlier day.
const elsewhereAccount = "elsewhere"

func runSQL(t *testing.T, rules *reconcile.Rules, cases []testCase) {
	t.Helper()
	var bills []dated[schema.Bill]
	var settlements []dated[schema.Settlement]
	for i := range cases {
		c := &cases[i]
		if c.elsewhere {
			c.settleElsewhere()
		}
		prefix := casePrefix(i)
		for j := range c.bills {
			prefixBill(prefix, &c.bills[j].row)
		}
		bills = append(bills, c.bills...)
		for _, s := range c.settlements {
			day := c.billDate(t, &s)
			prefixSettlement(prefix, &s.row)
			settlements = append(settlements, dated[schema.Settlement]{day, s.row})
		}
	}
	statements := tableOf(t, schema.Bills, "bills", bills) + tableOf(t, schema.Settlements, "settlements", settlements) +
		reconcileSQL(rules) + writeTables(t, rules) +
		`SELECT * REPLACE (array_to_string(reasons, ' ') AS reasons,
		 epoch_us(first_settle_time) AS first_settle_time, epoch_us(last_settle_time) AS last_settle_time) FROM reconciled;`
	rows := make(map[string][]dated[schema.Reconciliation]) // by prefix
	for _, row := range reconciliationRows(t, duckDB(t, "-json", statements)) {
		prefix := casePrefixes.FindString(row.row.GroupKey)
		if row.row.WalkAccountID != elsewhereAccount {
			trimRow(prefix, &row.row)
			rows[prefix] = append(rows[prefix], row)
		}
	}
	for i := range cases {
		if diff := gocmp.Diff(cases[i].expected("group"), groupLines(rows[casePrefix(i)])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", cases[i].name, diff)
		}
	}
}

// writeTables returns SQL that leaves the tables of the cases, and the rows that they make, as
// artifacts of the test, with the statements for Spark: .ci/spark_reconcile.py runs those.
func writeTables(t *testing.T, rules *reconcile.Rules) string {
	t.Helper()
	folder := t.ArtifactDir()
	query, _ := sql.SavedIn(sql.Reconciled, string(schema.Spark), settingsOf(rules))
	if err := os.WriteFile(filepath.Join(folder, "reconcile.sql"), []byte(query), 0o600); err != nil {
		t.Fatal(err)
	}
	var copies string
	for from, to := range map[string]string{"bills": "bills", "settlements": "settlements", "reconciled": "reconciliation"} {
		copies += fmt.Sprintf("COPY %s TO '%s' (FORMAT parquet);\n", from, filepath.Join(folder, to))
	}
	return copies
}

// casePrefix goes before every id of a case.
func casePrefix(number int) string { return fmt.Sprintf("c%03d.", number) }

var casePrefixes = regexp.MustCompile(`c\d{3}\.`)

// settleElsewhere adds a bill on a day so early that no other day of the case sees
// it, and a settlement of the same order that counts there.
func (c *testCase) settleElsewhere() {
	early := c.bills[0].day
	for _, b := range c.bills {
		early = min(early, b.day)
	}
	early -= schema.Day(c.rules.Lookback) + 1
	bill := c.bills[0]
	bill.day, bill.row.LedgerID, bill.row.WalkAccountID = early, elsewhereAccount, elsewhereAccount
	c.bills = append(c.bills, bill)
	c.settlements = append(c.settlements, caseSettlement{
		row: schema.Settlement{
			SettleID: elsewhereAccount, OrderID: bill.row.ShopOrderID, Status: schema.StatusSuccess, Source: schema.SourceQuery,
			AskedBy: schema.Some("order_id: shop_order_id"), Amount: schema.Some(schema.Fen(1)),
		},
		day: schema.Some(early),
	})
}

// billDate returns the day of a settlement in the lake: where it was published
// before, else where the case expects Go to place it.
func (c *testCase) billDate(t *testing.T, s *caseSettlement) schema.Day {
	t.Helper()
	if s.day.Valid {
		return s.day.V
	}
	for _, line := range c.expected("placed") {
		words := strings.Fields(line)
		if words[1] == s.row.SettleID {
			day, err := parseDay(words[2])
			if err != nil {
				t.Fatal(err)
			}
			return day
		}
	}
	t.Fatalf("%s does not say on which day settlement %s is", c.name, s.row.SettleID)
	return 0
}

func prefixBill(prefix string, b *schema.Bill) {
	b.LedgerID = prefix + b.LedgerID
	prefixIDs(prefix, &b.ShopOrderID, &b.OrderExtID, &b.ItemOrderID, &b.CertificateID, &b.VerifyID)
}

func prefixSettlement(prefix string, s *schema.Settlement) {
	s.SettleID = prefix + s.SettleID
	prefixIDs(prefix, &s.OrderID, &s.OutOrderNo, &s.OutSettleNo, &s.ItemOrderID)
}

func prefixIDs(prefix string, ids ...*schema.Null[string]) {
	for _, id := range ids {
		if id.V != "" {
			id.V = prefix + id.V
		}
	}
}

// trimRow takes the prefix from the ids of a row.
func trimRow(prefix string, row *schema.Reconciliation) {
	row.GroupKey = strings.ReplaceAll(row.GroupKey, prefix, "")
	for _, id := range []*schema.Null[string]{&row.ShopOrderID, &row.ItemOrderID} {
		id.V = strings.ReplaceAll(id.V, prefix, "")
	}
	for i := range row.Reasons {
		row.Reasons[i] = strings.ReplaceAll(row.Reasons[i], prefix, "")
	}
}

// reconciliationRows reads the rows that DuckDB prints as JSON: reasons as one
// text, times in microseconds.
func reconciliationRows(t *testing.T, printed string) (rows []dated[schema.Reconciliation]) {
	t.Helper()
	var columns []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(printed), &columns); err != nil {
		t.Fatalf("%v in %s", err, printed)
	}
	for _, row := range columns {
		var r schema.Reconciliation
		billed, settled, diff := &r.Billed, &r.Settled, &r.Diff
		for leg := range schema.LegCount {
			billed[leg] = nullColumn[schema.Fen](t, row, "billed_"+leg.String()+"_fen")
			settled[leg] = nullColumn[schema.Fen](t, row, "settled_"+leg.String()+"_fen")
			diff[leg] = nullColumn[schema.Fen](t, row, "diff_"+leg.String()+"_fen")
		}
		r.WalkAccountID, r.GroupKey = column[schema.AccountID](t, row, "walk_account_id"), column[string](t, row, "group_key")
		r.ShopOrderID, r.ItemOrderID = nullColumn[string](t, row, "shop_order_id"), nullColumn[string](t, row, "item_order_id")
		r.Verdict, r.MatchedBy = column[schema.Verdict](t, row, "verdict"), nullColumn[schema.Tier](t, row, "matched_by")
		r.BillRows, r.SettlementRows = column[int64](t, row, "bill_rows"), column[int64](t, row, "settlement_rows")
		r.Reasons, r.Refund = strings.Fields(column[string](t, row, "reasons")), nullColumn[schema.Fen](t, row, "refund_fen")
		r.Cause = nullColumn[schema.Cause](t, row, "cause")
		r.Other = nullColumn[schema.Fen](t, row, "other_fen")
		r.FirstSettleTime, r.LastSettleTime = timeColumn(t, row, "first_settle_time"), timeColumn(t, row, "last_settle_time")
		rows = append(rows, dated[schema.Reconciliation]{column[schema.Day](t, row, "bill_date"), r})
	}
	return rows
}

func column[T any](t *testing.T, row map[string]json.RawMessage, name string) T {
	t.Helper()
	v := nullColumn[T](t, row, name)
	if !v.Valid {
		t.Fatalf("column %s is NULL", name)
	}
	return v.V
}

func nullColumn[T any](t *testing.T, row map[string]json.RawMessage, name string) schema.Null[T] {
	t.Helper()
	var v *T
	if err := json.Unmarshal(row[name], &v); err != nil {
		t.Fatalf("column %s: %v", name, err)
	}
	if v == nil {
		return schema.Null[T]{}
	}
	return schema.Some(*v)
}

func timeColumn(t *testing.T, row map[string]json.RawMessage, name string) schema.Null[time.Time] {
	t.Helper()
	v := nullColumn[int64](t, row, name)
	return schema.Null[time.Time]{V: time.UnixMicro(v.V), Valid: v.Valid}
}
