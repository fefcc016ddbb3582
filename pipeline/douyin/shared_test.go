package douyin

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// ask asks for some settlements, side by side, each question after the other.
func ask(t *testing.T, c *Client, callers, questions int) {
	t.Helper()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range questions {
				if _, err := c.Settlements(t.Context(), someQuestion); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// One token serves both APIs, and is renewed once whichever of them learns first
// that it has gone.
func TestOneTokenForBothAPIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old := canaryToken + "-1"
		live := func(answer string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("access-token") == old {
					say(200, refusal)(w, r)
					return
				}
				say(200, answer)(w, r)
			}
		}
		f := &fake{settlements: say(200, noSettlements), bills: say(200, emptyPage), delay: 10 * time.Millisecond}
		c := client(fast, f)
		ask(t, c, 8, 1)
		walk(t, c, 8, 1)
		if f.fetched() != 1 {
			t.Errorf("%d tokens for both APIs, want one", f.fetched())
		}
		f.settlements, f.bills = live(noSettlements), live(emptyPage)
		var all sync.WaitGroup
		all.Go(func() { ask(t, c, 8, 1) })
		all.Go(func() { walk(t, c, 8, 1) })
		all.Wait()
		if s := c.Stats(); f.fetched() != 2 || s.Retries != 16 {
			t.Errorf("%d tokens and %+v, want one new token and each call repeated once", f.fetched(), s)
		}
	})
}

// Each API of an app has the whole qps to itself.
func TestEachAPIHasItsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{settlements: say(200, noSettlements), bills: say(200, emptyPage), delay: 30 * time.Millisecond}
		c := client(paced(10), f)
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() { ask(t, c, 10, 10) })
		all.Go(func() { walk(t, c, 10, 10) })
		all.Wait()
		if took := time.Since(began); took > 11*time.Second || took < 9*time.Second {
			t.Errorf("100 calls of each took %v, want the 10s that 100 calls of one take", took)
		}
		for api, arrivals := range map[string][]time.Time{apiBills: f.arrivals, apiSettlements: f.questions} {
			if most := busiest(arrivals); len(arrivals) != 100 || most > 13 {
				t.Errorf("%d requests of %s, %d in one second", len(arrivals), api, most)
			}
		}
	})
}

// Throttled questions slow down questions, and no walk.
func TestThrottledQuestionsDoNotSlowTheWalk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{
			settlements: say(200, `{"extra":{"error_code":2191009,"sub_error_code":12001}}`), bills: say(200, emptyPage),
			delay: 30 * time.Millisecond,
		}
		c := client(paced(20), f)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				_, err := c.Settlements(t.Context(), someQuestion)
				mustFail(t, err)
			})
		}
		took := walk(t, c, 10, 20)
		if s := c.Stats(); s.Rate != 20 || s.Throttled == 0 || took > 11*time.Second {
			t.Errorf("200 pages at 20 per second took %v beside throttled questions: %+v", took, s)
		}
		if rate := c.settlements.pace.limit(time.Now()); rate >= 20 {
			t.Errorf("questions still go at %v per second", rate)
		}
		all.Wait()
	})
}
