package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestPaidWithoutABill: a settlement that succeeded stays when the last bill of its
// order is removed, for as long as there is none, and is named; one whose order has
// another bill goes with that.
func TestPaidWithoutABill(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		rest := sales(store.ID, 20)
		kept, moved := sale(store.ID, "a", "A", "", 100), sale(store.ID, "b", "B", "", 200)
		w.trade.set(byShop, "A", settlement("sA", schema.StatusSuccess, 100, day), settlement("fA", schema.StatusFail, 100, day))
		w.trade.set(byShop, "B", settlement("sB", schema.StatusSuccess, 200, day))
		night := func(bills, next []string, want, settlements []string) {
			t.Helper()
			w.platform.set(at(store, day), append(bills, rest...)...)
			w.platform.set(at(store, day+1), next...)
			w.run(pipeline.ExitDone, on(day+1), lookback(1), allowShrink)
			var got []string
			for _, line := range w.verdicts(day, day+1) {
				if line[9:10] != "S" {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(settlements, w.settlements(day, day+1)); diff != "" {
				t.Errorf("settlements (-want +got):\n%s", diff)
			}
			time.Sleep(24 * time.Hour)
		}
		night([]string{kept, moved}, nil, []string{"20 store A matched/order 1:2 100/100/0", "20 store B matched/order 1:1 200/200/0"}, []string{"20 fA", "20 sA", "20 sB"})
		removed := "20  A#bill_removed settlement_only bill_removed 0:1 _/100/_"
		for range 2 {
			night(nil, []string{moved}, []string{removed, "21 store B matched/order 1:1 200/200/0"}, []string{"20 sA", "21 sB"})
			var rules []string
			for _, e := range w.lake.exceptions(day) {
				rules = append(rules, string(e.Rule)+" "+e.SettleID.V+" "+e.ShopOrderID.V)
			}
			if diff := cmp.Diff([]string{"bill_removed sA A"}, rules); diff != "" {
				t.Errorf("exceptions (-want +got):\n%s", diff)
			}
		}
		w.run(pipeline.ExitDone, replay, on(day+1), lookback(1))
		night([]string{kept}, []string{moved}, []string{"20 store A matched/order 1:2 100/100/0", "21 store B matched/order 1:1 200/200/0"}, []string{"20 fA", "20 sA", "21 sB"})
	})
}
