package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// planOf plans a backfill of some days.
func planOf(t *testing.T, w *world, from, to schema.Day, passes int) pipeline.Plan {
	t.Helper()
	r := &pipeline.Run{Lake: w.lake, Archive: w.archive, Accounts: w.accounts, From: from, To: to, Buckets: w.buckets, Walk: walk.Config{Passes: passes}, Backfill: true, Now: w.now, PublishedDays: w.lake.days}
	plan, err := r.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// plannedOf returns how many queries a plan expects for a unit.
func plannedOf(t *testing.T, w *world, u schema.Unit, change func(*pipeline.Run)) int64 {
	t.Helper()
	r := &pipeline.Run{Lake: w.lake, Archive: w.archive, Accounts: w.accounts, Buckets: w.buckets, Walk: walk.Config{Passes: 1}, Now: w.now, PublishedDays: w.lake.days}
	change(r)
	plan, err := r.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(plan.Units, func(p pipeline.PlannedUnit) bool { return p.Unit == u })
	return plan.Units[i].Queries
}

// days returns the published days of the shelf.
func (s *shelf) days(context.Context) (days []schema.Day, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for place := range s.partitions {
		days = append(days, place.day)
	}
	slices.Sort(days)
	return slices.Compact(days), nil
}

// TestPlanOfInterruptedBackfill: a plan counts exactly the calls that the next run saves by
// what a killed backfill has left in the archive.
func TestPlanOfInterruptedBackfill(t *testing.T) {
	t.Parallel()
	for _, passes := range []int{1, 2} {
		for _, kill := range []int{1, 9, 33, 47, 71} {
			t.Run(fmt.Sprintf("%d passes, killed at call %d", passes, kill), func(t *testing.T) {
				t.Parallel()
				inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
					w.platform.latency = 7 * time.Second // four or five pages to a batch
					from := day - 2
					for d := from; d <= day; d++ {
						w.platform.set(at(store, d), records(store.ID, fmt.Sprint("s", d), 120)...)
						w.platform.set(at(kiosk, d), records(kiosk.ID, fmt.Sprint("k", d), 60)...)
					}
					backfill := func(r *pipeline.Run) {
						r.From, r.Backfill, r.Walk.Passes, r.InFlight = from, true, passes, 1
					}
					w.killed(kill, backfill)
					w.platform.made()
					plan := planOf(t, w, from, day, passes)
					if calls := w.platform.made(); len(calls) > 0 {
						t.Errorf("got %d calls by the plan, want none", len(calls))
					}
					_, unknown, whole := plan.Pages()
					units, _ := plan.Archived()
					planned := plan.BillCalls(passes)
					w.run(pipeline.ExitDone, backfill)
					walked := make(map[schema.Unit]int)
					for _, c := range w.platform.made() {
						walked[c.Unit]++
					}
					if units != whole || whole != len(plan.Units)-len(walked) {
						t.Errorf("%d whole units, %d of them in the archive; %d of %d were walked", whole, units, len(walked), len(plan.Units))
					}
					for _, u := range plan.Units {
						total := 12
						if u.Account.ID == kiosk.ID {
							total = 6
						}
						if walked[u.Unit] != total*passes-u.Begun && !u.Current || u.Current && walked[u.Unit] > 0 {
							t.Errorf("%s: %d calls, and %+v was planned", u.Unit, walked[u.Unit], u)
						}
					}
					if least := unknown * passes; planned > least {
						t.Errorf("%d calls at least are planned of units of unknown size, want %d at most", planned, least)
					}
				})
			})
		}
	}
}

// TestPlanOfOldWalk: a walk that is too old to be resumed saves nothing; a certificate
// saves the calls of its unit.
func TestPlanOfOldWalk(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		w.platform.latency = 7 * time.Second
		w.set(store, records(store.ID, "s", 120)...)
		w.killed(9, inFlight(1))
		if _, pages := mustPlan(t, w).Archived(); pages == 0 {
			t.Error("no page of the walk is counted")
		}
		time.Sleep(6 * time.Hour)
		if units, pages := mustPlan(t, w).Archived(); units+pages > 0 {
			t.Errorf("got %d units and %d pages of a walk that is too old, want none", units, pages)
		}
	})
}

func mustPlan(t *testing.T, w *world) *pipeline.Plan {
	plan := planOf(t, w, day, day, 1)
	return &plan
}

// TestPlanKnowsOrders: the number of a day's orders is estimated by the account's nearest
// published day, before or after it; without one it is unknown.
func TestPlanKnowsOrders(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store, kiosk}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		sales := func(a schema.Account, d schema.Day, n int) {
			var list []string
			for i := range n {
				list = append(list, sale(a.ID, fmt.Sprint(d, i), fmt.Sprint(a.ID, d, i), "", 10))
			}
			w.platform.set(at(a, d), list...)
		}
		known := func(plan pipeline.Plan, a schema.Account, d schema.Day) pipeline.PlannedUnit {
			i := slices.IndexFunc(plan.Units, func(u pipeline.PlannedUnit) bool { return u.Unit == at(a, d) })
			return plan.Units[i]
		}
		plan := planOf(t, w, day-40, day, 1)
		if n := plan.OrdersUnknown(); n != len(plan.Units) || plan.Queries() != 0 {
			t.Errorf("of an empty lake, the orders of %d of %d units are unknown; %d queries", n, len(plan.Units), plan.Queries())
		}
		sales(store, day-1, 5)
		w.run(pipeline.ExitDone, func(r *pipeline.Run) { r.From, r.To = day-1, day-1; r.Accounts = []schema.Account{store} })
		w.platform.made()
		plan = planOf(t, w, day-40, day, 1)
		for _, d := range []schema.Day{day - 40, day} { // of a later day, and of the day before
			if u := known(plan, store, d); !u.OrdersKnown || u.Queries != 5 || u.Pages != 1 {
				t.Errorf("%s: %+v, want 5 orders", d, u)
			}
			if u := known(plan, kiosk, d); u.OrdersKnown || u.Queries != 0 {
				t.Errorf("%s: %+v, want its orders unknown", d, u)
			}
		}
		if n := plan.OrdersUnknown(); n != 41 {
			t.Errorf("the orders of %d units are unknown, want those of one account", n)
		}
		for _, far := range []schema.Day{-300, 300} { // published long after and long before
			plan = planOf(t, w, day+far, day+far+10, 1)
			if u := known(plan, store, day+far+5); !u.OrdersKnown || u.Queries != 5 || plan.OrdersUnknown() != 11 {
				t.Errorf("%+v, %d unknown; want 5 orders", u, plan.OrdersUnknown())
			}
		}
	})
}
