package reconcile_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// shape limits random orders.
type shape struct {
	accounts, days, bills, settlements int // maximum numbers
	items, nulls                       bool
}

// random returns an order with few different amounts, so that many agree by chance.
func (s shape) random(rng *rand.Rand) *reconcile.Order {
	o := &reconcile.Order{Key: "K", Answered: rng.IntN(10) > 0, SettledElsewhere: rng.IntN(5) == 0}
	for range 1 + rng.IntN(s.bills) {
		b := reconcile.Bill{
			Day: schema.Day(rng.IntN(s.days)), Account: schema.AccountID(fmt.Sprint(rng.IntN(s.accounts))),
			BillKey:     schema.BillKey{AccountID: "P", LedgerID: fmt.Sprint(rng.IntN(4)), SettleType: 1},
			ShopOrderID: "K", ItemOrderID: s.item(rng), Legs: s.legs(rng),
		}
		o.Bills = append(o.Bills, b)
	}
	for i := range rng.IntN(s.settlements + 1) {
		legs, item := s.legs(rng), schema.Some(s.item(rng))
		if rng.IntN(2) == 0 {
			item = schema.Null[string]{}
		}
		settlement := schema.Settlement{
			SettleID: fmt.Sprint(i), ItemOrderID: item,
			Status: []schema.Status{schema.StatusSuccess, schema.StatusSuccess, schema.StatusSuccess, schema.StatusSuccess,
				schema.StatusFail, schema.StatusProcessing, "WAITING"}[rng.IntN(7)],
			Amount: legs[schema.LegTotal], Rake: legs[schema.LegFee], Commission: legs[schema.LegCommission], SharesTotal: legs[schema.LegNet],
		}
		if s.items && i > 0 && rng.IntN(2) == 0 && !has(o.Settlements, o.Settlements[i-1].SettleID, item) {
			settlement.SettleID = o.Settlements[i-1].SettleID // another item of it
		}
		if rng.IntN(8) > 0 {
			settlement.SettleTime = schema.Some(schema.Day(rng.IntN(s.days+4) - 2).Start().UTC())
		}
		o.Settlements = append(o.Settlements, settlement)
	}
	return o
}

// has reports whether there is a settlement with the settle_id and item.
func has(settlements []schema.Settlement, settleID string, item schema.Null[string]) bool {
	return slices.ContainsFunc(settlements, func(s schema.Settlement) bool { return s.SettleID == settleID && s.ItemOrderID.V == item.V })
}

func (s shape) item(rng *rand.Rand) string {
	if !s.items {
		return ""
	}
	return []string{"", "i1", "i2"}[rng.IntN(3)]
}

func (s shape) legs(rng *rand.Rand) (legs schema.Legs) {
	total := schema.Fen(rng.IntN(4))
	net := total
	if rng.IntN(6) == 0 {
		net++
	}
	for leg, v := range []schema.Fen{total, 1, 0, net} {
		if !s.nulls || rng.IntN(12) > 0 {
			legs[leg] = schema.Some(v)
		}
	}
	return legs
}

// each calls check with many random orders.
func (s shape) each(t *testing.T, seed uint64, check func(*testing.T, *reconcile.Rules, *reconcile.Order)) {
	for n := range uint64(1500) {
		r := rules()
		r.Tolerance = schema.Fen(n % 2)
		o := s.random(rand.New(rand.NewPCG(seed, n)))
		check(t, r, o)
		if t.Failed() {
			t.Fatalf("order %d of seed %d: %+v\n%s", n, seed, o, orderText(t, r, o))
		}
	}
}

// outcomesOf returns the outcomes of the days from -1 to 6.
func outcomesOf(t *testing.T, r *reconcile.Rules, o *reconcile.Order) (outcomes []reconcile.Outcome) {
	t.Helper()
	for day := schema.Day(-1); day <= 6; day++ {
		outcome, err := r.Reconcile(day, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(o.Bills, func(b reconcile.Bill) bool { return b.Day == day }) && (outcome.Groups != nil || outcome.Settlements != nil) {
			t.Errorf("got %+v for day %d, which has no bills", outcome, day)
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes
}

// sums are sums of the known amounts, by leg.
type sums [schema.LegCount]schema.Fen

func (s *sums) add(legs *schema.Legs) {
	for leg, v := range legs {
		s[leg] += v.V // 0 if NULL
	}
}

// TestConservation: over the days of an order not longer than the lookback, each
// bill and each settlement is in exactly one group, and the sums are theirs.
func TestConservation(t *testing.T) {
	t.Parallel()
	shape{accounts: 3, days: lookback + 1, bills: 6, settlements: 5, items: true, nulls: true}.each(t, 1, func(t *testing.T, r *reconcile.Rules, o *reconcile.Order) {
		var billed, settled, wantBilled, wantSettled sums
		var bills, settlements int64
		var placed []string
		for _, outcome := range outcomesOf(t, r, o) {
			for _, g := range outcome.Groups {
				bills += g.BillRows
				settlements += g.SettlementRows
				billed.add(&g.Billed)
				settled.add(&g.Settled)
				checkRow(t, &g)
			}
			byAccountAndKey := func(a, b schema.Reconciliation) int {
				return cmp.Or(cmp.Compare(a.WalkAccountID, b.WalkAccountID), cmp.Compare(a.GroupKey, b.GroupKey))
			}
			if !slices.IsSortedFunc(outcome.Groups, byAccountAndKey) ||
				len(slices.CompactFunc(slices.Clone(outcome.Groups), func(a, b schema.Reconciliation) bool { return byAccountAndKey(a, b) == 0 })) != len(outcome.Groups) {
				t.Errorf("got groups that are not sorted or not unique: %+v", outcome.Groups)
			}
			if !slices.IsSortedFunc(outcome.Settlements, func(a, b reconcile.Placed) int {
				return cmp.Or(cmp.Compare(a.Settlement.SettleID, b.Settlement.SettleID), cmp.Compare(a.Settlement.ItemOrderID.V, b.Settlement.ItemOrderID.V))
			}) {
				t.Error("settlements are not sorted")
			}
			for _, p := range outcome.Settlements {
				placed = append(placed, p.Settlement.SettleID+"/"+p.Settlement.ItemOrderID.V)
				if p.Account != outcome.Groups[0].WalkAccountID {
					t.Errorf("got settlement %s in the bucket of account %s", p.Settlement.SettleID, p.Account)
				}
			}
		}
		for i := range o.Bills {
			wantBilled.add(&o.Bills[i].Legs)
		}
		want := make([]string, len(o.Settlements))
		for i, s := range o.Settlements {
			want[i] = s.SettleID + "/" + s.ItemOrderID.V
			if s.Status == schema.StatusSuccess {
				wantSettled.add(&schema.Legs{s.Amount, s.Rake, s.Commission, s.SharesTotal})
			}
		}
		slices.Sort(want)
		slices.Sort(placed)
		if !slices.Equal(placed, want) || settlements != int64(len(want)) || settled != wantSettled {
			t.Errorf("got settlements %v placed, %d in groups, sums %v; want %v, %v", placed, settlements, settled, want, wantSettled)
		}
		if bills != int64(len(o.Bills)) || billed != wantBilled {
			t.Errorf("got %d bills, sums %v; want %d, %v", bills, billed, len(o.Bills), wantBilled)
		}
	})
}

// checkRow checks what every row of an order must have.
func checkRow(t *testing.T, g *schema.Reconciliation) {
	t.Helper()
	if g.MatchedBy.Valid != (g.Verdict == schema.Matched) || g.BillRows == 0 || g.Refund.Valid {
		t.Errorf("row %+v", g)
	}
	if g.FirstSettleTime.Valid != g.LastSettleTime.Valid || g.LastSettleTime.V.Before(g.FirstSettleTime.V) {
		t.Errorf("settle times of %+v", g)
	}
	compared := g.Verdict == schema.Matched || g.Verdict == schema.Mismatched
	for leg := range schema.LegCount {
		if d := g.Diff[leg]; d.Valid && (!compared || !g.Billed[leg].Valid || !g.Settled[leg].Valid || d.V != g.Settled[leg].V-g.Billed[leg].V) {
			t.Errorf("difference of %s in %+v", leg, g)
		}
	}
}

// TestAnyOrder: the result does not depend on the order of bills and settlements, even
// of bills with the same key.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(2, 0))
	shape{accounts: 3, days: 6, bills: 8, settlements: 6, items: true, nulls: true}.each(t, 2, func(t *testing.T, r *reconcile.Rules, o *reconcile.Order) {
		want := outcomesOf(t, r, o)
		shuffled := reconcile.Order{Key: o.Key, Bills: slices.Clone(o.Bills), Settlements: slices.Clone(o.Settlements), Answered: o.Answered, SettledElsewhere: o.SettledElsewhere}
		rng.Shuffle(len(o.Bills), func(i, j int) { shuffled.Bills[i], shuffled.Bills[j] = shuffled.Bills[j], shuffled.Bills[i] })
		rng.Shuffle(len(o.Settlements), func(i, j int) {
			shuffled.Settlements[i], shuffled.Settlements[j] = shuffled.Settlements[j], shuffled.Settlements[i]
		})
		if got := outcomesOf(t, r, &shuffled); !reflect.DeepEqual(got, want) {
			t.Errorf("shuffled to %+v:\n%s", shuffled, gocmp.Diff(want, got))
		}
	})
}

// TestWindowAddsUp: the differences of the groups that match over the window add
// up to one within the tolerance, in each leg that was compared.
func TestWindowAddsUp(t *testing.T) {
	t.Parallel()
	seen := 0
	shape{accounts: 2, days: lookback + 1, bills: 5, settlements: 4, nulls: true}.each(t, 3, func(t *testing.T, r *reconcile.Rules, o *reconcile.Order) {
		var sum sums
		var groups []schema.Reconciliation
		for _, outcome := range outcomesOf(t, r, o) {
			for _, g := range outcome.Groups {
				if g.MatchedBy == schema.Some(schema.ByOrderWindow) {
					groups = append(groups, g)
					sum.add(&g.Diff)
				}
			}
		}
		for leg := range schema.LegCount {
			if len(groups) > 1 && !slices.ContainsFunc(groups[0].Reasons, func(reason string) bool { return strings.HasPrefix(reason, leg.String()) }) {
				seen++
				if sum[leg] < -r.Tolerance || sum[leg] > r.Tolerance {
					t.Errorf("got sum %[2]d of the differences of %[1]s", leg, sum[leg])
				}
			}
		}
	})
	if seen < 25 {
		t.Errorf("got %d compared legs, want at least 25", seen)
	}
}

// TestLoneGroup compares the verdicts on orders of one group with plainVerdict: there
// all tiers are the same.
func TestLoneGroup(t *testing.T) {
	t.Parallel()
	seen := make(map[schema.Verdict]int)
	shape{accounts: 1, days: 1, bills: 2, settlements: 3, nulls: true}.each(t, 4, func(t *testing.T, r *reconcile.Rules, o *reconcile.Order) {
		want := plainVerdict(r, o)
		seen[want]++
		outcome, err := r.Reconcile(0, o)
		if err != nil || len(outcome.Groups) != 1 || outcome.Groups[0].Verdict != want {
			t.Errorf("got %+v (%v), want verdict %s", outcome, err, want)
		}
	})
	if len(seen) != 5 {
		t.Errorf("got verdicts %v, want five different ones", seen)
	}
}

// plainVerdict returns the verdict on an order of one group.
func plainVerdict(r *reconcile.Rules, o *reconcile.Order) schema.Verdict {
	var sum sums
	var null [schema.LegCount]bool
	add := func(legs schema.Legs, sign schema.Fen) {
		for leg, v := range legs {
			null[leg] = null[leg] || !v.Valid
			sum[leg] += sign * v.V
		}
	}
	for _, b := range o.Bills {
		add(b.Legs, -1)
	}
	count := make(map[schema.Status]int)
	for _, s := range o.Settlements {
		count[s.Status]++
		if s.Status == schema.StatusSuccess {
			add(schema.Legs{s.Amount, s.Rake, s.Commission, s.SharesTotal}, +1)
		}
	}
	inFlight := count[schema.StatusProcessing]+count["WAITING"] > 0
	agrees := count[schema.StatusSuccess] > 0 && !inFlight && slices.Contains(null[:], false)
	for leg := range sum {
		agrees = agrees && (null[leg] || max(sum[leg], -sum[leg]) <= r.Tolerance)
	}
	switch {
	case agrees:
		return schema.Matched
	case len(o.Settlements) == 0 && o.SettledElsewhere:
		return schema.Mismatched
	case len(o.Settlements) == 0 && o.Answered:
		return schema.BillOnly
	case len(o.Settlements) == 0 || inFlight:
		return schema.Pending
	case count[schema.StatusFail] > 0:
		return schema.SettleFailed
	}
	return schema.Mismatched
}
