package douyin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

const tokenRefusal = `{"data":{"error_code":2190008,"description":"access_token过期"},"extra":{"error_code":2190008,"logid":"L4"}}`

// accepting returns a handler that accepts the tokens for which live is true.
func accepting(live func(token string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if live(r.Header.Get("access-token")) {
			respond(200, emptyPage)(w, r)
			return
		}
		respond(200, tokenRefusal)(w, r)
	}
}

func TestTokenRequest(t *testing.T) {
	t.Parallel()
	var method, path, kind, body string
	f := &fake{bills: respond(200, emptyPage)}
	f.token = func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		method, path, kind, body = r.Method, r.URL.Path, r.Header.Get("Content-Type"), string(sent)
		respond(200, tokenAnswer(1, `"7200"`))(w, r) // the life as text
	}
	if _, err := client(fast, f).Bills(t.Context(), someUnit, "0", 50); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST", "/oauth/client_token/", "application/json", `{"client_key":"aw","client_secret":"` + canarySecret + `","grant_type":"client_credential"}`}
	if diff := cmp.Diff(want, []string{method, path, kind, body}); diff != "" {
		t.Errorf("token request (-want +got):\n%s", diff)
	}
}

// If the token ends while 64 goroutines walk, it is renewed once.
func TestOneRefreshForManyRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead atomic.Value
		dead.Store("")
		f := &fake{delay: 30 * time.Millisecond, bills: accepting(func(token string) bool { return token != dead.Load() })}
		c := client(fast, f)
		walk(t, c, 64, 3)
		dead.Store(canaryToken + "-1")
		walk(t, c, 64, 3)
		if f.tokenCount() != 2 || c.Stats().Token != 2 {
			t.Errorf("%d tokens were fetched (%+v), want the first and one more", f.tokenCount(), c.Stats())
		}
		if s := c.Stats(); s.Retries != 64 || s.Bills != 64*6+64 {
			t.Errorf("stats %+v, want each of 64 calls repeated once", s)
		}
	})
}

// A new token that is refused is an error after one retry. It ends the app if no call
// was accepted with it, and the unit if others were.
func TestFreshTokenRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{delay: 30 * time.Millisecond, bills: accepting(func(string) bool { return false })}
		c := client(fast, f)
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				_, err := c.Bills(t.Context(), someUnit, "0", 50)
				if fault := mustFail(t, err); fault.Failure().Reach != schema.ReachApp || fault.Code != 2190008 || fault.LogID != "L4" {
					t.Errorf("got %+v", fault.Failure())
				}
			})
		}
		all.Wait()
		if f.tokenCount() != 2 || len(f.arrivals) != 128 {
			t.Errorf("%d tokens for %d requests, want 2 for 128", f.tokenCount(), len(f.arrivals))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ok := accepting(func(string) bool { return true })
		f := &fake{bills: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("account_id") == "666" {
				time.Sleep(time.Second)
				respond(200, tokenRefusal)(w, r)
				return
			}
			ok(w, r)
		}}
		c := client(fast, f)
		walk(t, c, 1, 1)
		bad := schema.Unit{Account: schema.Account{ID: "666"}, Day: someDay}
		f.delay = time.Second
		var all sync.WaitGroup
		all.Go(func() {
			_, err := c.Bills(t.Context(), bad, "0", 50)
			if got := mustFail(t, err).Failure().Reach; got != schema.ReachUnit {
				t.Errorf("reach is %q, want the unit", got)
			}
		})
		all.Go(func() {
			time.Sleep(2500 * time.Millisecond) // the first refusal came at 2s
			walk(t, c, 1, 1)                    // is accepted with the new token before the other call is refused again
		})
		all.Wait()
	})
}

// One of many callers fetches the next token before the last one expires.
func TestRenewedAhead(t *testing.T) {
	t.Parallel()
	for life, ahead := range map[int]time.Duration{7200: 5 * time.Minute, 1500: 5 * time.Minute, 600: 2 * time.Minute, 5: time.Second} {
		t.Run(fmt.Sprint(life), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{bills: respond(200, emptyPage)}
				f.token = func(w http.ResponseWriter, r *http.Request) {
					respond(200, tokenAnswer(f.tokens, fmt.Sprint(life)))(w, r)
				}
				c := client(fast, f)
				walk(t, c, 8, 1)
				due := c.token.held.expires.Add(-ahead)
				time.Sleep(time.Until(due) - time.Nanosecond)
				walk(t, c, 1, 1)
				if f.tokenCount() != 1 {
					t.Errorf("renewed earlier than %v ahead", ahead)
				}
				time.Sleep(time.Second)
				walk(t, c, 8, 1)
				if f.tokenCount() != 2 {
					t.Errorf("%d tokens after the time to renew, want 2", f.tokenCount())
				}
			})
		})
	}
}

// If renewing ahead fails, the token is used until it expires.
func TestRenewingAheadFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(200, emptyPage)}
		c := client(fast, f)
		walk(t, c, 1, 1)
		f.token = respond(200, `{"data":{"error_code":10013,"description":"client_secret wrong"}}`)
		time.Sleep(2*time.Hour - renewAhead)
		walk(t, c, 8, 2)
		if f.tokenCount() != 2 {
			t.Errorf("%d token calls, want one that failed and no other for %v", f.tokenCount(), renewAgain)
		}
		time.Sleep(renewAhead)
		_, err := c.Bills(t.Context(), someUnit, "0", 50)
		if fault := mustFail(t, err); fault.Code != 10013 {
			t.Errorf("got %v of a token that has expired", err)
		}
	})
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	data := func(code int) string {
		return fmt.Sprintf(`{"data":{"error_code":%d,"description":"说明","access_token":"x","expires_in":7200},"message":"error"}`, code)
	}
	for name, tt := range map[string]struct {
		status   int
		body     string
		requests int
		reach    schema.Reach
		part     string
	}{
		"10001":               {200, data(10001), 8, schema.ReachUnit, "说明"},
		"10002":               {200, data(10002), 1, schema.ReachApp, "client_secret"},
		"10003":               {200, data(10003), 1, schema.ReachApp, "client_key"},
		"10013":               {200, data(10013), 1, schema.ReachApp, "client_secret"},
		"10008":               {200, data(10008), 1, schema.ReachApp, "10008"},
		"10020":               {200, data(10020), 8, schema.ReachUnit, hintStolen.Both()},
		"2119013":             {200, data(2119013), 1, schema.ReachApp, hintWhitelist.Both()},
		"unknown":             {200, data(424242), 1, schema.ReachApp, "424242"},
		"503":                 {503, "", maxTokenSilent, schema.ReachToday, "HTTP 503"},
		"404":                 {404, "", 1, schema.ReachApp, hintBaseURL.Both()},
		"html":                {200, "<html>", maxTokenSilent, schema.ReachToday, "HTML"},
		"no token":            {200, `{"data":{"error_code":0,"expires_in":7200},"message":"success"}`, 2, schema.ReachUnit, "access_token"},
		"token of a list":     {200, `{"data":{"access_token":[],"expires_in":7200}}`, 2, schema.ReachUnit, "access_token"},
		"token with a break":  {200, `{"data":{"access_token":"a\r\nb","expires_in":7200}}`, 2, schema.ReachUnit, "access_token"},
		"no life":             {200, `{"data":{"access_token":"a"}}`, 2, schema.ReachUnit, "expires_in"},
		"negative life":       {200, `{"data":{"access_token":"a","expires_in":-1}}`, 2, schema.ReachUnit, "expires_in"},
		"life without an end": {200, `{"data":{"access_token":"a","expires_in":9223372036854775807}}`, 2, schema.ReachUnit, "expires_in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{token: respond(tt.status, tt.body), delay: 30 * time.Millisecond}
				c := client(fast, f)
				var all sync.WaitGroup
				for i := range 16 { // all of them wait for one that fetches
					u := someUnit
					u.Account.ID = schema.AccountID(fmt.Sprint(i))
					all.Go(func() {
						_, err := c.Bills(t.Context(), u, "0", 50)
						fault := mustFail(t, err)
						if got := fault.Failure(); got.Reach != tt.reach || got.Account != u.Account.ID || fault.API != apiToken {
							t.Errorf("failure %+v of %s, want reach %q and account %s", got, fault.API, tt.reach, u.Account.ID)
						}
						if !strings.Contains(err.Error(), tt.part) {
							t.Errorf("error %q lacks %q", err, tt.part)
						}
					})
				}
				all.Wait()
				if f.tokenCount() != tt.requests || len(f.arrivals) != 0 {
					t.Errorf("%d requests for a token and %d for bills, want %d and none", f.tokenCount(), len(f.arrivals), tt.requests)
				}
			})
		})
	}
}

// If the caller that fetches is cancelled, the next one fetches, and no other fails.
func TestFetcherIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(200, emptyPage), delay: time.Second}
		c := client(fast, f)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.Bills(ctx, someUnit, "0", 50); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the context's error", err)
			}
		})
		synctest.Wait()
		all.Go(func() { walk(t, c, 8, 1) })
		time.Sleep(time.Second / 2)
		cancel()
		all.Wait()
		if f.tokenCount() != 2 {
			t.Errorf("%d token calls, want the cancelled one and one more", f.tokenCount())
		}
	})
}
