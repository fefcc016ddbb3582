package reconcile

import (
	"errors"
	"math"
	"testing"
	"testing/quick"

	"billwalk/schema"
)

// TestTieOut: the verdict of a withdrawal by its stage, the listing and its bills.
func TestTieOut(t *testing.T) {
	t.Parallel()
	fund := func(fen schema.Fen) schema.WithdrawnBill {
		return schema.WithdrawnBill{FundAmount: schema.Some(fen), Goods: schema.Some[schema.Fen](999)}
	}
	goods := schema.WithdrawnBill{Goods: schema.Some[schema.Fen](955)}
	unknown := schema.WithdrawnBill{}
	some, null := schema.Some[schema.Fen], schema.Null[schema.Fen]{}
	for name, c := range map[string]struct {
		amount  schema.Null[schema.Fen]
		stage   schema.WithdrawStage
		listing Listing
		bills   []schema.WithdrawnBill
		verdict schema.WithdrawVerdict
		sum     schema.Null[schema.Fen]
		diff    schema.Null[schema.Fen]
	}{
		"its bills make it up":              {some(1000), schema.WithdrawPaid, Listed, []schema.WithdrawnBill{fund(1200), fund(-200)}, schema.Tied, some(1000), some(0)},
		"goods stand for a missing fund":    {some(1055), schema.WithdrawPaid, Listed, []schema.WithdrawnBill{fund(100), goods}, schema.Tied, some(1055), some(0)},
		"a fen too little":                  {some(999), schema.WithdrawPaid, Listed, []schema.WithdrawnBill{fund(1000)}, schema.WithdrawMismatched, some(1000), some(-1)},
		"a fee withheld":                    {some(950), schema.WithdrawPaid, Listed, []schema.WithdrawnBill{fund(1000)}, schema.WithdrawMismatched, some(1000), some(-50)},
		"no bills of money":                 {some(1000), schema.WithdrawPaid, Listed, nil, schema.WithdrawMismatched, some(0), some(1000)},
		"nothing of nothing":                {some(0), schema.WithdrawPaid, Listed, nil, schema.Tied, some(0), some(0)},
		"a bill of unknown direction":       {some(1100), schema.WithdrawPaid, Listed, []schema.WithdrawnBill{fund(1000), unknown}, schema.WithdrawMismatched, some(1000), some(100)},
		"only bills of unknown direction":   {some(1000), schema.WithdrawPaid, Listed, []schema.WithdrawnBill{unknown, unknown}, schema.WithdrawMismatched, null, null},
		"no amount":                         {null, schema.WithdrawPaid, Listed, []schema.WithdrawnBill{fund(1000)}, schema.WithdrawMismatched, some(1000), null},
		"by hand":                           {some(1000), schema.WithdrawPaid, ByHand, nil, schema.WithdrawManual, null, null},
		"bills not fetched":                 {some(1000), schema.WithdrawPaid, NotListed, nil, schema.WithdrawNotAsked, null, null},
		"under way, though its bills agree": {some(1000), schema.WithdrawUnderWay, Listed, []schema.WithdrawnBill{fund(1000)}, schema.WithdrawInFlight, some(1000), some(0)},
		"failed":                            {some(1000), schema.WithdrawNotPaid, NotListed, nil, schema.WithdrawFailed, null, null},
	} {
		w := schema.Withdrawal{Amount: c.amount, BillsTotal: some(7), Diff: some(7), Verdict: "stale"}
		if err := TieOut(&w, c.stage, c.listing, c.bills); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		rows := schema.Null[int64]{V: int64(len(c.bills)), Valid: c.listing == Listed}
		if w.Verdict != c.verdict || w.BillsTotal != c.sum || w.Diff != c.diff || w.BillRows != rows {
			t.Errorf("%s: %s, bills %v %v, difference %v; want %s, %v %v, %v", name, w.Verdict, w.BillRows, w.BillsTotal, w.Diff, c.verdict, rows, c.sum, c.diff)
		}
	}
}

// TestTieOutOverflow: a sum that leaves int64 is an error and no verdict.
func TestTieOutOverflow(t *testing.T) {
	t.Parallel()
	huge := schema.WithdrawnBill{FundAmount: schema.Some[schema.Fen](math.MaxInt64)}
	w := schema.Withdrawal{AccountID: "7", WithdrawID: "11", Amount: schema.Some[schema.Fen](1)}
	if err := TieOut(&w, schema.WithdrawPaid, Listed, []schema.WithdrawnBill{huge, huge}); !errors.Is(err, schema.ErrOverflow) || w.Verdict != "" {
		t.Errorf("got %v, verdict %q", err, w.Verdict)
	}
}

// TestTieOutConserves: amount = bills + difference, and only a difference of 0 ties.
func TestTieOutConserves(t *testing.T) {
	t.Parallel()
	conserves := func(amount int32, funds []int32) bool {
		bills := make([]schema.WithdrawnBill, len(funds))
		for i, fen := range funds {
			bills[i].FundAmount = schema.Some(schema.Fen(fen))
		}
		w := schema.Withdrawal{Amount: schema.Some(schema.Fen(amount))}
		err := TieOut(&w, schema.WithdrawPaid, Listed, bills)
		return err == nil && w.BillsTotal.V+w.Diff.V == w.Amount.V && (w.Verdict == schema.Tied) == (w.Diff.V == 0)
	}
	if err := quick.Check(conserves, nil); err != nil {
		t.Error(err)
	}
}
