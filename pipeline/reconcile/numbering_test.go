package reconcile_test

import (
	"testing"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestNumbering: of bills with the same total on one day, the first by key has
// the settlement, whichever account it is of and whichever comes first.
func TestNumbering(t *testing.T) {
	t.Parallel()
	sub := func(v int32) schema.Null[int32] { return schema.Some(v) }
	for name, set := range map[string]func(first, second *reconcile.Bill){
		"account_id":           func(first, second *reconcile.Bill) { first.AccountID, second.AccountID = "O", "P" },
		"ledger_id":            func(first, second *reconcile.Bill) { first.LedgerID, second.LedgerID = "0", "1" },
		"settle_sub_type":      func(first, second *reconcile.Bill) { first.SettleSubType, second.SettleSubType = sub(21), sub(22) },
		"settle_sub_type NULL": func(_, second *reconcile.Bill) { second.SettleSubType = sub(0) },
		"walk_account_id":      func(first, second *reconcile.Bill) { first.Account, second.Account = "A", "B" },
	} {
		for _, accounts := range [][2]schema.AccountID{{"A", "B"}, {"B", "A"}} {
			o := reconcile.Order{Key: "K", Answered: true, Bills: billsOf(t, "1 A 40\n1 A 40\n2 A 7"), Settlements: settlementsOf(t, "s1 SUCCESS 40 at=2")}
			first, second := &o.Bills[0], &o.Bills[1]
			first.LedgerID, second.LedgerID = "0", "0"
			first.Account, second.Account = accounts[0], accounts[1]
			set(first, second)
			want := map[schema.AccountID]schema.Verdict{first.Account: schema.Matched, second.Account: schema.BillOnly}
			for range 2 {
				outcome, err := rules().Reconcile(1, &o)
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range outcome.Groups {
					if g.Verdict != want[g.WalkAccountID] {
						t.Errorf("%s: the group of %s is %s, want %s", name, g.WalkAccountID, g.Verdict, want[g.WalkAccountID])
					}
				}
				o.Bills[0], o.Bills[1] = o.Bills[1], o.Bills[0]
			}
		}
	}
}
