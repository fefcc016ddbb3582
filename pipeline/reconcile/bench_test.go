package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// BenchmarkReconcile reconciles orders of one bill and one settlement, and orders with
// bills on three days and one settlement on the last.
func BenchmarkReconcile(b *testing.B) {
	fen := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	order := func(i, days int, status schema.Status) *reconcile.Order {
		o := &reconcile.Order{Key: fmt.Sprintf("10%017d", i), Answered: true}
		legs := schema.Legs{fen(9900), schema.Null[schema.Fen]{}, schema.Null[schema.Fen]{}, fen(9405)}
		for day := range days {
			o.Bills = append(o.Bills, reconcile.Bill{
				Day: schema.Day(20000 + day), Account: "7113893944009705516", ShopOrderID: o.Key, Legs: legs,
				BillKey: schema.BillKey{AccountID: "7113893944009705516", LedgerID: fmt.Sprint(i, day), SettleType: 1},
			})
		}
		at := schema.Day(20000 + days - 1).Start().Add(20 * time.Hour)
		o.Settlements = []schema.Settlement{{
			SettleID: fmt.Sprint(i), OrderID: schema.Some(o.Key), Status: status, SettleTime: schema.Some(at),
			Amount: fen(9900 * schema.Fen(days)), Rake: fen(495), Commission: fen(0), SharesTotal: fen(9405 * schema.Fen(days)),
		}}
		return o
	}
	for _, test := range []struct {
		name    string
		days    int
		status  schema.Status
		verdict schema.Verdict
	}{
		{"settled", 1, schema.StatusSuccess, schema.Matched},
		{"failed", 1, schema.StatusFail, schema.SettleFailed},
		{"three-days", 3, schema.StatusSuccess, schema.Matched},
	} {
		b.Run(test.name, func(b *testing.B) {
			orders := make([]*reconcile.Order, 1000)
			for i := range orders {
				orders[i] = order(i, test.days, test.status)
			}
			r := rules()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				outcome, err := r.Reconcile(20000, orders[n%len(orders)])
				if err != nil || outcome.Groups[0].Verdict != test.verdict {
					b.Fatalf("%+v (%v)", outcome, err)
				}
				n++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
