package reconcile_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestOneGroup: the usual order, where it is recognised, has the outcome that it has as any
// order; and agrees alike.
func TestOneGroup(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(15, 2))
	recognised := make(map[string]int)
	for n := range 200_000 {
		s := shape{accounts: 1 + n%2, days: 1 + n/2%2, bills: 1 + n%4, settlements: n % 4, items: n%5 == 0, nulls: n%7 == 0}
		o, r := s.random(rng), rules()
		oddities(rng, r, o)
		got, ok := r.OneGroup(0, o)
		if !ok {
			continue
		}
		want, err := r.ReconcileAny(0, o)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("%+v (-any order +one group)\n%s", o, diff)
		}
		if r.Configured {
			agrees, err := r.AgreesAny(0, o)
			if fast := got.Groups[0].Verdict == schema.Matched; err != nil || agrees != fast {
				t.Fatalf("%+v: agrees %v, %v (%v)", o, agrees, fast, err)
			}
		}
		recognised[fmt.Sprint(got.Groups[0].Verdict, len(got.Groups[0].Reasons))]++
		if m := got.Groups[0].MatchedBy; m.Valid {
			recognised[fmt.Sprint(m.V, len(got.Settlements))]++
		}
	}
	for _, verdict := range []string{"matched0", "matched1", "bill_only0", "pending1", "not_applicable1", "order1", "order2", "order3", "item1", "item2", "item3"} {
		if recognised[verdict] < 100 {
			t.Errorf("%d orders were recognised as %s: %v", recognised[verdict], verdict, recognised)
		}
	}
}

var zero = schema.Some(schema.Fen(0))

// oddities changes rules and an order at random.
func oddities(rng *rand.Rand, r *reconcile.Rules, o *reconcile.Order) {
	r.Configured = rng.IntN(5) > 0
	r.Tolerance = schema.Fen(rng.IntN(3))
	o.SettledElsewhere = rng.IntN(10) == 0
	for i := range o.Bills {
		b := &o.Bills[i]
		switch rng.IntN(20) {
		case 0:
			b.ShopOrderID, b.OrderExtID = "", "K"
		case 1:
			b.Legs[schema.LegTotal] = schema.Some(schema.Fen(math.MaxInt64))
		}
	}
	if len(o.Settlements) > 0 && rng.IntN(2) == 0 { // one that agrees, or nearly
		s := &o.Settlements[0]
		s.Status, s.ItemOrderID = schema.StatusSuccess, schema.Null[string]{}
		sum := func(leg schema.Leg) (v schema.Null[schema.Fen]) {
			for i := range o.Bills {
				v = schema.Some(v.V + o.Bills[i].Legs[leg].V + schema.Fen(rng.IntN(30)/29))
			}
			return v
		}
		s.Amount, s.Rake, s.Commission, s.SharesTotal = sum(schema.LegTotal), sum(schema.LegFee), sum(schema.LegCommission), sum(schema.LegNet)
		for i := range o.Settlements[1:] { // which add nothing
			more := &o.Settlements[1+i]
			*more = schema.Settlement{SettleID: more.SettleID, Status: schema.StatusSuccess, SettleTime: more.SettleTime, Amount: zero, Rake: zero, Commission: zero, SharesTotal: zero}
		}
		if rng.IntN(3) == 0 {
			items := [20]string{"", "i2"} // and i1
			for i := range items[2:] {
				items[2+i] = "i1"
			}
			for i := range o.Settlements {
				o.Settlements[i].ItemOrderID = schema.Some(items[rng.IntN(len(items))])
			}
			for i := range o.Bills {
				o.Bills[i].ItemOrderID = items[rng.IntN(len(items))]
			}
		}
		rng.Shuffle(len(o.Settlements), func(i, j int) { o.Settlements[i], o.Settlements[j] = o.Settlements[j], o.Settlements[i] })
	}
}
