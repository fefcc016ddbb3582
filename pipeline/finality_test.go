package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestFinality: an order that agrees is not queried again; any other is, however
// old, by a run of given days and within the lookback.
func TestFinality(t *testing.T) {
	t.Parallel()
	given := func(r *pipeline.Run) { on(day)(r); r.Backfill = true }
	lookedBackAt := func(r *pipeline.Run) { on(day + 1)(r); r.Lookback = 1 }
	queries, agrees := pipeline.Saved{}, pipeline.Saved{Final: 1}
	one := func(status schema.Status) []string { return []string{settlement("s1", status, 100, day)} }
	part := settlement("s1", schema.StatusSuccess, 60, day)
	for name, row := range map[string]struct {
		first []string
		later func(*pipeline.Run)
		after time.Duration
		saved pipeline.Saved
	}{
		"SUCCESS, run again":                 {one(schema.StatusSuccess), on(day), 24 * time.Hour, agrees},
		"SUCCESS, in the lookback":           {one(schema.StatusSuccess), lookedBackAt, 24 * time.Hour, agrees},
		"SUCCESS, backfilled":                {one(schema.StatusSuccess), given, 1000 * time.Hour, agrees},
		"a part of it, run again":            {[]string{part}, on(day), time.Minute, queries},
		"a part of it, in the lookback":      {[]string{part}, lookedBackAt, 24 * time.Hour, queries},
		"a part of it, backfilled":           {[]string{part}, given, 1000 * time.Hour, queries},
		"FAIL, run again":                    {one(schema.StatusFail), on(day), time.Minute, queries},
		"FAIL, in the lookback":              {one(schema.StatusFail), lookedBackAt, 24 * time.Hour, queries},
		"FAIL, backfilled":                   {one(schema.StatusFail), given, 1000 * time.Hour, queries},
		"FAIL beside SUCCESS of all of it":   {append(one(schema.StatusSuccess), settlement("s2", schema.StatusFail, 1, day)), lookedBackAt, 24 * time.Hour, agrees},
		"INIT, run again":                    {one(schema.StatusInit), on(day), time.Minute, queries},
		"PROCESSING, in the lookback":        {one(schema.StatusProcessing), lookedBackAt, time.Minute, queries},
		"PROCESSING, backfilled":             {one(schema.StatusProcessing), given, 1000 * time.Hour, queries},
		"PROCESSING beside SUCCESS":          {append(one(schema.StatusSuccess), settlement("s2", schema.StatusProcessing, 1, day)), on(day), time.Minute, queries},
		"an unknown status":                  {one("FROZEN"), on(day), time.Minute, queries},
		"nothing came back, run again":       {nil, on(day), time.Minute, queries},
		"nothing came back, in the lookback": {nil, lookedBackAt, time.Minute, queries},
		"nothing came back, backfilled":      {nil, given, 1000 * time.Hour, queries},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				w.set(store, sale(store.ID, "1", "K", "", 100))
				w.trade.set(byShop, "K", row.first...)
				w.run(pipeline.ExitDone)
				w.trade.made()
				time.Sleep(row.after)
				w.trade.set(byShop, "K", settlement("s1", schema.StatusSuccess, 100, day))
				s := w.run(pipeline.ExitDone, row.later)
				want := []string{"20 store K matched/order 1:1 100/100/0"}
				calls := 1
				if row.saved != queries {
					calls, want = 0, nil // it stays as it was
				}
				if made := w.trade.made(); len(made) != calls || s.Settling.Saved != row.saved {
					t.Errorf("got queries %q and %+v, want %d queries and %+v", made, s.Settling.Saved, calls, row.saved)
				}
				if got := w.verdicts(day, day); want != nil && cmp.Diff(want, got) != "" {
					t.Errorf("%q", got)
				}
				// Now that it agrees it is not queried again.
				if row.saved == queries {
					time.Sleep(24 * time.Hour)
					w.run(pipeline.ExitDone, row.later)
					if made := w.trade.made(); len(made) != 0 {
						t.Errorf("got queries %q of an order that agrees, want none", made)
					}
				}
			})
		})
	}
}

// TestFinalCheck: on the last night of its day's lookback, and on no other, every order is
// queried once more, also where it agrees or callbacks cover it; so a second share-out is
// found. The plan expects as many queries.
func TestFinalCheck(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		callbacks bool
		change    func(*pipeline.Run)
		queries   bool
	}{
		"the last night":                     {change: lookback(2), queries: true},
		"the night before it":                {change: lookback(3)},
		"the last night, with callbacks":     {callbacks: true, change: lookback(2), queries: true},
		"the day by itself":                  {change: on(day)},
		"given days":                         {change: func(r *pipeline.Run) { on(day)(r); r.Backfill = true }},
		"the last night, without the option": {change: func(r *pipeline.Run) { r.Lookback, r.Settle.FinalCheck = 2, false }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
				const orders = 9 // none of which is among the one in a hundred
				w.platform.set(at(store, day), sales(store.ID, orders)...)
				want, verdict := []string(nil), "mismatched"
				for i := range orders {
					w.trade.set(byShop, order(i), settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day))
					if row.callbacks {
						w.receive(callback{fmt.Sprint("s", i), order(i), "", schema.StatusSuccess, 100, day, 0})
					}
					want = append(want, "order_id "+order(i))
				}
				if !row.queries {
					want, verdict = nil, "matched"
				}
				w.run(pipeline.ExitDone, on(day))
				w.trade.made()
				time.Sleep(48 * time.Hour)
				w.trade.set(byShop, order(0), settlement("s0", schema.StatusSuccess, 100, day), settlement("t0", schema.StatusSuccess, 100, day))
				tonight := func(r *pipeline.Run) { on(day + 2)(r); r.Settle.FinalCheck = true; row.change(r) }
				planned := plannedOf(t, w, at(store, day), tonight)
				w.run(pipeline.ExitDone, tonight)
				if diff := cmp.Diff(want, w.trade.made()); diff != "" || planned != int64(len(want)) {
					t.Errorf("%d queries were planned, (-want +queried):\n%s", planned, diff)
				}
				if got := w.verdicts(day, day)[0]; !strings.HasPrefix(got, "20 store "+order(0)+" "+verdict) {
					t.Errorf("%s, want %s", got, verdict)
				}
			})
		})
	}
}

// TestLaterBill: an order that has a new bill is queried again, though it agreed, and the answer serves all of its days.
func TestLaterBill(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.platform.set(at(store, day-1), sale(store.ID, "1", "K", "", 40))
		w.platform.set(at(store, day), sale(store.ID, "2", "K", "", 60))
		w.trade.set(byShop, "K", settlement("s1", schema.StatusSuccess, 40, day-1))
		w.run(pipeline.ExitDone, on(day-1))
		time.Sleep(24 * time.Hour)
		w.trade.set(byShop, "K", settlement("s1", schema.StatusSuccess, 10, day-1), settlement("s2", schema.StatusSuccess, 90, day))
		w.trade.made()
		for range 2 {
			w.run(pipeline.ExitDone, lookback(1))
			time.Sleep(24 * time.Hour)
		}
		if diff := cmp.Diff([]string{"order_id K"}, w.trade.made()); diff != "" {
			t.Errorf("(-want +queried):\n%s", diff)
		}
		want := []string{"19 store K matched/order_window offset_by:2026-11-20/store 1:1 40/10/-30", "20 store K matched/order_window offset_by:2026-11-19/store 1:1 60/90/30"}
		if diff := cmp.Diff(want, w.verdicts(day-1, day)); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
	})
}

// TestAnswerOfAnotherDay: an answer that is filed under another day of the window
// is used; one beyond it is not.
func TestAnswerOfAnotherDay(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		for d, ledger := range map[schema.Day]string{day: "1", day - 3: "2", day - 7: "3"} {
			w.platform.set(at(store, d), sale(store.ID, ledger, "K", "", 100))
		}
		w.trade.set(byShop, "K", settlement("s1", schema.StatusSuccess, 200, day))
		w.run(pipeline.ExitDone)
		time.Sleep(time.Hour)
		w.run(pipeline.ExitDone, on(day-3))
		if diff := cmp.Diff([]string{"order_id K"}, w.trade.made()); diff != "" {
			t.Errorf("within the window (-want +queried):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"17 store K matched/order_window offset_by:2026-11-20/store 1:0 100/0/-100"}, w.verdicts(day-3, day-3)); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		w.run(pipeline.ExitDone, on(day-7))
		if diff := cmp.Diff([]string{"order_id K"}, w.trade.made()); diff != "" {
			t.Errorf("beyond the window (-want +queried):\n%s", diff)
		}
	})
}
