package douyin

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

// If every token ends after a few calls, the client gives up after some renewals, and
// says that another program probably fetches tokens.
func TestStolenToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		uses := map[string]int{}
		f := &fake{delay: time.Second}
		f.bills = accepting(func(token string) bool { uses[token]++; return uses[token] <= 2 })
		c := client(fast, f)
		taken := 0
		for {
			_, err := c.Bills(t.Context(), someUnit, "0", 50)
			if err == nil {
				taken++
				if taken > 1000 {
					t.Fatal("nothing ends it")
				}
				continue
			}
			fault := mustFail(t, err)
			if fault.Hint != hintStolen || fault.Failure().Reach != schema.ReachApp || fault.Code != 2190008 {
				t.Errorf("got %v", err)
			}
			break
		}
		if limit := 1 + budgetStart + taken/acceptedForRenewal; f.tokenCount() > limit || taken < budgetStart {
			t.Errorf("%d tokens for %d pages, want at most %d", f.tokenCount(), taken, limit)
		}
		fetched := f.tokenCount()
		_, err := c.Bills(t.Context(), someUnit, "0", 50)
		if mustFail(t, err); f.tokenCount() != fetched {
			t.Error("tokens are fetched after the budget is used up")
		}
	})
}

// If another program ends the token every ten seconds, the walk continues with one new
// token each time if enough calls succeed in between; otherwise it ends and says so.
func TestTokenStolenEvery10Seconds(t *testing.T) {
	t.Parallel()
	stealing := func() *fake {
		f := &fake{delay: 30 * time.Millisecond}
		began := time.Now()
		var mu sync.Mutex
		issued := map[string]time.Duration{} // in which ten seconds
		now := func() time.Duration { return time.Since(began) / (10 * time.Second) }
		f.token = func(w http.ResponseWriter, r *http.Request) {
			n := f.tokenCount()
			mu.Lock()
			issued[fmt.Sprintf("%s-%d", canaryToken, n)] = now()
			mu.Unlock()
			respond(200, tokenAnswer(n, "7200"))(w, r)
		}
		f.bills = accepting(func(token string) bool {
			mu.Lock()
			defer mu.Unlock()
			return issued[token] == now()
		})
		return f
	}
	synctest.Test(t, func(t *testing.T) {
		f, app := stealing(), fast
		app.QPS = 10
		c := client(app, f)
		const calls = 6000
		took := walk(t, c, 40, calls/40)
		if limit := int(took/(10*time.Second)) + 1; f.tokenCount() > limit || len(f.arrivals) > calls*11/10 {
			t.Errorf("%d tokens and %d requests for %d calls in %v, want %d and 1.1 times as many", f.tokenCount(), len(f.arrivals), calls, took, limit)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f, app := stealing(), fast
		app.QPS = 0.2 // two calls between two thefts: less than a renewal
		c := client(app, f)
		for began := time.Now(); ; {
			if _, err := c.Bills(t.Context(), someUnit, "0", 50); err != nil {
				if fault := mustFail(t, err); fault.Hint != hintStolen || fault.Failure().Reach != schema.ReachApp {
					t.Errorf("got %v", err)
				}
				break
			}
			if time.Since(began) > time.Hour {
				t.Fatal("nothing ends it")
			}
		}
		if limit := 1 + budgetStart + len(f.arrivals)/acceptedForRenewal; f.tokenCount() > limit {
			t.Errorf("%d tokens for %d requests, want at most %d", f.tokenCount(), len(f.arrivals), limit)
		}
	})
}
