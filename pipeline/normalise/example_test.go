package normalise_test

import (
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// A page with a refund becomes a bill with negative amounts.
func Example() {
	page, err := normalise.DecodePage([]byte(`{
		"data": {"has_more": false, "ledger_records": [
			{"account_id": "7113893944009705516", "ledger_id": "1", "settle_type": 2, "shop_order_id": "1000000000000000001",
			 "amount": {"pay": 990, "ledger_platform_ticket": 0, "ledger_total": 1000}}
		]},
		"extra": {"error_code": 0}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	day, _ := schema.ParseDay("2026-11-20")
	for _, record := range page.Records {
		row := normalise.Normaliser{}.Row(record, normalise.Provenance{Walk: "7113893944009705516", Root: true, Day: day})
		fmt.Println(row.Bill.LedgerID, row.Bill.Direction.V, int64(row.Bill.Amounts[schema.LedgerTotal].V))
		for _, e := range row.Exceptions {
			fmt.Println(e.Rule, e.Detail, int64(e.Expected.V), int64(e.Actual.V))
		}
	}
	// Output:
	// 1 -1 -1000
	// ledger_total_identity ledger_total should be pay + ledger_platform_ticket -990 -1000
}
