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

// TestFinality: an order that agrees is not asked for again; any other is, however
// old, by a run of given days and within the lookback.
func TestFinality(t *testing.T) {
	t.Parallel()
	given := func(r *pipeline.Run) { on(day)(r); r.Backfill = true }
	lookedBack := func(r *pipeline.Run) { on(day + 1)(r); r.Lookback = 1 }
	asks, agrees := pipeline.Saved{}, pipeline.Saved{Final: 1}
	one := func(status schema.Status) []string { return []string{settlement("s1", status, 100, day)} }
	part := settlement("s1", schema.StatusSuccess, 60, day)
	for name, row := range map[string]struct {
		first []string
		later func(*pipeline.Run)
		after time.Duration
		saved pipeline.Saved
	}{
		"SUCCESS, run again":                {one(schema.StatusSuccess), on(day), 24 * time.Hour, agrees},
		"SUCCESS, looked back at":           {one(schema.StatusSuccess), lookedBack, 24 * time.Hour, agrees},
		"SUCCESS, backfilled":               {one(schema.StatusSuccess), given, 1000 * time.Hour, agrees},
		"a part of it, run again":           {[]string{part}, on(day), time.Minute, asks},
		"a part of it, looked back at":      {[]string{part}, lookedBack, 24 * time.Hour, asks},
		"a part of it, backfilled":          {[]string{part}, given, 1000 * time.Hour, asks},
		"FAIL, run again":                   {one(schema.StatusFail), on(day), time.Minute, asks},
		"FAIL, looked back at":              {one(schema.StatusFail), lookedBack, 24 * time.Hour, asks},
		"FAIL, backfilled":                  {one(schema.StatusFail), given, 1000 * time.Hour, asks},
		"FAIL beside SUCCESS of all of it":  {append(one(schema.StatusSuccess), settlement("s2", schema.StatusFail, 1, day)), lookedBack, 24 * time.Hour, agrees},
		"INIT, run again":                   {one(schema.StatusInit), on(day), time.Minute, asks},
		"PROCESSING, looked back at":        {one(schema.StatusProcessing), lookedBack, time.Minute, asks},
		"PROCESSING, backfilled":            {one(schema.StatusProcessing), given, 1000 * time.Hour, asks},
		"PROCESSING beside SUCCESS":         {append(one(schema.StatusSuccess), settlement("s2", schema.StatusProcessing, 1, day)), on(day), time.Minute, asks},
		"a status that nobody knows":        {one("FROZEN"), on(day), time.Minute, asks},
		"nothing came back, run again":      {nil, on(day), time.Minute, asks},
		"nothing came back, looked back at": {nil, lookedBack, time.Minute, asks},
		"nothing came back, backfilled":     {nil, given, 1000 * time.Hour, asks},
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
				if row.saved != asks {
					calls, want = 0, nil // it stays as it was
				}
				if made := w.trade.made(); len(made) != calls || s.Settling.Saved != row.saved {
					t.Errorf("%q was asked, %+v", made, s.Settling)
				}
				if got := w.verdicts(day, day); want != nil && cmp.Diff(want, got) != "" {
					t.Errorf("%q", got)
				}
				// Whatever it was, now that it is settled it is not asked for again.
				if row.saved == asks {
					time.Sleep(24 * time.Hour)
					w.run(pipeline.ExitDone, row.later)
					if made := w.trade.made(); len(made) != 0 {
						t.Errorf("%q was asked of an order that is settled", made)
					}
				}
			})
		})
	}
}

// TestFinalCheck: on the last night of its day's lookback every order is asked for
// once more, what agrees and what callbacks tell in full among it, and on no other
// night; so a second share-out is found. The plan expects as many questions.
func TestFinalCheck(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		callbacks bool
		change    func(*pipeline.Run)
		asks      bool
	}{
		"the last night":                     {change: lookback(2), asks: true},
		"the night before it":                {change: lookback(3)},
		"the last night, told by callbacks":  {callbacks: true, change: lookback(2), asks: true},
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
						w.hear(notice{fmt.Sprint("s", i), order(i), "", schema.StatusSuccess, 100, day, 0})
					}
					want = append(want, "order_id "+order(i))
				}
				if !row.asks {
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
					t.Errorf("%d questions were planned, (-want +asked):\n%s", planned, diff)
				}
				if got := w.verdicts(day, day)[0]; !strings.HasPrefix(got, "20 store "+order(0)+" "+verdict) {
					t.Errorf("%s, want %s", got, verdict)
				}
			})
		})
	}
}

// TestLaterBill: an order that has a new bill is asked for again, though it was
// settled, and the answer serves all of its days.
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
			t.Errorf("(-want +asked):\n%s", diff)
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
			t.Errorf("within the window (-want +asked):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"17 store K matched/order_window offset_by:2026-11-20/store 1:0 100/0/-100"}, w.verdicts(day-3, day-3)); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		w.run(pipeline.ExitDone, on(day-7))
		if diff := cmp.Diff([]string{"order_id K"}, w.trade.made()); diff != "" {
			t.Errorf("beyond the window (-want +asked):\n%s", diff)
		}
	})
}
