package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/pipeline/progress"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// killedAsking runs until the trade system was asked so often, kills the run, and returns the
// queries that the next one makes. atDeath is called just before.
func killedAsking(t *testing.T, w *world, calls int, atDeath func(), change ...func(*pipeline.Run)) (made []string) {
	t.Helper()
	var dead atomic.Bool
	w.trade.strike = func(schema.Query) (string, error) {
		if calls--; calls <= 0 {
			if !dead.Swap(true) {
				atDeath()
			}
			return "", errKilled
		}
		return "", nil
	}
	w.store.Fault = func(objecttest.Op, string) (bool, error) {
		if dead.Load() {
			return false, errKilled
		}
		return false, nil
	}
	w.lake.refuse = func(schema.Day, int) error { return errKilled }
	if s, err := w.do(t.Context(), change...); err == nil {
		t.Errorf("exit %d", s.ExitCode)
	}
	delete(w.lake.summaries, "run-1")
	w.trade.strike, w.store.Fault, w.lake.refuse = nil, nil, nil
	w.trade.made()
	w.run(pipeline.ExitDone)
	return w.trade.made()
}

// TestKilledWhileAsking: a kill costs the answers of thirty seconds.
func TestKilledWhileAsking(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.trade.latency = time.Second
		w.sellSettled(400)
		const kept = 299 / 31 * 31 // a batch has the answers of seconds 0 to 30
		if made := killedAsking(t, w, 300, func() {}, tradeInFlight(1)); len(made) != 400-kept || made[0] != "order_id "+order(kept) {
			t.Errorf("%d calls to go on, the first is %q", len(made), made[0])
		}
	})
}

// TestUnitsShareALowRate: where all units are asked at the same time, slowly, their answers
// count, and are stored, long before any unit comes to the end of its first orders.
func TestUnitsShareALowRate(t *testing.T) {
	t.Parallel()
	accounts := []schema.Account{store, kiosk, brand}
	settles(t, accounts, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.trade.latency = time.Second
		for i, a := range accounts {
			var bills []string
			for n := range 60 {
				o := 100*i + n
				bills = append(bills, sale(a.ID, fmt.Sprint("L", o), order(o), ext(o), 100))
				w.trade.set(byShop, order(o), settlement(fmt.Sprint("s", o), schema.StatusSuccess, 100, day))
			}
			w.platform.set(at(a, day), bills...)
		}
		counter := new(progress.Counter)
		atDeath := func() {
			if counts := counter.Counts(); counts.Orders < 130 || counts.OrdersDue != 180 {
				t.Errorf("%d of %d orders are answered after 139 calls", counts.Orders, counts.OrdersDue)
			}
		}
		made := killedAsking(t, w, 140, atDeath, tradeInFlight(3), func(r *pipeline.Run) { r.Progress = counter }) // 3 a second: 46 s
		if len(made) > 180-3*30 {
			t.Errorf("%d calls to go on, of 180", len(made))
		}
	})
}

// TestAnswersOfAnOrderAreStoredTogether: of an order whose first query found nothing, the
// answer is not stored without that of the second: a resumed run would not make it.
func TestAnswersOfAnOrderAreStoredTogether(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		w.set(store, sales(store.ID, 1)...)
		w.trade.set(byExt, ext(0), settlement("s0", schema.StatusSuccess, 100, day))
		huge := strings.Repeat("x", 1<<20)
		w.trade.strike = func(q schema.Query) (string, error) {
			if q.Match == byShop {
				return `{"data":[],"extra":{"error_code":0,"description":"` + huge + `"}}`, nil
			}
			return "", nil
		}
		batches := 0
		w.store.Fault = func(op objecttest.Op, key string) (bool, error) {
			if op == objecttest.OpPut && strings.HasPrefix(key, "archive/settlements/") && strings.HasSuffix(key, ".jsonl.zst") {
				if batches++; batches == 2 {
					return false, errKilled
				}
			}
			return false, nil
		}
		w.do(t.Context(), tradeInFlight(1))
		delete(w.lake.summaries, "run-1")
		w.store.Fault = nil
		w.run(pipeline.ExitDone)
		if got := w.verdicts(day, day); !slices.ContainsFunc(got, func(v string) bool { return strings.Contains(v, "matched") }) {
			t.Errorf("got %q", got)
		}
	})
}
