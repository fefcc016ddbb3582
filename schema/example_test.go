package schema_test

import (
	"fmt"

	"billwalk/schema"
)

// Money is counted in fen and never passes through a float. A sum that would leave int64
// is an error.
func ExampleFen() {
	paid, refunded := schema.Fen(12345), schema.Fen(-2345)
	total, err := paid.Add(refunded)
	fmt.Println(total.Yuan(), err)
	_, err = schema.Fen(1<<63 - 1).Add(1)
	fmt.Println(err)
	// Output:
	// 100.00 <nil>
	// amount of money overflows int64 fen
}

// The commissions of a bill are its total_commission if that is known, else the known parts.
func ExampleAmounts_Commissions() {
	var amounts schema.Amounts
	amounts[schema.TalentCommission] = schema.Some(schema.Fen(300))
	amounts[schema.MallStoreGoods] = schema.Some(schema.Fen(50))
	sum, err := schema.Total(amounts.Commissions()...)
	fmt.Println(sum.V.Yuan(), sum.Valid, err)
	// Output: 3.50 true <nil>
}

// Tables is the list from which views, manifests and documentation are made.
func ExampleTables() {
	for _, table := range schema.Tables {
		d := table.Describe()
		fmt.Println(d.Name, d.Label, d.Columns[0].Name)
	}
	// Output:
	// bills 账单 account_id
	// settlements 分账 settle_id
	// reconciliation 对账 walk_account_id
	// exceptions 异常 rule
	// restatements 账单变更 account_id
	// stores 门店 root_account_id
	// withdrawals 提现 account_id
	// withdrawn_bills 提现明细 account_id
}

// A table's fields read and set the columns of a row.
func ExampleTable_Column() {
	bill := schema.Bill{LedgerID: "98765432100000000001"}
	bill.Amounts[schema.Goods] = schema.Some(schema.Fen(9900))
	for _, name := range []string{"ledger_id", "goods_fen", "poi_id"} {
		value := schema.Bills.Column(name).Text(&bill)
		fmt.Printf("%s: %q, NULL: %t\n", name, value.V, !value.Valid)
	}
	// Output:
	// ledger_id: "98765432100000000001", NULL: false
	// goods_fen: "9900", NULL: false
	// poi_id: "", NULL: true
}

// Each verdict has a label, a meaning, and whether somebody has to act on it.
func ExampleVerdict() {
	for _, v := range schema.Verdicts {
		fmt.Println(v, v.Label(), v.Open())
	}
	// Output:
	// matched 平账 false
	// mismatched 差异 true
	// bill_only 有账单、未查到分账 true
	// settlement_only 有分账、未查到账单 true
	// pending 分账处理中 true
	// failed 分账失败 true
	// not_applicable 不纳入比对 false
}
