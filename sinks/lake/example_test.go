package lake_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object/objecttest"
)

// publish publishes one bill in place of the base.
func publish(ctx context.Context, l *lake.Lake, base schema.Base, goods schema.Fen) error {
	stage, err := l.Stage(base)
	if err != nil {
		return err
	}
	defer stage.Close()
	bill := schema.Bill{
		AccountID: "1", LedgerID: "98765432100000000001", WalkAccountID: "1", SettleType: 1,
		FetchedAt: time.Unix(1, 0).UTC(), ArchiveKey: "archive/bills/…",
	}
	bill.Amounts[schema.Goods] = schema.Some(goods)
	if err := stage.Append(&bill); err != nil {
		return err
	}
	manifest := new(schema.Manifest)
	if err := stage.Finish(manifest); err != nil {
		return err
	}
	return stage.Publish(ctx, manifest)
}

// A run reads the base first, and replaces nothing newer: of two runs with one base the
// second one changes nothing.
func Example() {
	ctx := context.Background()
	l, err := lake.Open(ctx, objecttest.NewMem(), 1, "v1.0.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	day, _ := schema.ParseDay("2026-11-20")
	base, err := l.Base(ctx, day, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("first:", publish(ctx, l, base, 9900))
	fmt.Println("second is superseded:", errors.Is(publish(ctx, l, base, 100), schema.ErrSuperseded))
	for bill, err := range l.Bills(ctx, day, 0, "ledger_id", "goods_fen") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(bill.LedgerID, bill.Amounts[schema.Goods].V.Yuan())
	}
	// Output:
	// first: <nil>
	// second is superseded: true
	// 98765432100000000001 99.00
}
