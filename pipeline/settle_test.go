package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestAskedOnce: bills, accounts, buckets and days that share an order share its
// question; bills that are not forward, or have nothing to ask with, ask nothing.
func TestAskedOnce(t *testing.T) {
	t.Parallel()
	for _, inFlight := range []int{1, 7} {
		settles(t, []schema.Account{store, kiosk, brand}, []schema.Match{byShop}, func(t *testing.T, w *world) {
			w.buckets = 4 // of which the accounts have three
			w.platform.set(at(store, day),
				sale(store.ID, "1", "K", "", 10), sale(store.ID, "2", "K", "", 20), sale(store.ID, "3", "only", "", 5),
				refund(store.ID, "4", "K", 10), refund(store.ID, "5", "refunded", 10), sale(store.ID, "6", "", "", 1), sale(store.ID, "7", "", "theirs", 1))
			w.platform.set(at(kiosk, day), sale(kiosk.ID, "1", "K", "", 30))
			w.platform.set(at(brand, day-1), sale(brand.ID, "1", "K", "", 40))
			w.platform.set(at(store, day-3), sale(store.ID, "1", "K", "", 50))
			s := w.run(pipeline.ExitDone, lookback(3), tradeInFlight(inFlight))
			if diff := cmp.Diff([]string{"order_id K", "order_id only"}, w.trade.made()); diff != "" {
				t.Errorf("%d in flight (-want +queried):\n%s", inFlight, diff)
			}
			// The day: K, only, theirs; the day before and the one at the window's end: K.
			want := pipeline.Settling{Orders: 5, Asked: 2, Answered: 4, NoKey: 1, Saved: pipeline.Saved{Distinct: 4}}
			want.Lookback.Orders = 2
			if s.Settling != want {
				t.Errorf("%+v, want %+v", s.Settling, want)
			}
		})
	}
}

// TestSmallestValue: an order is queried by the smallest value of its bills of
// the day, whatever accounts and buckets they are in, as the join looks for it.
func TestSmallestValue(t *testing.T) {
	t.Parallel()
	for _, buckets := range []int{1, 4} {
		settles(t, []schema.Account{store, kiosk}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
			w.buckets = buckets
			w.set(store, sale(store.ID, "1", "K", "", 10), sale(store.ID, "2", "K", "z", 10), sale(store.ID, "3", "L", "b", 5))
			w.set(kiosk, sale(kiosk.ID, "1", "K", "y", 10), sale(kiosk.ID, "2", "K", "x", 10), sale(kiosk.ID, "3", "L", "", 5))
			w.trade.set(byExt, "x", settlement("s1", schema.StatusSuccess, 40, day))
			w.run(pipeline.ExitDone)
			if diff := cmp.Diff([]string{"order_id K", "order_id L", "out_order_no b", "out_order_no x"}, w.trade.made()); diff != "" {
				t.Errorf("%d buckets (-want +queried):\n%s", buckets, diff)
			}
			want := []string{
				"20 kiosk K matched/order offset_by:2026-11-20/store 2:1 20/40/20", "20 kiosk L bill_only 1:0 5/_/_",
				"20 store K matched/order offset_by:2026-11-20/kiosk 2:0 20/0/-20", "20 store L bill_only 1:0 5/_/_",
			}
			if diff := cmp.Diff(want, w.verdicts(day, day)); diff != "" {
				t.Errorf("%d buckets (-want +got):\n%s", buckets, diff)
			}
		})
	}
}

// TestRuleOrder: the rules are tried as the job has them; after 64 orders, the one
// that answers most often comes first.
func TestRuleOrder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		answers func(i int) (schema.Match, bool)
		calls   int // for 200 orders
		saved   pipeline.Saved
	}{
		{"the first one", func(int) (schema.Match, bool) { return byShop, true }, 200, pipeline.Saved{}},
		{"the second one", func(int) (schema.Match, bool) { return byExt, true }, 64*2 + 136, pipeline.Saved{RuleOrder: 136}},
		// After 64 orders the second has 48 of 64 and the first 16 of 64.
		{"mostly the second one", func(i int) (schema.Match, bool) {
			if i%4 == 0 {
				return byShop, true
			}
			return byExt, true
		}, 16 + 48*2 + 34*2 + 102, pipeline.Saved{RuleOrder: 102 - 34}},
		{"none", func(int) (schema.Match, bool) { return byShop, false }, 400, pipeline.Saved{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, inFlight := range []int{1, 5, 100} {
				settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
					w.set(store, sales(store.ID, 200)...)
					for i := range 200 {
						if m, ok := test.answers(i); ok {
							w.trade.set(m, map[schema.Match]string{byShop: order(i), byExt: ext(i)}[m], settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day))
						}
					}
					if test.name == "none" {
						w.set(store, sales(store.ID, 192)...) // as many as make no rule silent
						test.calls = 384
					}
					s := w.run(pipeline.ExitDone, tradeInFlight(inFlight))
					if calls := len(w.trade.made()); calls != test.calls || s.Settling.Asked != int64(calls) || s.Settling.Saved != test.saved {
						t.Errorf("%d in flight: %d calls, want %d; %+v", inFlight, calls, test.calls, s.Settling)
					}
				})
			}
		})
	}
}

// TestRulesAreRemembered: another day's run begins with the rule that answered
// before, and so does the next day of the same run.
func TestRulesAreRemembered(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		for d := day - 1; d <= day+1; d++ {
			var list []string
			for i := range 10 {
				o := 100*int(d-day) + 500 + i
				list = append(list, sale(store.ID, fmt.Sprint(o), order(o), ext(o), 100))
				w.trade.set(byExt, ext(o), settlement(fmt.Sprint("s", o), schema.StatusSuccess, 100, d))
			}
			w.platform.set(at(store, d), list...)
		}
		w.run(pipeline.ExitDone, lookback(1))
		if made := len(w.trade.made()); made != 20+10 {
			t.Errorf("%d calls for two days, want 30: the second knows what the first has learned", made)
		}
		time.Sleep(24 * time.Hour)
		w.run(pipeline.ExitDone, on(day+1))
		if made := w.trade.made(); len(made) != 10 || !strings.HasPrefix(made[0], "out_order_no") {
			t.Errorf("a run of the next day: got queries %q, want none", made)
		}
		if rules := w.lake.manifest(day+1, 0).Entry(store.ID).Rules; len(rules) != 2 || rules[0].Asked != 10 || rules[1].Asked != 30 || rules[1].Answered != 30 {
			t.Errorf("the manifest remembers %+v", rules)
		}
	})
}

// TestSilentRule: a rule that has not answered for 200 orders is tried for about
// one in a hundred, until it answers, once another rule has answered for the account.
// What was queried, what was saved and what is not known make up what trying every
// rule in turn would have cost.
func TestSilentRule(t *testing.T) {
	t.Parallel()
	const n = 3000
	settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		w.set(store, sales(store.ID, n)...)
		for i := range n / 2 {
			if i%2 == 0 {
				w.trade.set(byExt, ext(i), settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day))
			}
		}
		s := w.run(pipeline.ExitDone)
		// Each of the first 64 orders is queried by it, of the next half: it is
		// silent when the sixth 64 are done.
		const silentFrom, before = 6 * 64, 64 + 5*32
		asked := queriesBy(byShop, w.trade.made())
		sampled := slices.DeleteFunc(asked, func(value string) bool { return value < order(silentFrom) })
		if len(sampled) < 5 || len(sampled) > 45 {
			t.Errorf("%d of %d orders are tried by the silent rule", len(sampled), n-silentFrom)
		}
		// What the silent rule was not tried for, and no other found, is not known to have no settlement.
		unknown := s.Verdicts[schema.Pending]
		if s.Verdicts[schema.Matched] != n/4 || s.Verdicts[schema.BillOnly] != n-n/4-unknown || s.Settling.Answered != n {
			t.Errorf("%v, %+v", s.Verdicts, s.Settling)
		}
		if all := s.Settling.Asked + s.Settling.Saved.RuleOrder + unknown; all != 2*n || s.Settling.Asked != n+before+int64(len(sampled)) {
			t.Errorf("%+v: queries and saved calls: got %d, want %d", s.Settling, all, 2*n)
		}

		// The next day it begins to answer.
		time.Sleep(24 * time.Hour)
		var next []string
		for i := n; i < 2*n; i++ {
			next = append(next, sale(store.ID, fmt.Sprint("L", i), order(i), ext(i), 100))
			w.trade.set(byShop, order(i), settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day+1))
		}
		w.platform.set(at(store, day+1), next...)
		w.run(pipeline.ExitDone, on(day+1))
		asked = queriesBy(byShop, w.trade.made())
		if len(asked) < n/2 || asked[0] == order(n) {
			t.Errorf("%d of %d orders are tried by the rule that answers again, the first is %s", len(asked), n, asked[0])
		}
	})
}

// queriesBy returns the values that were queried by a rule, sorted.
func queriesBy(m schema.Match, made []string) (values []string) {
	for _, q := range made {
		if value, ok := strings.CutPrefix(q, m.Parameter+" "); ok {
			values = append(values, value)
		}
	}
	return values
}
