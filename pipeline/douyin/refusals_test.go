package douyin

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

// Refusals with a code of the whole app end its calls once they are certain.
func TestAppRefused(t *testing.T) {
	t.Parallel()
	const denied = `{"extra":{"error_code":2119013,"description":"IP不在白名单","logid":"L7"}}`
	unit := func(n int) schema.Unit {
		return schema.Unit{Account: schema.Account{ID: schema.AccountID(fmt.Sprint(n))}, Day: someDay}
	}
	synctest.Test(t, func(t *testing.T) { // every account, many at once
		f := &fake{bills: respond(200, denied), delay: 100 * time.Millisecond}
		c := client(withRate(10), f)
		var all sync.WaitGroup
		for n := range 100 {
			all.Go(func() {
				_, err := c.Bills(t.Context(), unit(n), "0", 50)
				if fault := mustFail(t, err); fault.Code != 2119013 || fault.Failure().Account != unit(n).Account.ID {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if len(f.arrivals) > certainAfter+2 {
			t.Errorf("%d requests, want %d and those in flight", len(f.arrivals), certainAfter)
		}
		_, err := c.Bills(t.Context(), someUnit, "0", 50)
		if fault := mustFail(t, err); fault.Failure().Reach != schema.ReachApp || len(f.arrivals) > certainAfter+2 {
			t.Errorf("got %v after %d requests", err, len(f.arrivals))
		}
	})
	synctest.Test(t, func(t *testing.T) { // only one account, the first of all
		f := &fake{delay: 100 * time.Millisecond}
		f.bills = failIf(func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "account_id=0&") }, respond(200, denied), respond(200, emptyPage))
		c := client(withRate(10), f)
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				for range 5 {
					_, err := c.Bills(t.Context(), unit(n), "0", 50)
					if n > 0 && err != nil || n == 0 && mustFail(t, err).Failure().Reach != schema.ReachUnit {
						t.Errorf("account %d: %v", n, err)
					}
				}
			})
		}
		all.Wait()
	})
}
