package douyin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

const systemError = `{"data":{"error_code":5000001},"extra":{"error_code":5000001,"logid":"L6"}}`

// A platform that fails every kth call costs the retries and their time at the rate
// limit, and nothing else.
func TestEveryKthCallFails(t *testing.T) {
	t.Parallel()
	for _, k := range []int{2, 3, 5, 6, 10} {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{delay: 30 * time.Millisecond}
				var answers atomic.Int64 // two requests may arrive together
				f.bills = failIf(func(*http.Request) bool { return answers.Add(1)%int64(k) == 0 }, respond(200, systemError), respond(200, emptyPage))
				c := client(withRate(20), f)
				const callers, calls = 40, 4000
				took := walk(t, c, callers, calls/callers)
				limit := calls * k / (k - 1)
				if got := len(f.arrivals); got > limit*102/100 {
					t.Errorf("%d requests for %d calls, want %d", got, calls, limit)
				}
				if deadline := time.Duration(limit) * time.Second / 20 * 110 / 100; took > deadline {
					t.Errorf("took %v, want at most %v", took, deadline)
				}
			})
		})
	}
}

// With half of all attempts failing, randomly and in every way, on both APIs, all calls
// succeed.
func TestHalfOfAllCallsFail(t *testing.T) {
	t.Parallel()
	faults := []http.HandlerFunc{
		respond(503, "no healthy upstream"), respond(502, "<html>"), respond(200, "<html>"), respond(200, "upstream connect error"), respond(200, emptyPage[:40]), respond(408, ""),
	}
	for _, code := range []int{3000001, 5000001, 2100004, 28001005, 2100001, 2119002, 28001006, 2191000} {
		faults = append(faults, respond(200, fmt.Sprintf(`{"data":{"error_code":%[1]d},"extra":{"error_code":%[1]d,"logid":"L6"}}`, code)))
	}
	for _, sub := range []int{13000, 20005} {
		faults = append(faults, respond(200, fmt.Sprintf(`{"extra":{"error_code":2191009,"sub_error_code":%d,"logid":"L6"}}`, sub)))
	}
	for _, share := range []float64{0.2, 0.5} {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := rand.New(rand.NewPCG(7, 11))
				var mu sync.Mutex
				unsteady := func(answer string) http.HandlerFunc {
					return func(w http.ResponseWriter, r *http.Request) {
						mu.Lock()
						failing, which := source.Float64() < share, source.IntN(len(faults))
						mu.Unlock()
						if failing {
							faults[which](w, r)
							return
						}
						respond(200, answer)(w, r)
					}
				}
				f := &fake{delay: 30 * time.Millisecond, bills: unsteady(emptyPage), settlements: unsteady(noSettlements)}
				c := client(withRate(20), f)
				const callers, calls = 40, 2000
				var all sync.WaitGroup
				all.Go(func() { querySettlements(t, c, callers, calls/callers) })
				begun, took := walkAny(t, c, callers, calls)
				all.Wait()
				if deadline := time.Duration(calls/20/(1-share)*1.1) * time.Second; begun > deadline {
					t.Errorf("the last call began after %v, want at most %v", begun, deadline)
				}
				if rest := took - begun; rest > time.Minute { // a few calls, with all the pauses of those that fail often
					t.Errorf("the last calls took %v", rest)
				}
				t.Logf("%d and %d requests for %d calls each, %v and %v", len(f.arrivals), len(f.settleArrivals), calls, begun, took-begun)
			})
		})
	}
}

// walkAny fetches pages with some callers, each of which takes the next page that nobody has
// taken, and returns when the last page was taken and when all were fetched.
func walkAny(t *testing.T, c *Client, callers, pages int) (begun, took time.Duration) {
	t.Helper()
	began := time.Now()
	var mu sync.Mutex
	taken := 0
	take := func() bool {
		mu.Lock()
		defer mu.Unlock()
		if taken == pages {
			return false
		}
		taken++
		begun = time.Since(began)
		return true
	}
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for take() {
				if _, err := c.Bills(t.Context(), someUnit, "0", 50); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	return begun, time.Since(began)
}

// A call that always fails does not affect others, and ends after eight attempts.
func TestOneCallFailsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		f := &fake{delay: 30 * time.Millisecond}
		f.bills = func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("account_id") == "666" {
				requests++
				respond(200, systemError)(w, r)
				return
			}
			respond(200, emptyPage)(w, r)
		}
		c := client(withRate(20), f)
		var all sync.WaitGroup
		all.Go(func() {
			time.Sleep(time.Second)
			_, err := c.Bills(t.Context(), schema.Unit{Account: schema.Account{ID: "666"}, Day: someDay}, "0", 50)
			if fault := mustFail(t, err); fault.Failure().Reach != schema.ReachUnit || fault.Code != 5000001 || requests != 8 {
				t.Errorf("got %v after %d attempts", err, requests)
			}
		})
		if took := walk(t, c, 20, 40); took > 42*time.Second || len(f.arrivals) > 808 {
			t.Errorf("%d requests in %v beside a call that always fails", len(f.arrivals), took)
		}
		all.Wait()
	})
}

// A platform that answers every call with an error receives each call once and a few
// retries, and then one retry a second.
func TestAllCallsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(200, systemError), delay: 30 * time.Millisecond}
		c := client(withRate(20), f)
		const calls = 300
		var all sync.WaitGroup
		for range calls {
			all.Go(func() {
				_, err := c.Bills(t.Context(), someUnit, "0", 50)
				if fault := mustFail(t, err); fault.Code != 5000001 {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if got := len(f.arrivals); got != calls*attempts[repeat] {
			t.Errorf("%d requests for %d calls, want eight each", got, calls)
		}
		rest := f.arrivals[calls+budgetStart:]
		if length := rest[len(rest)-1].Sub(rest[0]); length < time.Duration(len(rest)-2)*time.Second || length > time.Duration(len(rest)+60)*time.Second {
			t.Errorf("%d retries within %v, want one a second", len(rest), length)
		}
	})
}

// A minute in which every attempt fails costs no call: the saved retries are not spent at
// once.
func TestAMinuteOfErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		f := &fake{delay: 30 * time.Millisecond}
		f.bills = failIf(func(*http.Request) bool {
			since := time.Since(began)
			return since > time.Minute && since < 2*time.Minute
		}, respond(200, systemError), respond(200, emptyPage))
		c := client(withRate(10), f)
		if took := walk(t, c, 40, 50); took > 5*time.Minute {
			t.Errorf("2000 calls took %v", took)
		}
	})
}

// A call that waits for the budget ends with its context, and leaves the queue.
func TestWaitingForTheBudgetIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(200, systemError)}
		c := client(fast, f)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := c.Bills(ctx, someUnit, "0", 50); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want the deadline", err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %v, want 10s", took)
		}
		if b := &c.bills.retryBudget; len(b.waiters) != 0 || b.firstAttempts != 0 || b.timer != nil {
			t.Errorf("%d wait, %d are under way, the clock is %v", len(b.waiters), b.firstAttempts, b.timer)
		}
		if limit := 100 + budgetStart + 10; len(f.arrivals) > limit {
			t.Errorf("%d requests, want at most %d", len(f.arrivals), limit)
		}
		f.bills = respond(200, emptyPage)
		walk(t, c, 1, 1)
	})
}

// waiting returns the number of calls that wait for a retry.
func (b *budget) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiters)
}

// First attempts are made before retries.
func TestFreshCallsGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mended atomic.Bool
		f := &fake{delay: 30 * time.Millisecond}
		f.settlements = failIf(func(*http.Request) bool { return !mended.Load() }, respond(200, systemError), respond(200, noSettlements))
		c := client(withRate(20), f)
		var all sync.WaitGroup
		for range 60 {
			all.Go(func() { querySettlements(t, c, 1, 1) })
		}
		time.Sleep(8 * time.Second) // 60 calls and 20 retries, and some seconds
		if n := c.settlements.retryBudget.waiting(); n < 40 {
			t.Fatalf("%d calls wait, want 40 or more", n)
		}
		mended.Store(true)
		before := f.settleCount()
		took := time.Now()
		querySettlements(t, c, 10, 10)
		all.Wait()
		if got := f.settleCount() - before; got != 160 {
			t.Errorf("%d requests for 100 calls and 60 that waited", got)
		}
		if took := time.Since(took); took > 9*time.Second {
			t.Errorf("took %v, want the 8s of the pace", took)
		}
	})
}

// Each API has a budget of its own.
func TestEachAPIHasItsBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{settlements: respond(200, systemError)}
		f.bills = failIf(func(*http.Request) bool { return len(f.arrivals)%2 == 1 }, respond(200, systemError), respond(200, emptyPage))
		c := client(fast, f)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { _, _ = c.Settlements(ctx, someQuery) })
		}
		time.Sleep(time.Second)
		if took := walk(t, c, 1, 10); took > 5*time.Second || len(f.arrivals) != 20 {
			t.Errorf("10 pages took %v and %d requests", took, len(f.arrivals))
		}
		cancel()
		all.Wait()
	})
}

// With a limit of its own a client gives a failing call up sooner, but not a throttled one.
func TestFewAttempts(t *testing.T) {
	t.Parallel()
	const throttled = `{"data":{"error_code":2119003},"extra":{"error_code":2119003,"logid":"L6"}}`
	for _, row := range []struct {
		answer      string
		limit, want int
	}{
		{systemError, 0, 8}, {systemError, 3, 3}, {systemError, 9, 8}, {throttled, 3, 8},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{bills: respond(200, row.answer)}
			c := New(fast, WithTransport(f), WithLogger(slog.New(slog.DiscardHandler)), WithAttempts(row.limit))
			if _, err := c.Bills(t.Context(), someUnit, "0", 50); err == nil || len(f.arrivals) != row.want {
				t.Errorf("limit %d: %d attempts, want %d (%v)", row.limit, len(f.arrivals), row.want, err)
			}
		})
	}
}
