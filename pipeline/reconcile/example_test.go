package reconcile_test

import (
	"fmt"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// An order was billed with 100 yuan and settled with 99.
func Example() {
	rules := reconcile.Rules{
		Match:      []schema.Match{{Parameter: "order_id", Column: "shop_order_id"}},
		Lookback:   7,
		Configured: true,
	}
	day, _ := schema.ParseDay("2026-11-20")
	bill, err := reconcile.NewBill(day, &schema.Bill{
		WalkAccountID: "7113893944009705516", LedgerID: "1", SettleType: 1, ShopOrderID: schema.Some("1000000000000000001"),
		Amounts: schema.Amounts{schema.LedgerTotal: schema.Some(schema.Fen(100_00)), schema.Goods: schema.Some(schema.Fen(95_00))},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	outcome, err := rules.Reconcile(day, &reconcile.Order{
		Key:   bill.OrderKey(),
		Bills: []reconcile.Bill{bill},
		Settlements: []schema.Settlement{{
			SettleID: "1", Status: schema.StatusSuccess,
			Amount: schema.Some(schema.Fen(99_00)), SharesTotal: schema.Some(schema.Fen(95_00)),
		}},
		Answered: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, group := range outcome.Groups {
		fmt.Println(group.GroupKey, group.Verdict, group.Reasons, int64(group.Diff[schema.LegTotal].V), "fen")
	}
	// Output:
	// 1000000000000000001 mismatched [total_differs fee_not_billed commission_not_billed] -100 fen
}
