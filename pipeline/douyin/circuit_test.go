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
	"HTTP 503": respond(503, ""),
	"HTML":     respond(200, "<html>"),
	"HTTP 502": respond(502, "<html>"),
	"cut":      respond(200, emptyPage[:40]),
	"silence": func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // the client's timeout
	},
}

// duringOutage returns a platform with an outage of every API, from some time on and of
// some length.
func duringOutage(answer http.HandlerFunc, from, length time.Duration) *fake {
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
	f := &fake{bills: during(respond(200, emptyPage)), settlements: during(respond(200, noSettlements)), delay: 30 * time.Millisecond}
	f.token = during(func(w http.ResponseWriter, r *http.Request) { respond(200, tokenAnswer(f.tokenCount(), "7200"))(w, r) })
	return f
}

// patient returns a client that waits longer than the outages of these tests.
func patient(app App, t http.RoundTripper) *Client {
	return New(app, WithTransport(t), WithPatience(long), WithLogger(slog.New(slog.DiscardHandler)))
}

const long = 45 * time.Minute

// After an outage of 30 minutes every call has succeeded, with at most 1.1 requests per
// call, and the run is later by little more than the outage, even if the token expires
// meanwhile.
func TestOutageOf30Minutes(t *testing.T) {
	t.Parallel()
	const length = 30 * time.Minute
	for name, answer := range outages {
		for start, from := range map[string]time.Duration{"from the start": 0, "midway": time.Minute, "as the token ends": 114 * time.Minute} {
			t.Run(name+" "+start, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := duringOutage(answer, from, length)
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
					if limit := (length + 2*probeInterval) / probeInterval; f.tokenCount() > int(limit)+maxSilent {
						t.Errorf("%d token calls, want those before the circuit opens and a probe a minute", f.tokenCount())
					}
					if deadline := length + calls/10*1020*time.Millisecond + probeInterval*3/4; took > deadline {
						t.Errorf("took %v, want at most %v", took, deadline)
					}
				})
			})
		}
	}
}

// In an endless outage every call ends in time, with an error that says since when and
// why, and that a later run resumes.
func TestOutageWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, answer := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := duringOutage(answer, time.Minute, 1000*time.Hour)
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
					t.Errorf("took %v, want little more than %v", took, long)
				}
				if wasted, limit := len(f.arrivals)-before, callers+maxSilent+int(long/probeInterval); wasted > limit {
					t.Errorf("%d requests without an answer, want at most %d", wasted, limit)
				}
			})
		})
	}
}

// Without patience an outage is an error as soon as the circuit opens.
func TestWithoutPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := duringOutage(respond(503, ""), 0, time.Hour)
		c := New(fast, WithTransport(f), WithPatience(0), WithLogger(slog.New(slog.DiscardHandler)))
		began := time.Now()
		_, err := c.Bills(t.Context(), someUnit, "0", 50)
		if fault := mustFail(t, err); fault.Hint != hintOutage || f.tokenCount() != maxTokenSilent || time.Since(began) > 10*time.Second {
			t.Errorf("got %v after %d token calls and %v", err, f.tokenCount(), time.Since(began))
		}
	})
}

// The default patience is two minutes, and 15 seconds for an API that has never answered.
func TestPatience(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		from time.Duration
		want time.Duration
	}{"from the start": {0, defaultFirstPatience}, "midway": {time.Minute, defaultPatience}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := duringOutage(respond(503, ""), row.from, time.Hour)
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
					t.Errorf("took %v, want little more than %v", took, row.want)
				}
			})
		})
	}
}

// After an outage that is longer than the patience, the client works again.
func TestCircuitClosesAfterGivingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := duringOutage(respond(503, ""), time.Second, 2*time.Hour-renewAhead-time.Minute)
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

// The circuit of one API does not affect the other. Neither errors nor failures with
// answers in between open it.
func TestCircuitIsOfOneAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(200, emptyPage), settlements: respond(503, ""), delay: 30 * time.Millisecond}
		c := client(fast, f)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := c.Settlements(ctx, someQuery); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want the wait to be cancelled", err)
				}
			})
		}
		time.Sleep(10 * time.Second)
		if took := walk(t, c, 10, 20); took > 2*time.Second || !c.settlements.circuit.open() || len(f.settleArrivals) != 20 {
			t.Errorf("a walk took %v beside %d settle queries without an answer", took, len(f.settleArrivals))
		}
		cancelled := time.Now()
		cancel()
		all.Wait()
		if late := time.Since(cancelled); late != 0 {
			t.Errorf("returned %v after the cancellation", late)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(200, `{"extra":{"error_code":5000001}}`)}
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
				respond(200, emptyPage)(w, r)
				return
			}
			respond(503, "")(w, r)
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

// Requests that wait for the pacer while the circuit opens are not sent: at a low rate
// they would be most of the requests of an outage.
func TestOutageHoldsThoseInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(503, ""), delay: time.Millisecond}
		c := patient(withRate(10), f)
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
