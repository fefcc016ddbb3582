package reconcile_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestUnmatchedConservation: each settlement is in exactly one group, the sums are
// theirs, and the result does not depend on their order.
func TestUnmatchedConservation(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(5, seed))
		o := shape{accounts: 1, days: 3, bills: 1, settlements: 12, items: true, nulls: true}.random(rng)
		var want, got sums
		for i := range o.Settlements {
			s := &o.Settlements[i]
			s.OrderID = []schema.Null[string]{{}, schema.Some(""), schema.Some("K"), schema.Some("L")}[rng.IntN(4)]
			if s.Status == schema.StatusSuccess {
				want.add(&schema.Legs{s.Amount, s.Rake, s.Commission, s.SharesTotal})
			}
		}
		rows, err := reconcile.Unmatched(1, o.Settlements)
		if err != nil {
			t.Fatal(err)
		}
		var settlements int64
		for i := range rows {
			settlements += rows[i].SettlementRows
			got.add(&rows[i].Settled)
			if i > 0 && rows[i-1].GroupKey >= rows[i].GroupKey {
				t.Errorf("seed %d: %s before %s", seed, rows[i-1].GroupKey, rows[i].GroupKey)
			}
		}
		if settlements != int64(len(o.Settlements)) || got != want {
			t.Errorf("seed %d: got %d settlements in groups, sums %v; want %d, %v", seed, settlements, got, len(o.Settlements), want)
		}
		shuffled := slices.Clone(o.Settlements)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, err := reconcile.Unmatched(1, shuffled)
		if diff := cmp.Diff(rows, again); diff != "" || err != nil {
			t.Errorf("seed %d, shuffled (%v):\n%s", seed, err, diff)
		}
	}
}

func TestUnmatchedOverflow(t *testing.T) {
	t.Parallel()
	settlements := settlementsOf(t, "s1 SUCCESS 9223372036854775807 item=i\ns2 SUCCESS 1 item=i\ns3 SUCCESS 1 order=L")
	_, err := reconcile.Unmatched(1, settlements)
	if !errors.Is(err, schema.ErrOverflow) || !strings.HasPrefix(err.Error(), "group K/i, settlement_only on 1970-01-02: sum of total") {
		t.Error(err)
	}
}
