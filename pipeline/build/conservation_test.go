package build

import (
	"errors"
	"testing"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// billOf is a bill with a total alone.
func billOf(settleType int32, total schema.Fen) reconcile.Bill {
	return reconcile.Bill{BillKey: schema.BillKey{SettleType: settleType}, Legs: schema.Legs{schema.LegTotal: schema.Some(total)}}
}

// TestConservationIsChecked: groups that lose a bill or a fen, or have one twice,
// do not pass.
func TestConservationIsChecked(t *testing.T) {
	t.Parallel()
	bill := billOf(1, 10)
	refund, fee := billOf(2, -3), billOf(3, -2)
	fen := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	for name, row := range map[string]struct {
		groups []schema.Reconciliation
		ok     bool
	}{
		"all of it":        {[]schema.Reconciliation{{BillRows: 1, Billed: schema.Legs{fen(10)}}, {BillRows: 1, Refund: fen(-3)}, {BillRows: 1, Other: fen(-2)}}, true},
		"in one group":     {[]schema.Reconciliation{{BillRows: 3, Billed: schema.Legs{fen(10)}, Refund: fen(-3), Other: fen(-2)}}, true},
		"a bill lost":      {[]schema.Reconciliation{{BillRows: 2, Billed: schema.Legs{fen(10)}, Refund: fen(-3), Other: fen(-2)}}, false},
		"a bill twice":     {[]schema.Reconciliation{{BillRows: 4, Billed: schema.Legs{fen(10)}, Refund: fen(-3), Other: fen(-2)}}, false},
		"a fen lost":       {[]schema.Reconciliation{{BillRows: 3, Billed: schema.Legs{fen(9)}, Refund: fen(-3), Other: fen(-2)}}, false},
		"another leg":      {[]schema.Reconciliation{{BillRows: 3, Billed: schema.Legs{fen(10), fen(1)}, Refund: fen(-3), Other: fen(-2)}}, false},
		"refunds added":    {[]schema.Reconciliation{{BillRows: 3, Billed: schema.Legs{fen(7)}, Other: fen(-2)}}, false},
		"all as refunds":   {[]schema.Reconciliation{{BillRows: 3, Billed: schema.Legs{fen(10)}, Refund: fen(-5)}}, false},
		"another fee lost": {[]schema.Reconciliation{{BillRows: 3, Billed: schema.Legs{fen(10)}, Refund: fen(-3)}}, false},
		"no group at all":  {nil, false},
	} {
		var c conservation
		for _, b := range []error{c.bill(&bill), c.bill(&refund), c.bill(&fee)} {
			if b != nil {
				t.Fatal(b)
			}
		}
		for i := range row.groups {
			if err := c.group(&row.groups[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.check(); (err == nil) != row.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	var c conservation
	most := billOf(1, 1<<63-1)
	if err := errors.Join(c.bill(&most), c.bill(&bill)); !errors.Is(err, schema.ErrOverflow) {
		t.Errorf("a sum beyond int64: %v", err)
	}
}
