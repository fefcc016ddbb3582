package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

func TestNotCompared(t *testing.T) {
	t.Parallel()
	fen := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	bill := func(account schema.AccountID, shop, ext, ledger string, settleType int32, legs ...schema.Null[schema.Fen]) reconcile.Bill {
		b := reconcile.Bill{Day: 1, Account: account, ShopOrderID: shop, OrderExtID: ext, BillKey: schema.BillKey{AccountID: "P", LedgerID: ledger, SettleType: settleType}}
		copy(b.Legs[:], legs)
		return b
	}
	sub := bill("B", "", "", "8", 4, fen(-3))
	sub.SettleSubType = schema.Some(int32(21))
	bills := []reconcile.Bill{
		sub,
		bill("A", "K", "", "1", 1, fen(100)), // takes part
		bill("A", "K", "", "2", 2, fen(-100)),
		bill("A", "K", "E", "3", 3, fen(-5)),
		bill("A", "K", "", "4", 9), // amounts unknown
		bill("A", "", "E", "5", 2),
		bill("A", "", "", "6", 1, fen(10), fen(1), schema.Null[schema.Fen]{}, fen(9)),
		bill("A", "", "", "6", 1, fen(20), fen(2), schema.Null[schema.Fen]{}, schema.Null[schema.Fen]{}),
		bill("A", "", "", "7", 2, fen(-7)),
	}
	row := func(account schema.AccountID, key string, rows int64, reason string) schema.Reconciliation {
		return schema.Reconciliation{WalkAccountID: account, GroupKey: key, Verdict: schema.NotApplicable, Reasons: []string{reason}, BillRows: rows}
	}
	order := row("A", "K#non-forward", 3, "non_forward")
	order.ShopOrderID, order.Refund, order.Other = schema.Some("K"), fen(-100), fen(-5)
	keyless := row("A", "bill:P/6/1/", 2, "no_key")
	keyless.Billed = schema.Legs{fen(30), fen(3), schema.Null[schema.Fen]{}, fen(9)}
	single := row("A", "bill:P/7/2/", 1, "non_forward")
	single.Refund = fen(-7)
	debt := row("B", "bill:P/8/4/21", 1, "non_forward")
	debt.Other = fen(-3)
	want := []schema.Reconciliation{order, keyless, single, row("A", "ext:E#non-forward", 1, "non_forward"), debt}

	got, err := rules().NotCompared(bills)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("(-want +got, %v):\n%s", err, diff)
	}
	sale := reconcile.Bill{Account: "A", ShopOrderID: "O", BillKey: schema.BillKey{SettleType: reconcile.ForwardType}}
	for _, b := range bills {
		alone, err := rules().NotCompared([]reconcile.Bill{b})
		beside, besideErr := rules().NotCompared([]reconcile.Bill{b, sale})
		if diff := cmp.Diff(beside, alone); diff != "" || err != nil || besideErr != nil {
			t.Errorf("%+v: alone, and beside a sale, %v %v:\n%s", b, err, besideErr, diff)
		}
	}
	want[1].Reasons = []string{"not_configured"}
	got, err = new(reconcile.Rules).NotCompared(bills)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("without a trade app (-want +got, %v):\n%s", err, diff)
	}
}
