package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestSecondShareOut: an order that agrees is queried now and then, others each
// night; all of them on the last look, if the job says so. So a second settlement of
// an order is found.
func TestSecondShareOut(t *testing.T) {
	t.Parallel()
	const n = 1000
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.sellSettled(n)
		w.run(pipeline.ExitDone)
		w.trade.made()
		for i := range n {
			w.trade.set(byShop, order(i), settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day), settlement(fmt.Sprint("again", i), schema.StatusSuccess, 100, day))
		}
		seen := map[string]bool{}
		const most = 30
		for night := 1; night <= 3; night++ {
			time.Sleep(24 * time.Hour)
			s := w.run(pipeline.ExitDone, on(day+schema.Day(night)), func(r *pipeline.Run) { r.Lookback = 4 })
			made := w.trade.made()
			fresh := slices.DeleteFunc(slices.Clone(made), func(q string) bool { return seen[q] })
			for _, q := range fresh {
				seen[q] = true
			}
			// What was found to be paid twice does not agree, and is queried again.
			if len(fresh) == 0 || len(fresh) > most || len(made) != len(seen) || int(s.Settling.Saved.Final) != n-len(made) {
				t.Errorf("night %d: %d orders are queried, %d for the first time; %+v", night, len(made), len(fresh), s.Settling.Saved)
			}
		}
		time.Sleep(24 * time.Hour)
		s := w.run(pipeline.ExitDone, on(day+4), func(r *pipeline.Run) { r.Lookback, r.Settle.FinalCheck = 4, true })
		if made := len(w.trade.made()); made != n || s.Settling.Saved.Final != 0 {
			t.Errorf("on the last look %d orders are queried; %+v", made, s.Settling.Saved)
		}
	})
}

// TestSilentRuleAsked: a rule that is left out of most nights is tried for every order
// by a run of given days, and when the lookback ends.
func TestSilentRuleAsked(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func(*pipeline.Run){
		"given days": func(r *pipeline.Run) { r.Backfill = true },
		"last look":  func(r *pipeline.Run) { r.From, r.To, r.Lookback = day+2, day+2, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
				const n = 600
				w.set(store, sales(store.ID, n)...)
				for i := 1; i < n; i += 4 {
					w.trade.set(byExt, ext(i), settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day))
				}
				if s := w.run(pipeline.ExitDone); s.Verdicts[schema.Pending] < 20 {
					t.Fatalf("the rule did not go silent: %v", s.Verdicts)
				}
				w.trade.made()
				time.Sleep(48 * time.Hour)
				s := w.run(pipeline.ExitDone, later)
				if asked := len(queriesBy(byShop, w.trade.made())); asked < n*3/4-30 || s.Verdicts[schema.Pending] != 0 {
					t.Errorf("%d of %d orders are tried by the silent rule; %v", asked, n*3/4, s.Verdicts)
				}
			})
		})
	}
}

// TestMoneyTwoNightsLate: all rules of an account are tried, however many of its
// orders had no answer, as long as none of them has ever had one. Once the money is
// there, all of it is found.
func TestMoneyTwoNightsLate(t *testing.T) {
	t.Parallel()
	const n = 500
	settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		w.set(store, sales(store.ID, n)...)
		for night := range 2 {
			s := w.run(pipeline.ExitDone, on(day+schema.Day(night)), func(r *pipeline.Run) { r.Lookback = night })
			if made := len(w.trade.made()); made != 2*n || night == 0 && s.Verdicts[schema.BillOnly] != n {
				t.Errorf("night %d: %d calls, want %d; %v", night, made, 2*n, s.Verdicts)
			}
			time.Sleep(24 * time.Hour)
		}
		for i := range n {
			w.trade.set(byExt, ext(i), settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day+1))
		}
		if s := w.run(pipeline.ExitDone, on(day+2), func(r *pipeline.Run) { r.Lookback = 3 }); s.Verdicts[schema.Matched] != n {
			t.Errorf("when it is paid: %v", s.Verdicts)
		}
	})
}
