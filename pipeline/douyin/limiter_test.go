package douyin

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

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
// the cap and three, and those that were delayed on their way.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		qps          float64
		units, pages int
		jitter       time.Duration
	}{
		{50, 20, 40, time.Nanosecond}, {50, 20, 40, 20 * time.Millisecond}, {50, 1, 200, time.Nanosecond},
		{10, 20, 10, 90 * time.Millisecond}, {2.5, 4, 25, 300 * time.Millisecond}, {0.2, 3, 10, time.Second}, {333.3, 64, 50, 5 * time.Millisecond},
		{1000, 64, 50, time.Nanosecond}, // the bucket alone would allow 1010
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
				late := tt.qps * tt.jitter.Seconds() // of the second before
				if limit := busiest(f.arrivals); float64(limit) > tt.qps+3+late {
					t.Errorf("%d requests in one second at %v per second", limit, tt.qps)
				}
				if s := c.Stats(); s.Rate != tt.qps || s.Cap != tt.qps || s.ThrottledTime != 0 {
					t.Errorf("stats %+v of a run without throttling", s)
				}
			})
		})
	}
}

// The window limits the requests of any second, however late its callers wake.
func TestWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := window{limit: rapid.IntRange(1, 9).Draw(t, "most")}
		now := time.Unix(1e9, 0)
		var sent []time.Time
		for range 200 {
			now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "late")) * time.Millisecond)
			if free := w.free(now); free.After(now) {
				now = free
			}
			w.add(now)
			sent = append(sent, now)
			if got := busiest(sent); got > w.limit {
				t.Fatalf("%d in one second, want at most %d", got, w.limit)
			}
			if len(w.sent) > w.limit+1 {
				t.Fatalf("the window remembers %d requests", len(w.sent))
			}
		}
	})
}

// The rate falls to that of a server with a lower limit: everything is fetched, and few
// requests are throttled.
func TestThrottlingFindsTheServersRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const allowed = 12
		var mu sync.Mutex
		var taken []time.Time
		f := &fake{delay: 30 * time.Millisecond}
		f.bills = func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			taken = slices.DeleteFunc(taken, func(at time.Time) bool { return now.Sub(at) >= time.Second })
			if len(taken) >= allowed {
				respond(200, `{"extra":{"error_code":28003018,"logid":"L"}}`)(w, r)
				return
			}
			taken = append(taken, now)
			respond(200, emptyPage)(w, r)
		}
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
		if deadline := 10*time.Minute + calls/10*time.Second + recoverSteps*recoverEvery; took > deadline || c.Stats().Rate != app.QPS {
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
			if got := p.limit(time.Now()); got != want {
				t.Errorf("rate is %v, want %v", got, want)
			}
		}
		send := func() time.Time {
			sent, err := p.wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return sent
		}
		flight := []time.Time{send(), send(), send()}
		time.Sleep(time.Second)
		for _, sent := range flight {
			p.throttled(sent, 0)
		}
		rates(10) // a burst in flight counts once
		time.Sleep(time.Millisecond)
		p.throttled(send(), 0)
		rates(5)
		time.Sleep(recoverEvery - time.Nanosecond)
		rates(5)
		time.Sleep(time.Nanosecond)
		rates(7) // a tenth of the cap
		time.Sleep(2 * recoverEvery)
		rates(11)
		time.Sleep(time.Hour)
		rates(20) // never more than the cap
		for range 20 {
			p.throttled(send(), 0)
			time.Sleep(time.Millisecond)
		}
		rates(minRate)
		time.Sleep(recoverEvery)
		rates(minRate + 2)
	})
}

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
				if err != nil || sent.Before(first.Add(time.Minute)) {
					t.Errorf("sent after %v, %v; want the pause of a minute", sent.Sub(first), err)
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
		if gap := next.Sub(first); err != nil || gap > 5100*time.Millisecond {
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
