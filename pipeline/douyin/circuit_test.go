package douyin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

// outages are the ways in which a platform does not answer.
var outages = map[string]http.HandlerFunc{
	"HTTP 503": say(503, ""),
	"HTML":     say(200, "<html>"),
	"HTTP 502": say(502, "<html>"),
	"cut":      say(200, emptyPage[:40]),
	"silence": func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // the client's timeout
	},
}

// down is a platform that has an outage of every API, from and for some time.
func down(answer http.HandlerFunc, from, length time.Duration) *fake {
	began := time.Now()
	during := func(otherwise http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if since := time.Since(began); since >= from && since < from+length {
				answer(w, r)
				return
			}
			otherwise(w, r)
		}
	}
	f := &fake{bills: during(say(200, emptyPage)), settlements: during(say(200, noSettlements)), delay: 30 * time.Millisecond}
	f.token = during(func(w http.ResponseWriter, r *http.Request) { say(200, tokenAnswer(f.fetched(), "7200"))(w, r) })
	return f
}

// patient returns a client that waits longer than the outages here.
func patient(app App, t http.RoundTripper) *Client {
	return New(app, WithTransport(t), WithPatience(long), WithLogger(slog.New(slog.DiscardHandler)))
}

const long = 45 * time.Minute

// An outage of 30 minutes: every call is answered in the end, at 1.1 times the
// calls at most, and the run is late by little more than the outage. That the
// token ends meanwhile changes nothing.
func TestOutageOf30Minutes(t *testing.T) {
	t.Parallel()
	const length = 30 * time.Minute
	for name, answer := range outages {
		for start, from := range map[string]time.Duration{"from the start": 0, "midway": time.Minute, "as the token ends": 114 * time.Minute} {
			t.Run(name+" "+start, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := down(answer, from, length)
					app := fast
					app.QPS, app.Timeout = 10, 20*time.Second
					c := patient(app, f)
					const callers, calls = 40, 2000
					if from > time.Hour {
						walk(t, c, 1, 1)
						time.Sleep(from - time.Minute)
					}
					took := walk(t, c, callers, calls/callers)
					if s := c.Stats(); len(f.arrivals) > calls*11/10 || s.Bills != int64(len(f.arrivals)) {
						t.Errorf("%d requests for %d calls (%+v), want at most 1.1 times as many", len(f.arrivals), calls, s)
					}
					if most := (length + 2*probeInterval) / probeInterval; f.fetched() > int(most)+maxSilent {
						t.Errorf("%d token calls, want no more than it takes to see the outage, and a probe a minute", f.fetched())
					}
					if latest := length + calls/10*time.Second + probeInterval*3/4; took > latest {
						t.Errorf("took %v, want at most %v", took, latest)
					}
				})
			})
		}
	}
}

// An outage without end: every call ends in time, and the error tells since when
// and why, and that a later run goes on.
func TestOutageWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, answer := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := down(answer, time.Minute, 1000*time.Hour)
				app := fast
				app.QPS, app.Timeout = 10, 20*time.Second
				c := patient(app, f)
				const callers = 40
				walk(t, c, callers, 10) // 40 s
				time.Sleep(25 * time.Second)
				before, began := len(f.arrivals), time.Now()
				var all sync.WaitGroup
				for range callers {
					all.Go(func() {
						for range 100 { // a run would stop at the first
							_, err := c.Bills(t.Context(), someUnit, "0", 50)
							if fault := mustFail(t, err); fault.Failure().Reach != schema.ReachToday || fault.Hint != hintOutage || !strings.Contains(fault.Reason, "has not answered since") {
								t.Errorf("got %v", err)
							}
						}
					})
				}
				all.Wait()
				if took := time.Since(began); took < long || took > long+2*probeInterval {
					t.Errorf("took %v, want %v and little more", took, long)
				}
				if wasted, most := len(f.arrivals)-before, callers+maxSilent+int(long/probeInterval); wasted > most {
					t.Errorf("%d requests in vain, want at most %d", wasted, most)
				}
			})
		})
	}
}

// Without patience an outage is told as soon as it is known.
func TestWithoutPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := down(say(503, ""), 0, time.Hour)
		c := New(fast, WithTransport(f), WithPatience(0), WithLogger(slog.New(slog.DiscardHandler)))
		began := time.Now()
		_, err := c.Bills(t.Context(), someUnit, "0", 50)
		if fault := mustFail(t, err); fault.Hint != hintOutage || f.fetched() != maxTokenSilent || time.Since(began) > 10*time.Second {
			t.Errorf("got %v after %d token calls and %v", err, f.fetched(), time.Since(began))
		}
	})
}

// Who says nothing of patience waits two minutes, and for an API that has never
// answered a quarter of one.
func TestPatience(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		from time.Duration
		want time.Duration
	}{"from the start": {0, defaultFirstPatience}, "midway": {time.Minute, defaultPatience}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := down(say(503, ""), row.from, time.Hour)
				c := client(fast, f)
				if row.from > 0 {
					walk(t, c, 1, 1)
					time.Sleep(row.from)
				}
				began := time.Now()
				var all sync.WaitGroup
				for range 20 {
					all.Go(func() {
						_, err := c.Bills(t.Context(), someUnit, "0", 50)
						mustFail(t, err)
					})
				}
				all.Wait()
				if took := time.Since(began); took < row.want || took > row.want+10*time.Second {
					t.Errorf("took %v, want %v and little more", took, row.want)
				}
			})
		})
	}
}

// After an outage that was not waited for to its end, the client finds back.
func TestCircuitClosesAfterGivingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := down(say(503, ""), time.Second, 2*time.Hour-renewAhead-time.Minute)
		c := patient(fast, f)
		walk(t, c, 1, 1)
		time.Sleep(time.Second)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := c.Bills(t.Context(), someUnit, "0", 50)
				mustFail(t, err)
			})
		}
		all.Wait()
		time.Sleep(2*time.Hour - long)
		walk(t, c, 1, 1)
		walk(t, c, 8, 10)
	})
}

// The circuit of one API does not hold back the other, nor do errors open it, nor
// failures with answers in between.
func TestCircuitIsOfOneAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: say(200, emptyPage), settlements: say(503, ""), delay: 30 * time.Millisecond}
		c := client(fast, f)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := c.Settlements(ctx, someQuestion); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want the wait to be cancelled", err)
				}
			})
		}
		time.Sleep(10 * time.Second)
		if took := walk(t, c, 10, 20); took > 2*time.Second || !c.settlements.circuit.open() || len(f.questions) != 20 {
			t.Errorf("a walk took %v beside %d questions without an answer", took, len(f.questions))
		}
		cancelled := time.Now()
		cancel()
		all.Wait()
		if late := time.Since(cancelled); late != 0 {
			t.Errorf("returned %v after the cancellation", late)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: say(200, `{"extra":{"error_code":5000001}}`)}
		c := client(fast, f)
		for range 100 {
			_, err := c.Bills(t.Context(), someUnit, "0", 50)
			mustFail(t, err)
		}
		if c.bills.circuit.open() {
			t.Error("answers that are errors opened the circuit")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.bills = func(w http.ResponseWriter, r *http.Request) {
			if len(f.arrivals)%maxSilent == 0 {
				say(200, emptyPage)(w, r)
				return
			}
			say(503, "")(w, r)
		}
		c := client(fast, f)
		began := time.Now()
		for range 100 {
			_, _ = c.Bills(t.Context(), someUnit, "0", 50)
		}
		if took := time.Since(began); took > time.Hour || len(f.arrivals) < 100 || c.bills.circuit.open() {
			t.Errorf("%d requests in %v: failures that are not in a row opened the circuit", len(f.arrivals), took)
		}
	})
}

// Requests that wait for their turn while the circuit opens are not sent: at a
// slow pace they would be most of what an outage costs.
func TestOutageHoldsThoseInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: say(503, ""), delay: time.Millisecond}
		c := patient(paced(10), f)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+30*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 256 {
			all.Go(func() { _, _ = c.Bills(ctx, someUnit, "0", 50) })
		}
		all.Wait()
		if want := maxSilent + 10; len(f.arrivals) != want {
			t.Errorf("%d requests, want %d and a probe a minute", len(f.arrivals), want)
		}
	})
}
