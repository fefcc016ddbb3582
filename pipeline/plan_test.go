package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestPlannedQueries: a plan expects queries for the open orders of a published day, and
// for as many orders as on the account's nearest day elsewhere, times the queries that an
// order took so far.
func TestPlannedQueries(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store, kiosk}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		w.buckets = 4
		set := func(a schema.Account, d schema.Day, orders, open int) {
			list := []string{refund(a.ID, "r", "R", 5)}
			for i := range orders {
				o := 100*int(d-day) + 1000 + i
				list = append(list, sale(a.ID, fmt.Sprint(o), a.Name+order(o), a.Name+ext(o), 10), sale(a.ID, fmt.Sprint(o, "b"), a.Name+order(o), "", 10))
				if i >= open {
					settled := int64(20)
					if i == open { // it does not agree
						settled = 19
					}
					w.trade.set(byExt, a.Name+ext(o), settlement(fmt.Sprint("s", o), schema.StatusSuccess, settled, d))
				}
			}
			w.platform.set(at(a, d), list...)
		}
		set(store, day-2, 30, 30) // two tries each, all open
		set(store, day-1, 20, 4)
		w.run(pipeline.ExitDone, on(day-2))
		time.Sleep(time.Hour)
		w.run(pipeline.ExitDone, on(day-1))
		w.trade.made()
		plan, err := pipeline.MakePlan(t.Context(), w.lake, w.accounts, []schema.Day{day - 2, day - 1, day, day + 1}, w.buckets)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[schema.Unit]int64)
		var sum int64
		for _, u := range plan.Units {
			got[u.Unit], sum = u.Queries, sum+u.Queries
		}
		want := map[schema.Unit]int64{
			at(store, day-2): 60, at(store, day-1): 10, at(store, day): 40, at(store, day+1): 40, // of which nothing is known
			at(kiosk, day-2): 0, at(kiosk, day-1): 0, at(kiosk, day): 0, at(kiosk, day+1): 0,
		}
		if diff := cmp.Diff(want, got); diff != "" || plan.Queries() != sum {
			t.Errorf("got %d in all; by unit (-want +got):\n%s", plan.Queries(), diff)
		}
	})
}
