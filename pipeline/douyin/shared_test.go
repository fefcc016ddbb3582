package douyin

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// querySettlements makes settle queries, one after the other in each of some callers.
func querySettlements(t *testing.T, c *Client, callers, queries int) {
	t.Helper()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range queries {
				if _, err := c.Settlements(t.Context(), someQuery); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// Both APIs use one token, and it is renewed once if both are refused.
func TestOneTokenForBothAPIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old := canaryToken + "-1"
		live := func(answer string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("access-token") == old {
					respond(200, tokenRefusal)(w, r)
					return
				}
				respond(200, answer)(w, r)
			}
		}
		f := &fake{settlements: respond(200, noSettlements), bills: respond(200, emptyPage), delay: 10 * time.Millisecond}
		c := client(fast, f)
		querySettlements(t, c, 8, 1)
		walk(t, c, 8, 1)
		if f.tokenCount() != 1 {
			t.Errorf("%d tokens for both APIs, want one", f.tokenCount())
		}
		f.settlements, f.bills = live(noSettlements), live(emptyPage)
		var all sync.WaitGroup
		all.Go(func() { querySettlements(t, c, 8, 1) })
		all.Go(func() { walk(t, c, 8, 1) })
		all.Wait()
		if s := c.Stats(); f.tokenCount() != 2 || s.Retries != 16 {
			t.Errorf("%d tokens and %+v, want one new token and each call repeated once", f.tokenCount(), s)
		}
	})
}

// Each API of an app has the whole qps to itself.
func TestEachAPIHasItsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{settlements: respond(200, noSettlements), bills: respond(200, emptyPage), delay: 30 * time.Millisecond}
		c := client(withRate(10), f)
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() { querySettlements(t, c, 10, 10) })
		all.Go(func() { walk(t, c, 10, 10) })
		all.Wait()
		if took := time.Since(began); took > 11*time.Second || took < 9*time.Second {
			t.Errorf("100 calls of each took %v, want the 10s that 100 calls of one take", took)
		}
		for api, arrivals := range map[string][]time.Time{apiBills: f.arrivals, apiSettlements: f.settleArrivals} {
			if limit := busiest(arrivals); len(arrivals) != 100 || limit > 13 {
				t.Errorf("%d requests of %s, %d in one second", len(arrivals), api, limit)
			}
		}
	})
}

// Throttled settle queries slow down queries, but no walk.
func TestThrottlingOfOneAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{
			settlements: respond(200, `{"extra":{"error_code":2191009,"sub_error_code":12001}}`), bills: respond(200, emptyPage),
			delay: 30 * time.Millisecond,
		}
		c := client(withRate(20), f)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				_, err := c.Settlements(t.Context(), someQuery)
				mustFail(t, err)
			})
		}
		took := walk(t, c, 10, 20)
		if s := c.Stats(); s.Rate != 20 || s.Throttled == 0 || took > 11*time.Second {
			t.Errorf("200 pages at 20 per second took %v beside throttled queries: %+v", took, s)
		}
		if rate := c.settlements.pace.limit(time.Now()); rate >= 20 {
			t.Errorf("queries still have the rate %v per second", rate)
		}
		all.Wait()
	})
}
