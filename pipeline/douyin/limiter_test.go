package douyin

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"billwalk/pipeline/chain"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// busiest returns the maximum number of arrivals in any closed second.
func busiest(arrivals []time.Time) int {
	slices.SortFunc(arrivals, time.Time.Compare)
	limit, first := 0, 0
	for last, at := range arrivals {
		for at.Sub(arrivals[first]) > time.Second {
			first++
		}
		limit = max(limit, last-first+1)
	}
	return limit
}

// jitter delays requests on their way to the server.
type jitter struct {
	to  http.RoundTripper
	max time.Duration
}

func (j jitter) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := stop.Sleep(r.Context(), rand.N(j.max)); err != nil {
		return nil, err
	}
	return j.to.RoundTrip(r)
}

// walk fetches pages, one after the other in each of some units.
func walk(t *testing.T, c *Client, units, pages int) (took time.Duration) {
	t.Helper()
	return walkUnit(t, c, someUnit, units, pages)
}

func walkUnit(t *testing.T, c *Client, u schema.Unit, walkers, pages int) (took time.Duration) {
	t.Helper()
	began := time.Now()
	var all sync.WaitGroup
	for range walkers {
		all.Go(func() {
			for range pages {
				if _, err := c.Bills(t.Context(), u, "0", 50); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// The pacer and not the latency decides the rate, and no second has more requests than
// the cap, and those that were delayed on their way for longer than the allowance.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		qps          float64
		units, pages int
		jitter       time.Duration
	}{
		{50, 20, 40, time.Nanosecond}, {50, 20, 40, 15 * time.Millisecond}, {50, 1, 200, time.Nanosecond},
		{10, 20, 10, 90 * time.Millisecond}, {2.5, 4, 25, 300 * time.Millisecond}, {0.2, 3, 10, time.Second}, {333.3, 64, 50, 5 * time.Millisecond},
		{1000, 64, 50, time.Nanosecond},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{bills: respond(200, emptyPage), delay: 30 * time.Millisecond}
				c := client(withRate(tt.qps), jitter{f, tt.jitter})
				took := walk(t, c, tt.units, tt.pages)
				ideal := time.Duration(float64(tt.units*tt.pages) / tt.qps * float64(time.Second))
				capable := time.Duration(tt.pages) * (30*time.Millisecond + tt.jitter) // of each unit, one page after the other
				if tt.units == 1 {
					ideal = max(ideal, capable)
				}
				if deadline := ideal*102/100 + 2*(30*time.Millisecond+tt.jitter); took > deadline {
					t.Errorf("took %v, want at most %v", took, deadline)
				}
				late := 0.0
				if tt.jitter > 3*allowance/2 {
					late = math.Ceil(tt.qps*tt.jitter.Seconds()) + 1 // of the second before
				}
				if limit := busiest(f.arrivals); float64(limit) > math.Ceil(tt.qps)+late {
					t.Errorf("%d requests in one second at %v per second", limit, tt.qps)
				}
				if s := c.Stats(); s.Rate != tt.qps || s.Cap != tt.qps || s.ThrottledTime != 0 {
					t.Errorf("stats %+v of a run without throttling", s)
				}
			})
		})
	}
}

// Each API has a limit of its own, and uses it while the other one is busy.
func TestPaceOfEachAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const qps, callers, calls = 50, 20, 1000
		f := &fake{bills: respond(200, emptyPage), settlements: respond(200, noSettlements), delay: 30 * time.Millisecond}
		c, began := client(withRate(qps), jitter{f, 10 * time.Millisecond}), time.Now()
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range calls / callers {
					if _, err := c.Settlements(t.Context(), someQuery); err != nil {
						t.Error(err)
					}
				}
			})
		}
		walk(t, c, callers, calls/callers)
		all.Wait()
		if took, most := time.Since(began), calls/qps*1020*time.Millisecond; took > most {
			t.Errorf("took %v, want at most %v", took, most)
		}
		if bills, settlements := busiest(f.arrivals), busiest(f.settleArrivals); bills > qps || settlements > qps {
			t.Errorf("%d and %d requests in one second, want at most %d", bills, settlements, qps)
		}
	})
}

// line is a platform that only counts: how long a request and its answer are under way is
// drawn anew for each.
type line struct {
	there, back func() time.Duration
	mu          sync.Mutex
	arrivals    []time.Time
}

// send makes one request in a slot of the pacer.
func (l *line) send(ctx context.Context, p *pacer) error {
	f, err := p.wait(ctx)
	if err != nil {
		return err
	}
	time.Sleep(l.there())
	l.mu.Lock()
	l.arrivals = append(l.arrivals, time.Now())
	l.mu.Unlock()
	time.Sleep(l.back())
	p.arrived(f)
	return nil
}

// Whatever a request takes on its way and its answer on the way back, no second has more
// arrivals than the cap, and the requests take at most 2 percent longer than they must.
func TestArrivals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		qps := rapid.SampledFrom([]int{1, 5, 17, 50, 200, 1000}).Draw(r, "qps")
		latency := time.Duration(rapid.IntRange(5, 200).Draw(r, "latency")) * time.Millisecond
		there := time.Duration(rapid.IntRange(0, 12_000).Draw(r, "jitter there")) * time.Microsecond
		back := time.Duration(rapid.IntRange(0, 4_000).Draw(r, "jitter back")) * time.Microsecond
		dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0))
		line := &line{}
		line.there = func() time.Duration { return latency/3 + line.draw(dice, there) }
		line.back = func() time.Duration { return latency*2/3 + line.draw(dice, back) }
		calls := min(max(20*qps, 60), 4000)
		var took time.Duration
		synctest.Test(t, func(t *testing.T) { took = line.run(t.Context(), newPacer(float64(qps)), qps/4+8, calls) })
		if got := busiest(line.arrivals); got > qps {
			r.Errorf("%d arrivals in one second, want at most %d", got, qps)
		}
		if most := time.Duration(calls)*time.Second*102/100/time.Duration(qps) + latency + there + back; took > most {
			r.Errorf("%d calls took %v, want at most %v", calls, took, most)
		}
	})
}

// Where the way to the platform is blocked now and then, what has gathered there arrives
// at once, and still no second has more arrivals than the cap.
func TestArrivalsAfterABlock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		qps := rapid.SampledFrom([]int{5, 50, 200}).Draw(r, "qps")
		latency := time.Duration(rapid.IntRange(5, 200).Draw(r, "latency")) * time.Millisecond
		block := time.Duration(rapid.IntRange(0, 200).Draw(r, "block")) * time.Millisecond
		line := &line{back: func() time.Duration { return latency / 2 }}
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			line.there = func() time.Duration {
				arrival := time.Since(began) + latency/2
				return latency/2 + max(block-arrival%(20*time.Second), 0)
			}
			line.run(t.Context(), newPacer(float64(qps)), qps+8, 25*qps)
		})
		if got := busiest(line.arrivals); got > qps {
			r.Errorf("%d arrivals in one second, want at most %d", got, qps)
		}
	})
}

func (l *line) draw(dice *rand.Rand, limit time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(dice.Int64N(int64(limit) + 1))
}

// run makes calls, so many side by side, and returns how long they took.
func (l *line) run(ctx context.Context, p *pacer, callers, calls int) time.Duration {
	began := time.Now()
	var left atomic.Int64
	left.Store(int64(calls))
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 && l.send(ctx, p) == nil {
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// A request whose answer is missing counts for a little longer than a second, and then
// holds nobody back.
func TestWindowWithoutAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, began := newPacer(5), time.Now()
		for range 50 {
			if _, err := p.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 9*(time.Second+margin) || took > 10*(time.Second+margin+maxLate) {
			t.Errorf("50 requests at 5 per second took %v", took)
		}
	})
}

// The usual time is exceeded by the allowance in the mean, whatever the times are.
func TestUsualTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var times []time.Duration
		for _, ms := range rapid.SliceOfN(rapid.IntRange(0, 40_000), 1, 64).Draw(t, "times") {
			times = append(times, time.Duration(ms)*time.Millisecond)
		}
		usual, sum := usualTime(times), time.Duration(0)
		for _, took := range times {
			sum += min(max(took-usual, 0), maxUsualDelay)
		}
		if mean := sum / time.Duration(len(times)); mean > allowance+time.Millisecond/10 || usual > 0 && mean < allowance-time.Millisecond/10 {
			t.Errorf("exceeded by %v in the mean, want %v", mean, allowance)
		}
	})
}

// Of those that wait, every second turn is that of the longest chain, and nobody is
// passed over for ever.
func TestQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q queue
		if _, err := q.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		var order []int
		var all sync.WaitGroup
		for _, left := range []int{0, 0, 0, 3, 0, 9, 7} {
			all.Go(func() {
				if _, err := q.enter(chain.With(t.Context(), left)); err != nil {
					t.Error(err)
				}
				order = append(order, left)
				q.leave()
			})
			synctest.Wait()
		}
		gone, leave := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := q.enter(chain.With(gone, 100)); err == nil {
				t.Error("a caller that has gone got a turn")
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		q.leave()
		all.Wait()
		if want := []int{0, 9, 0, 7, 0, 3, 0}; !slices.Equal(order, want) {
			t.Errorf("got the order %v, want %v", order, want)
		}
	})
}

// The rate falls to that of a server with a lower limit: everything is fetched, and few
// requests are throttled.
func TestThrottlingFindsTheServersRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const allowed = 12
		f := &fake{delay: 30 * time.Millisecond, bills: (&strict{limit: allowed}).serve}
		c := client(withRate(50), f)
		took := walk(t, c, 20, 100)
		got := c.Stats()
		if got.Throttled == 0 || got.Throttled > 200 {
			t.Errorf("%d of %d requests were throttled, want a few", got.Throttled, got.Bills)
		}
		t.Logf("%d of %d throttled, %v", got.Throttled, got.Bills, took)
		if limit := 2000 / allowed * 2 * time.Second; took > limit {
			t.Errorf("took %v, want at most twice the time at the server's limit (%v)", took, limit)
		}
		if got.ThrottledTime == 0 {
			t.Error("no throttled time was counted")
		}
	})
}

// If the platform throttles everything for ten minutes, it receives at most 1.1 requests
// per call, every call succeeds in the end, and the rate recovers.
func TestThrottlingOf10Minutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		f := &fake{delay: 30 * time.Millisecond}
		f.bills = failIf(func(*http.Request) bool {
			since := time.Since(began)
			return since >= 2*time.Minute && since < 12*time.Minute
		}, respond(200, `{"extra":{"error_code":28003018,"logid":"L"}}`), respond(200, emptyPage))
		app := fast
		app.QPS = 10
		c := client(app, f)
		const callers, calls = 40, 4000
		took := walk(t, c, callers, calls/callers)
		if len(f.arrivals) > calls*11/10 {
			t.Errorf("%d requests for %d calls, want at most 1.1 times as many", len(f.arrivals), calls)
		}
		if deadline := 10*time.Minute + calls/10*time.Second + 10*time.Second; took > deadline || c.Stats().Rate != app.QPS {
			t.Errorf("took %v, want at most %v; the rate is %v", took, deadline, c.Stats().Rate)
		}
	})
}

func TestThrottlingHalvesAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(20)
		rates := func(want float64) {
			t.Helper()
			if got := p.limit(time.Now()); math.Abs(got-want) > want/1e6 {
				t.Errorf("rate is %v, want %v", got, want)
			}
		}
		send := func() *flight {
			f, err := p.wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.arrived(f)
			return f
		}
		bunch := []*flight{send(), send(), send()}
		time.Sleep(time.Second)
		for _, f := range bunch {
			p.throttled(f, 0)
		}
		rates(10) // a burst in flight counts once
		time.Sleep(time.Millisecond)
		p.throttled(send(), 0)
		rates(5)
		time.Sleep(time.Hour)
		rates(5) // nothing was answered
		p.answered(send())
		rates(5)
		time.Sleep(riseTime / 2)
		rates(10) // the mean of the rate and the cap, as a factor
		time.Sleep(riseTime/2 - time.Nanosecond)
		rates(20)
		p.throttled(send(), 0) // one of two
		rates(10)
		p.answered(send())
		answered := time.Now()
		time.Sleep(riseAfter - 2*time.Second)
		rates(10)
		time.Sleep(time.Until(answered.Add(riseAfter + riseTime)))
		rates(20)
		time.Sleep(time.Hour)
		rates(20) // never more than the cap
		for range 20 {
			time.Sleep(time.Millisecond)
			p.throttled(send(), 0)
		}
		rates(minRate)
	})
}

// When a throttling has passed, however long it was and whatever it let through, the
// platform receives the full rate within 10 s.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		qps     float64
		lasts   time.Duration
		allowed int // requests per second meanwhile
	}{{5, 30 * time.Second, 0}, {50, 20 * time.Second, 0}, {50, time.Minute, 12}, {200, 5 * time.Second, 0}, {200, 30 * time.Second, 40}, {1000, 10 * time.Second, 3}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &strict{limit: int(tt.qps)}
				f := &fake{delay: 50 * time.Millisecond, bills: s.serve}
				c := client(withRate(tt.qps), f)
				ctx, stop := context.WithCancel(t.Context())
				var all sync.WaitGroup
				for range int(4*tt.qps) + 8 {
					all.Go(func() {
						for ctx.Err() == nil {
							_, _ = c.Bills(ctx, someUnit, "0", 50) // fails where it was throttled eight times
						}
					})
				}
				time.Sleep(10 * time.Second)
				if got := s.refused(); got > 0 {
					t.Errorf("%d requests were throttled by a server with the same limit", got)
				}
				s.setLimit(tt.allowed)
				time.Sleep(tt.lasts)
				if got := s.refused(); float64(got) > tt.qps*2+float64(tt.lasts/time.Second)*max(2, float64(tt.allowed)/4) {
					t.Errorf("%d requests were throttled in %v", got, tt.lasts)
				}
				s.setLimit(int(tt.qps))
				time.Sleep(10 * time.Second)
				before := s.accepted()
				time.Sleep(5 * time.Second)
				if got := float64(s.accepted() - before); got < tt.qps*5/1.03-1 {
					t.Errorf("%v requests in 5 s after 10s, want %v", got, tt.qps*5)
				}
				stop()
				all.Wait()
			})
		})
	}
}

// strict is a server that takes so many requests in any second.
type strict struct {
	mu    sync.Mutex
	limit int
	taken []time.Time // in the last second
	good  int
	bad   int
}

func (s *strict) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	now := time.Now()
	s.taken = slices.DeleteFunc(s.taken, func(at time.Time) bool { return now.Sub(at) >= time.Second })
	full := len(s.taken) >= s.limit
	if full {
		s.bad++
	} else {
		s.good++
		s.taken = append(s.taken, now)
	}
	s.mu.Unlock()
	if full {
		respond(200, `{"extra":{"error_code":28003018,"logid":"L"}}`)(w, r)
		return
	}
	respond(200, emptyPage)(w, r)
}

func (s *strict) setLimit(limit int) { s.mu.Lock(); defer s.mu.Unlock(); s.limit = limit }
func (s *strict) refused() int       { s.mu.Lock(); defer s.mu.Unlock(); return s.bad }
func (s *strict) accepted() int      { s.mu.Lock(); defer s.mu.Unlock(); return s.good }

// A pause also delays callers that already wait for their turn.
func TestPauseHoldsEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(1)
		first, err := p.wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				sent, err := p.wait(t.Context())
				if err != nil || sent.sent.Before(first.sent.Add(time.Minute)) {
					t.Errorf("sent %v, %v; want the pause of a minute", sent, err)
				}
			})
		}
		synctest.Wait()
		p.throttled(first, time.Minute)
		all.Wait()
	})
}

// A cancelled wait gives its slot back.
func TestCancelledWaitCostsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(0.2)
		first, err := p.wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := p.wait(ctx); err == nil {
				t.Error("waited 5s in a millisecond")
			}
			cancel()
		}
		next, err := p.wait(t.Context())
		if gap := next.sent.Sub(first.sent); err != nil || gap > 5100*time.Millisecond {
			t.Errorf("the next request went %v after the first, %v; want 5s", gap, err)
		}
	})
}

func BenchmarkPacerWithoutLimit(b *testing.B) {
	p := newPacer(1e9)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.wait(b.Context()); err != nil {
				b.Error(err)
			}
		}
	})
}
