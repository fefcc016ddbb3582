package douyin

import (
	"fmt"
	"log/slog"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestShares: at any time all processes together have no more slots than there are, also where
// their clocks differ by some time, and none has an other number than its weight, rounded. In the
// long run each has its weight, but for what handing over costs.
func TestShares(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 12).Draw(t, "weights")
		weights[0]++
		slots := rapid.IntRange(1, 60).Draw(t, "slots")
		skews := rapid.SliceOfN(rapid.IntRange(-500, 500), len(weights), len(weights)).Draw(t, "skews")
		shares, sums, sum := make([]*Share, len(weights)), make([]float64, len(weights)), 0
		for i, w := range weights {
			shares[i], sum = NewShare(i, weights), sum+w
		}
		began := time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "began"), 0)
		const looks, step = 2000, 1700 * time.Millisecond
		for look := range looks {
			now, all := began.Add(time.Duration(look)*step), 0
			for i, s := range shares {
				n := s.slots(now.Add(time.Duration(skews[i])*time.Millisecond), slots)
				all += n
				sums[i] += float64(n)
				if want := s.of(float64(slots)); float64(n) > math.Ceil(want) {
					t.Fatalf("%d of %d slots by weight %d of %d", n, slots, weights[i], sum)
				}
			}
			if all > slots {
				t.Fatalf("%d slots together, of %d", all, slots)
			}
		}
		for i, s := range shares {
			want := s.of(float64(slots))
			if got := sums[i] / looks; got > want+0.1 || got < want*0.8-0.1 {
				t.Fatalf("%.3f slots in the mean by weight %d of %d; want %.3f of %d", got, weights[i], sum, want, slots)
			}
		}
	})
}

// TestShareChanges: nothing changes before the time that next tells.
func TestShareChanges(t *testing.T) {
	t.Parallel()
	s := NewShare(1, []int{2, 1, 3})
	for at := time.Unix(1_800_000_001, 0); at.Unix() < 1_800_003_600; at = at.Add(700 * time.Millisecond) {
		gained := s.slots(at, 2)
		for later := at; later.Before(s.next(at)); later = later.Add(time.Second) {
			if s.slots(later, 2) > gained {
				t.Fatalf("more slots at %v than at %v, before %v", later, at, s.next(at))
			}
		}
	}
}

// sharing returns the client of one of several processes that share a rate.
func sharing(qps float64, f *fake, index int, weights []int) *Client {
	return New(withRate(qps), WithTransport(jitter{f, time.Nanosecond}), WithLogger(slog.New(slog.DiscardHandler)), WithShare(NewShare(index, weights)))
}

// TestSharedPace: processes that share a rate make no more calls in any second than one alone,
// and take about as long as one alone, but for what the turns leave over.
func TestSharedPace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		qps       float64
		processes int
		calls     int // of all
	}{{20, 8, 16000}, {16, 4, 3200}, {10, 8, 8000}, {3, 8, 4800}, {1, 2, 900}, {2.5, 4, 3000}, {0.5, 2, 400}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{bills: respond(200, emptyPage), delay: 30 * time.Millisecond}
				weights := make([]int, tt.processes)
				for i := range weights {
					weights[i] = 1
				}
				began := time.Now()
				var all sync.WaitGroup
				for i := range weights {
					c := sharing(tt.qps, f, i, weights)
					all.Go(func() { walk(t, c, 4, tt.calls/tt.processes/4) })
				}
				all.Wait()
				ideal := time.Duration(float64(tt.calls) / tt.qps * float64(time.Second))
				if took := time.Since(began); took > ideal*112/100+4*shareTurn {
					t.Errorf("took %v, and one alone %v", took, ideal)
				}
				if limit := busiest(f.arrivals); float64(limit) > math.Ceil(tt.qps) {
					t.Errorf("%d calls in one second, of %v", limit, tt.qps)
				}
			})
		})
	}
}

// TestShareSettlements: the settle query has a share of its own once it is given one; the others
// keep theirs.
func TestShareSettlements(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const qps, seconds = 100, 20
		f := &fake{bills: respond(200, emptyPage), settlements: respond(200, noSettlements)}
		c := New(withRate(qps), WithTransport(f), WithShare(NewShare(0, []int{1, 1})))
		c.ShareSettlements(NewShare(0, []int{1, 9}))
		if s := c.Stats(); s.SettleRate != qps/10 || s.Rate != qps/2 {
			t.Errorf("rates %v and %v", s.SettleRate, s.Rate)
		}
		began := time.Now()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for range qps / 10 * seconds / 20 {
					if _, err := c.Settlements(t.Context(), someQuery); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if took := time.Since(began).Seconds(); took < seconds*0.9 || took > seconds*1.1 {
			t.Errorf("took %v s", took)
		}
		if got := busiest(f.settleArrivals); got > qps/10 {
			t.Errorf("%d requests in a second", got)
		}
	})
}
