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
		s := shape{accounts: 1 + n%2, days: 1 + n/2%2, bills: 1 + n%4, settlements: n % 3, items: n%5 == 0, nulls: n%7 == 0}
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
	}
	for _, verdict := range []string{"matched0", "matched1", "bill_only0", "pending1", "not_applicable1"} {
		if recognised[verdict] < 100 {
			t.Errorf("%d orders were recognised as %s: %v", recognised[verdict], verdict, recognised)
		}
	}
}

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
	}
}
