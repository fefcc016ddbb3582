package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := rules()
			r.Tolerance = test.tolerance
			o := reconcile.Order{Key: "K", Bills: billsOf(t, test.bills), Settlements: settlementsOf(t, test.settlements), Asked: !test.notAsked, Elsewhere: test.elsewhere}
			if diff := cmp.Diff(test.want, "\n"+text(t, r, &o)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestNumbering: of bills with the same total on a day, the first by key is
// settled, whatever account has it and in whatever order they come.
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
			o := reconcile.Order{Key: "K", Asked: true, Bills: billsOf(t, "A 1 - 40\nA 1 - 40\nA 2 - 7"), Settlements: settlementsOf(t, "s1 SUCCESS 2 - 40")}
			first, second := &o.Bills[0], &o.Bills[1]
			first.LedgerID, second.LedgerID = "0", "0"
			first.Account, second.Account = accounts[0], accounts[1]
			set(first, second)
			want := map[schema.AccountID]schema.Verdict{first.Account: schema.Matched, second.Account: schema.BillOnly}
			for range 2 {
				outcome, err := rules().Order(1, &o)
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range outcome.Groups {
					if g.Verdict != want[g.WalkAccountID] {
						t.Errorf("%s: %s is %s", name, g.WalkAccountID, g.Verdict)
					}
				}
				o.Bills[0], o.Bills[1] = o.Bills[1], o.Bills[0]
			}
		}
	}
}

// TestSameKey: bills with one key and different content are two bills, and it
// does not count which of them comes first. Items count if settlements name them.
func TestSameKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ bills, settlements, want string }{
		{"A 1 i1 40\nA 1 i2 40\nA 2 - 7", "f1 FAIL 1 i1 40\nf2 FAIL 1 i2 40\ns1 SUCCESS 2 - 40", `
1 A K/i1 matched/amount 1:1 40/0/-40 offset_by:2/A
1 A K/i2 failed 1:1 40/_/_
2 A K failed 1:1 7/40/_
1 A f1
1 A f2
2 A s1`},
		{"A 1 i2 40 1 0 39\nA 1 i1 40 2 0 38\nA 2 - 7", "s1 SUCCESS 2 - 40 1 0 39\ns2 SUCCESS 2 - 40 2 0 38", `
1 A K matched/amount 2:0 80/0/-80 3/0/-3 0/0/0 77/0/-77 offset_by:2/A
2 A K bill_only 1:2 7/80/_ 0/3/_ 0/0/_ 7/77/_
2 A s1
2 A s2`},
	} {
		o := reconcile.Order{Key: "K", Asked: true, Bills: billsOf(t, test.bills), Settlements: settlementsOf(t, test.settlements)}
		o.Bills[1].LedgerID = o.Bills[0].LedgerID
		for range 2 {
			if diff := cmp.Diff(test.want, "\n"+text(t, rules(), &o)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			o.Bills[0], o.Bills[1] = o.Bills[1], o.Bills[0]
		}
	}
}
