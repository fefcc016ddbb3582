package douyin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	canarySecret = "canary-secret-5f1c"
	canaryToken  = "clt.canary-token"
)

var (
	someDay  = schema.DayOf(time.Date(2026, 11, 20, 12, 0, 0, 0, schema.China))
	someUnit = schema.Unit{Account: schema.Account{ID: "7113893944009705516"}, Day: someDay}
)

const emptyPage = `{"data":{"cursor":"0","has_more":false,"ledger_records":[]},"extra":{"error_code":0,"logid":"L1"}}`

// fake is a platform without sockets, so that it can run with a fake clock. It returns
// tokens clt.canary-token-1, -2 ..., and other answers by its handlers.
type fake struct {
	bills       http.HandlerFunc // of every catering_query
	settlements http.HandlerFunc // of every query_settle
	token       http.HandlerFunc // of every client_token; nil gives a token for 2 h
	delay       time.Duration    // of every answer

	mu             sync.Mutex
	tokens         int
	arrivals       []time.Time // of catering_query
	settleArrivals []time.Time // of query_settle
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := f.bills
	f.mu.Lock()
	switch r.URL.Path {
	case pathToken:
		f.tokens++
		if answer = f.token; answer == nil {
			answer = respond(200, tokenAnswer(f.tokens, "7200"))
		}
	case pathSettlements:
		answer = f.settlements
		f.settleArrivals = append(f.settleArrivals, time.Now())
	default:
		f.arrivals = append(f.arrivals, time.Now())
	}
	f.mu.Unlock()
	if err := stop.Sleep(r.Context(), f.delay); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	answer(w, r)
	return w.Result(), nil
}

func (f *fake) tokenCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tokens
}

func (f *fake) settleCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.settleArrivals)
}

func tokenAnswer(n int, life string) string {
	return fmt.Sprintf(`{"data":{"access_token":"%s-%d","description":"","error_code":0,"expires_in":%s},"message":"success"}`, canaryToken, n, life)
}

func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// fast is an app whose rate is never reached.
var fast = App{Name: "life", BaseURL: "http://platform.test", ClientKey: "aw", ClientSecret: schema.NewSecret(canarySecret), QPS: 10000}

// withRate returns an app with that many requests per second.
func withRate(qps float64) App {
	app := fast
	app.QPS = qps
	return app
}

// failIf returns a handler that answers with fault if fails, else with answer.
func failIf(fails func(*http.Request) bool, fault, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if fails(r) {
			fault(w, r)
			return
		}
		answer(w, r)
	}
}

func client(app App, t http.RoundTripper) *Client {
	return New(app, WithTransport(t), WithLogger(slog.New(slog.DiscardHandler)))
}

func mustFail(t *testing.T, err error) *Error {
	t.Helper()
	fault, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got error %v, want an *Error", err)
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("error shows a secret: %v", err)
	}
	return fault
}

func TestBillsRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ base, path string }{
		{"http://platform.test", pathBills},
		{"http://platform.test/", pathBills},
		{"http://platform.test/mirror/v2/", "/mirror/v2" + pathBills},
	} {
		for _, root := range []bool{false, true} {
			var got *http.Request
			app := fast
			app.BaseURL = tt.base
			c := client(app, &handlerTransport{func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, pathToken) {
					respond(200, tokenAnswer(1, "7200"))(w, r)
					return
				}
				got = r
				respond(200, emptyPage)(w, r)
			}})
			u := someUnit
			u.Account.Root = root
			if _, err := c.Bills(t.Context(), u, "a/b+c=", 50); err != nil {
				t.Fatal(err)
			}
			want := "account_id=7113893944009705516&bill_date=2026-11-20&cursor=a%2Fb%2Bc%3D&size=50"
			if root {
				want = "bill_date=2026-11-20&cursor=a%2Fb%2Bc%3D&root_account_id=7113893944009705516&size=50"
			}
			if got.Method != "GET" || got.URL.Path != tt.path || got.URL.RawQuery != want {
				t.Errorf("%s: requested %s %s?%s, want %s?%s", tt.base, got.Method, got.URL.Path, got.URL.RawQuery, tt.path, want)
			}
			header := map[string]string{"access-token": canaryToken + "-1", "Content-Type": "application/json", "User-Agent": "billwalk"}
			for name, want := range header {
				if got.Header.Get(name) != want {
					t.Errorf("header %s is %q, want %q", name, got.Header.Get(name), want)
				}
			}
		}
	}
}

// handlerTransport answers every request with one handler.
type handlerTransport struct{ handler http.HandlerFunc }

func (t *handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	t.handler(w, r)
	return w.Result(), nil
}

func TestBillsAnswer(t *testing.T) {
	t.Parallel()
	const record = `{"ledger_id":12345678901234567890123,"account_id":"1","settle_type":1,"group_name":"a\nb\u0041","amount":{"pay":9}}`
	page := func(records, logid string) string {
		return `{"data":{"has_more":false,"ledger_records":[` + records + `]},"extra":{` + logid + `"error_code":0}}`
	}
	for name, tt := range map[string]struct{ body, want, logID string }{
		"empty day":         {page("", `"logid":"L1",`), page("", `"logid":"L1",`), "L1"},
		"logid as number":   {page("", `"logid":20221122334455667788990011,`), page("", `"logid":20221122334455667788990011,`), "20221122334455667788990011"},
		"no logid":          {page("", ""), page("", ""), ""},
		"bytes as received": {page(record+" , "+strings.ReplaceAll(record, "123,", "124,"), ""), page(record+" , "+strings.ReplaceAll(record, "123,", "124,"), ""), ""},
		"line breaks":       {"{\"data\":\r\n" + page("\n"+record+"\r", "")[8:] + "\n", page(record, ""), ""},
		"codes as text":     {strings.Replace(emptyPage, `:0,"logid`, `:"0","logid`, 1), strings.Replace(emptyPage, `:0,"logid`, `:"0","logid`, 1), "L1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := client(fast, &fake{bills: respond(200, tt.body)}).Bills(t.Context(), someUnit, "0", 50)
			if err != nil {
				t.Fatal(err)
			}
			if got.FetchedAt.IsZero() || got.FetchedAt.Location() != time.UTC {
				t.Errorf("FetchedAt is %v, want the time in UTC", got.FetchedAt)
			}
			got.FetchedAt = time.Time{}
			want := schema.Answer{Account: someUnit.Account.ID, Day: someDay, Cursor: "0", LogID: tt.logID, Body: []byte(tt.want)}
			if page, err := normalise.DecodePage(got.Body); err != nil || got.Decoded.Next != page.Next || got.Decoded.HasMore != page.HasMore || len(got.Decoded.Records) != len(page.Records) {
				t.Errorf("decoded page: got %+v, want %+v, %v", got.Decoded, page, err)
			}
			if diff := cmp.Diff(want, got.Answer); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnavailableKeepsItsEvidence(t *testing.T) {
	t.Parallel()
	const body = `{"data":{"error_code":6000002,"description":"无账单明细"},"extra":{"error_code":6000002,"logid":"L2"}}`
	got, err := client(fast, &fake{bills: respond(200, body)}).Bills(t.Context(), someUnit, "0", 50)
	fault := mustFail(t, err)
	want := schema.Failure{
		Account: someUnit.Account.ID, Day: someDay, Code: 6000002,
		Reason: "无账单明细", Hint: hintWithdrawn.English, HintZH: hintWithdrawn.Chinese, LogID: "L2", Reach: schema.ReachUnavailable,
	}
	if diff := cmp.Diff(want, fault.Failure()); diff != "" {
		t.Errorf("failure (-want +got):\n%s", diff)
	}
	if string(got.Body) != body || got.LogID != "L2" || got.FetchedAt.IsZero() {
		t.Errorf("answer is %+v, want the body that says so, with its logid and time", got)
	}
}

func TestCancelEndsWaitsAtOnce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fake{
		"in backoff":       {bills: respond(503, "")},
		"under throttling": {bills: respond(200, `{"extra":{"error_code":2119003}}`)},
		"in flight":        {bills: respond(200, emptyPage), delay: time.Hour},
		"for the token":    {token: respond(503, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				app := fast
				app.QPS, app.Timeout = 0.5, 2*time.Hour
				c := client(app, f)
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				for range 8 {
					all.Go(func() {
						_, err := c.Bills(ctx, someUnit, "0", 50)
						if _, ok := errors.AsType[*Error](err); ok || !errors.Is(err, context.Canceled) {
							t.Errorf("got %v, want the context's error", err)
						}
					})
				}
				time.Sleep(150 * time.Millisecond)
				synctest.Wait()
				cancelled := time.Now()
				cancel()
				all.Wait()
				if late := time.Since(cancelled); late != 0 {
					t.Errorf("returned %v after the cancellation", late)
				}
			})
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := New(App{BaseURL: "https://open.douyin.com"})
	transport, ok := c.http.Transport.(connections)
	if c.Stats().Cap != 10 || c.app.Timeout != 30*time.Second || !ok || transport.MaxIdleConnsPerHost < 256 || !transport.DisableCompression {
		t.Errorf("got %+v over %+v", c.app, transport)
	}
}
