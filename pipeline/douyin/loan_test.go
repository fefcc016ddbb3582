package douyin

import (
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestLent: no slot is lent to two processes, whichever of the idle ones each knows of; those that
// know of all of them have all slots together.
func TestLent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(0, 50), 2, 12).Draw(t, "weights")
		weights[0]++ // it is not idle
		slots, turn := rapid.IntRange(1, 200).Draw(t, "slots"), rapid.Uint64Range(0, 1<<32).Draw(t, "turn")
		idle := rapid.SliceOfDistinct(rapid.IntRange(1, len(weights)-1), rapid.ID).Draw(t, "idle")
		together, knowing := 0, 0
		for i := range weights {
			if weights[i] == 0 || slices.Contains(idle, i) {
				continue
			}
			s := NewShare(i, weights)
			own := s.slotsIn(turn, slots)
			var known []int
			if len(idle) > 0 {
				known = rapid.SliceOfDistinct(rapid.SampledFrom(idle), rapid.ID[int]).Draw(t, "known")
			}
			together += own + s.lent(turn, slots, known)
			knowing += own + s.lent(turn, slots, idle)
		}
		if together > slots || knowing != slots {
			t.Fatalf("%d slots of %d, and %d where all processes know all idle ones", together, slots, knowing)
		}
	})
}

// TestLentEvenly: of the processes that are not idle none has much more of what is lent than another.
func TestLentEvenly(t *testing.T) {
	t.Parallel()
	const slots, turns = 40, 50
	weights := []int{7, 7, 7, 7, 7, 7, 7, 7}
	for i := range 4 {
		got := 0
		for turn := range uint64(turns) {
			got += NewShare(i, weights).lent(turn, slots, []int{4, 5, 6, 7})
		}
		if want := slots * turns / 8; got < want*4/5 || got > want*6/5 {
			t.Errorf("process %d has %d of the slots of idle ones, want about %d", i, got, want)
		}
	}
}

// TestLending: processes of very unequal work, each of which lends its part of the rate when it has
// made its calls, and hears of the others now and then, never make more calls together than the rate
// allows in any second, and take not much longer than one alone.
func TestLending(t *testing.T) {
	t.Parallel()
	for _, qps := range []float64{3, 20, 200} {
		synctest.Test(t, func(t *testing.T) {
			const looks, rest = 3 * time.Second, 1100 * time.Millisecond
			calls := []int{100, 10, 20, 5, 300, 0, 40}
			f := &fake{bills: respond(200, emptyPage), delay: 30 * time.Millisecond}
			weights := []int{1, 1, 1, 1, 1, 1, 1}
			var mu sync.Mutex
			var idle []int
			began, sum := time.Now(), 0
			var all sync.WaitGroup
			for i, weight := range calls {
				n := int(float64(weight) * qps)
				sum += n
				c := sharing(qps, f, i, weights)
				ended := make(chan struct{})
				all.Go(func() {
					defer close(ended)
					walk(t, c, 8, n/8)
					if err := c.BillsRate().Return(t.Context()); err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					idle = append(idle, i)
				})
				all.Go(func() {
					for look := time.Duration(i+1) * 100 * time.Millisecond; ; look = looks {
						select {
						case <-ended:
							return
						case <-time.After(look):
						}
						mu.Lock()
						seen := slices.Clone(idle)
						mu.Unlock()
						until := time.Now().Add(rest + looks + time.Second)
						time.AfterFunc(rest, func() {
							select {
							case <-ended: // it has returned what it had
							default:
								c.BillsRate().Borrow(seen, until)
							}
						})
					}
				})
			}
			all.Wait()
			ideal := float64(sum) / qps
			if took := time.Since(began).Seconds(); took > ideal*1.25 {
				t.Errorf("at %v a second: took %.0f s, and one alone %.0f", qps, took, ideal)
			}
			if limit := busiest(f.arrivals); float64(limit) > math.Ceil(qps) {
				t.Errorf("%d calls in one second, of %v", limit, qps)
			}
		})
	}
}

// TestLoanEnds: what is borrowed is used until its time and no longer.
func TestLoanEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const qps, seconds = 20, 30
		f := &fake{bills: respond(200, emptyPage), delay: 30 * time.Millisecond}
		c := New(withRate(qps), WithTransport(f), WithShare(NewShare(0, []int{1, 1})))
		began := time.Now()
		c.BillsRate().Borrow([]int{1}, began.Add(seconds*time.Second))
		walk(t, c, 4, qps*seconds/4+qps/2*seconds/4)
		if took := time.Since(began).Seconds(); took < 2*seconds*0.95 || took > 2*seconds*1.05 {
			t.Errorf("took %v s, want %d: half of the time with the whole rate, then with its half", took, 2*seconds)
		}
		if got := busiest(f.arrivals); got > qps {
			t.Errorf("%d requests in a second", got)
		}
		last := f.arrivals[len(f.arrivals)-1]
		if got := busiest(slices.DeleteFunc(slices.Clone(f.arrivals), func(at time.Time) bool { return last.Sub(at) > seconds/2*time.Second })); got > qps/2 {
			t.Errorf("%d requests in a second after the loan", got)
		}
	})
}
