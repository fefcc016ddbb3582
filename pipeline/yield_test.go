package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/yield"
	"billwalk/schema"
)

// repeating is a trade system for which the client retries some orders for a long time.
type repeating struct {
	*trade
	slow func(value string) bool

	mu    sync.Mutex
	ended []string // orders, in the order in which they were answered
}

// Settlements implements settle.Trade.
func (r *repeating) Settlements(ctx context.Context, q schema.Query) (normalise.SettlementsAnswer, error) {
	if r.slow(q.Value) {
		yield.Slot(ctx)
		select {
		case <-time.After(time.Hour):
		case <-ctx.Done():
			return normalise.SettlementsAnswer{}, ctx.Err()
		}
	}
	answer, err := r.trade.Settlements(ctx, q)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, q.Value)
	return answer, err
}

func withRepeats(w *world, slow func(value string) bool) (*repeating, func(*pipeline.Run)) {
	r := &repeating{trade: w.trade, slow: slow}
	return r, func(run *pipeline.Run) { run.Settle.Trade, run.Settle.InFlight = r, 2 }
}

// TestRepeatsHoldUpNobody: orders whose queries are retried do not delay the others, however
// many they are.
func TestRepeatsHoldUpNobody(t *testing.T) {
	t.Parallel()
	for _, every := range []int{64, 5, 2, 1} {
		t.Run(fmt.Sprint(every), func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				w.trade.latency = time.Second
				w.sellSettled(200)
				failing := func(value string) bool {
					var n int
					fmt.Sscanf(value, "S%d", &n)
					return n%every == 0
				}
				r, change := withRepeats(w, failing)
				began := time.Now()
				s := w.run(pipeline.ExitDone, change)
				if took := time.Since(began); took > time.Hour+3*time.Minute {
					t.Errorf("took %v, want the hour of the repeats and little more", took)
				}
				if s.Settling.Answered != 200 || s.Verdicts[schema.Matched] != 200 {
					t.Errorf("%+v, %v", s.Settling, s.Verdicts)
				}
				checkEachOnce(t, w.trade.made(), 200)
				if at := slices.IndexFunc(r.ended, failing); slices.ContainsFunc(r.ended[at:], func(v string) bool { return !failing(v) }) {
					t.Errorf("a first query came after a retried one: %q", r.ended)
				}
			})
		})
	}
}

// TestRepeatsEndWithTheDeadline: orders that are still retried at the deadline have no
// answer, and the rest is published.
func TestRepeatsEndWithTheDeadline(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.set(store, sales(store.ID, 200)...)
		_, change := withRepeats(w, func(value string) bool { return value < order(20) })
		began := time.Now()
		s := w.run(pipeline.ExitStopped, change, deadline(time.Minute))
		if took := time.Since(began); took > 80*time.Second || s.Settling.Answered != 180 || s.Settling.Unanswered != 20 {
			t.Errorf("took %v; %+v", took, s.Settling)
		}
	})
}
