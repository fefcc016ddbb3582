package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestStanding: a settlement counts on one day, however far apart the bills of its
// order are, and in whatever way the days come into the lake.
func TestStanding(t *testing.T) {
	t.Parallel()
	later := day + 3
	nightly := func(d schema.Day) func(*pipeline.Run) {
		return func(r *pipeline.Run) { on(d)(r); r.Lookback = 2 }
	}
	given := func(from, to schema.Day) func(*pipeline.Run) {
		return func(r *pipeline.Run) { r.From, r.To, r.Backfill = from, to, true }
	}
	first := []string{"20 store K matched/order 1:1 100/100/0", "23 store K mismatched settled_elsewhere 1:0 100/0/-100"}
	last := []string{"20 store K bill_only 1:0 100/_/_", "23 store K matched/order 1:1 100/100/0"}
	for name, row := range map[string]struct {
		settled schema.Day // of the settlement
		runs    []func(*pipeline.Run)
		want    []string
	}{
		"night by night":                  {day, []func(*pipeline.Run){nightly(day), nightly(later)}, first},
		"in one run":                      {day, []func(*pipeline.Run){given(day, later)}, first},
		"in one run, settled late":        {later + 1, []func(*pipeline.Run){given(day, later)}, first},
		"in one run, and replayed":        {day, []func(*pipeline.Run){given(day, later), func(r *pipeline.Run) { given(day, later)(r); replay(r) }}, first},
		"the later day first":             {day, []func(*pipeline.Run){given(later, later), given(day, day)}, last},
		"the later day first, then again": {day, []func(*pipeline.Run){given(later, later), given(day, day), given(day, later)}, last},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				w.rules.Lookback = 2
				for _, d := range []schema.Day{day, later} {
					w.platform.set(at(store, d), sale(store.ID, d.String(), "K", "", 100))
				}
				w.trade.set(byShop, "K", settlement("s1", schema.StatusSuccess, 100, row.settled))
				for _, run := range row.runs {
					w.run(pipeline.ExitDone, run)
					time.Sleep(24 * time.Hour)
				}
				if diff := cmp.Diff(row.want, w.verdicts(day, later)); diff != "" {
					t.Errorf("verdicts (-want +got):\n%s", diff)
				}
				rows := len(w.lake.at(day, 0).settlements) + len(w.lake.at(later, 0).settlements)
				excepted := slices.ContainsFunc(append(w.lake.exceptions(day), w.lake.exceptions(later)...), func(e schema.Exception) bool {
					return e.Rule == schema.RuleSettleElsewhere && e.SettleID.V == "s1"
				})
				if rows != 1 || !excepted {
					t.Errorf("got %d rows of the settlement, exception %t, want one row and true", rows, excepted)
				}
			})
		})
	}
}

// TestStandingOfAChain: what a day does not see of an order decides whether a settlement counts
// within its window. The run that publishes it for the first time knows that, as a replay does.
func TestStandingOfAChain(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.rules.Lookback = 2
		for d := day; d <= day+4; d += 2 {
			w.platform.set(at(store, d), sale(store.ID, d.String(), "K", "", 100))
		}
		w.trade.set(byShop, "K", settlement("s1", schema.StatusSuccess, 50, day+4))
		given := func(r *pipeline.Run) { r.From, r.To, r.Backfill = day, day+4, true }
		for _, change := range []func(*pipeline.Run){given, replay} {
			w.run(pipeline.ExitDone, given, change)
			want := []string{
				"20 store K bill_only 1:0 100/_/_", "22 store K mismatched total_differs net_differs 1:0 100/0/-100", "24 store K mismatched total_differs net_differs 1:1 100/50/-50",
			}
			if diff := cmp.Diff(want, w.verdicts(day, day+4)); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
		}
	})
}

// TestStandingWithinTheWindow: a settlement stays where it was published, though a bill
// of its order moves to a later day; and one that comes when the day of its bill is not
// built any more counts on a day that is.
func TestStandingWithinTheWindow(t *testing.T) {
	t.Parallel()
	nightly := func(d schema.Day) func(*pipeline.Run) {
		return func(r *pipeline.Run) { on(d)(r); r.Lookback = 2 }
	}
	for name, row := range map[string]struct {
		before bool // the settlement is there before the second bill
		want   []string
	}{
		"it stays":      {true, []string{"20 s1"}},
		"it comes late": {false, []string{"22 s1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				w.rules.Lookback = 2
				w.platform.set(at(store, day), sale(store.ID, "1", "K", "", 60))
				s1 := settlement("s1", schema.StatusSuccess, 100, day+2)
				if !row.before {
					s1 = settlement("s1", schema.StatusSuccess, 100, day)
				}
				for d := day; d <= day+3; d++ {
					if row.before && d == day+2 || d == day+3 {
						w.trade.set(byShop, "K", s1)
					}
					if d == day+3 {
						w.platform.set(at(store, day+2), sale(store.ID, "2", "K", "", 40))
					}
					w.run(pipeline.ExitDone, nightly(d))
					time.Sleep(24 * time.Hour)
				}
				if diff := cmp.Diff(row.want, w.settlements(day, day+3)); diff != "" {
					t.Errorf("settlements (-want +got):\n%s", diff)
				}
			})
		})
	}
}
