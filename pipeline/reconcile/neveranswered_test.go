package reconcile_test

import (
	"fmt"
	"testing"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestNeverAnsweredInSQL: the SQL of reconciliation gives the reason rule_never_answered to the
// accounts and days that the documentation names.
func TestNeverAnsweredInSQL(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	l := lake{rules: &reconcile.Rules{Match: []schema.Match{byOrder, byExt}, Lookback: 2, Configured: true}}
	add := func(account schema.AccountID, day schema.Day, from, to int) {
		for i := from; i < to; i++ {
			order := fmt.Sprintf("%s-%d", account, i)
			l.bills = append(l.bills, dated[schema.Bill]{day, schema.Bill{
				WalkAccountID: account, AccountID: string(account), LedgerID: fmt.Sprint("l", order, day), SettleType: 1,
				ShopOrderID: schema.Some(order), OrderExtID: schema.Some("e" + order),
			}})
		}
	}
	settled := func(order string, day schema.Day, source schema.Source) {
		l.settlements = append(l.settlements, dated[schema.Settlement]{day, schema.Settlement{
			SettleID: "s" + order, OrderID: schema.Some(order), AskedBy: schema.Some(byOrder.String()), Source: source, Status: schema.StatusSuccess,
		}})
	}
	add("1few", 10, 0, 49)
	add("2enough", 10, 0, 50)
	add("3window", 10, 0, 30)
	add("3window", 12, 30, 50)
	add("3window", 14, 50, 60)
	add("4same", 10, 0, 40)
	add("4same", 11, 0, 40)
	add("5found", 10, 0, 60)
	settled("5found-7", 10, schema.SourceQuery)
	add("6far", 10, 0, 60)
	add("6far", 13, 60, 61)
	settled("6far-60", 13, schema.SourceBoth)
	add("7near", 10, 0, 60)
	add("7near", 12, 60, 61)
	settled("7near-60", 12, schema.SourceQuery)
	sql := tableOf(t, schema.Bills, "bills", l.bills) + tableOf(t, schema.Settlements, "settlements", l.settlements) +
		reconcileSQL(l.rules) +
		"SELECT walk_account_id, date_diff('day', DATE '1970-01-01', bill_date), count(*) FROM reconciled\n" +
		"WHERE verdict = 'bill_only' AND list_contains(reasons, 'rule_never_answered') GROUP BY ALL ORDER BY ALL;\n"
	want := "2enough|10|50\n3window|10|30\n3window|12|20\n6far|10|60\n"
	if got := duckDB(t, "-list", ".headers off\n"+sql); got != want {
		t.Errorf("accounts and days with the reason:\n%swant\n%s", got, want)
	}
}
