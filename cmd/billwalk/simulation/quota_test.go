package simulation

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/stop"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// TestRunsAtCap: whole runs over 200 very unequal accounts take as long as their calls do at
// the limit, and 2 percent more at most, whatever the latency is. No second has more calls
// than the limit, as a strict server counts them. The clock is the bubble's, so that how busy
// the machine is does not matter.
func TestRunsAtCap(t *testing.T) {
	t.Parallel()
	atCaps(t, 0, []atCap{{5, 1, 1.02}, {50, 2, 1.02}, {200, 7, 1.02}, {1000, 14, 1.04}}, func(t *testing.T, row atCap, platform *unequal, s *pipeline.Summary) {
		ideal := float64(s.Calls.Bills) / float64(row.qps)
		t.Logf("%d calls, %.4f of the ideal %.2f s; at most %d in a second", s.Calls.Bills, s.ElapsedSeconds/ideal, ideal, platform.busiest())
		if s.ElapsedSeconds > row.most*ideal {
			t.Errorf("%d calls took %.2f s, %.3f of the ideal", s.Calls.Bills, s.ElapsedSeconds, s.ElapsedSeconds/ideal)
		}
		if got := platform.busiest(); got > row.qps {
			t.Errorf("%d calls in a second", got)
		}
	})
}

// TestSettlesAtCap: the same for queries of orders, of which there are four for each page of
// bills: while bills are walked and after, they take as long as they do at the limit of their
// API, from the first to the last, and neither API has more calls in a second than its limit.
func TestSettlesAtCap(t *testing.T) {
	t.Parallel()
	atCaps(t, 4, []atCap{{5, 1, 1.02}, {50, 2, 1.02}, {200, 3, 1.02}, {1000, 4, 1.04}}, func(t *testing.T, row atCap, platform *unequal, s *pipeline.Summary) {
		queries := len(platform.queries)
		if int64(queries) != s.Calls.Settlements || s.Settling.Answered != s.Calls.Settlements {
			t.Errorf("%d queries arrived, %d were made, %d orders were answered", queries, s.Calls.Settlements, s.Settling.Answered)
		}
		busiest := busiest(platform.queries) // which sorts them
		took, ideal := platform.queries[queries-1].Sub(platform.queries[0]).Seconds(), float64(queries)/float64(row.qps)
		t.Logf("%d queries, %.4f of the ideal %.2f s; at most %d in a second, and %d of bills; all took %.2f s", queries, took/ideal, ideal, busiest, platform.busiest(), s.ElapsedSeconds)
		if took > row.most*ideal {
			t.Errorf("%d queries took %.2f s, %.3f of the ideal", queries, took, took/ideal)
		}
		if bills := platform.busiest(); busiest > row.qps || bills > row.qps {
			t.Errorf("%d queries in a second, and %d of bills", busiest, bills)
		}
	})
}

// atCap is a limit, over how many days a run is at it, and how long it may take.
type atCap struct {
	qps, days int
	most      float64 // of calls ÷ qps
}

// atCaps makes a run at each limit and latency, after a night that shows how large the accounts
// are, and has it checked. A page of bills has so many orders.
func atCaps(t *testing.T, orders int, rows []atCap, check func(*testing.T, atCap, *unequal, *pipeline.Summary)) {
	for _, row := range rows {
		for _, latency := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d per second, %v", row.qps, latency), func(t *testing.T) {
				if race.Detector && row.qps == 1000 {
					t.Skip("takes minutes with the race detector")
				}
				synctest.Test(t, func(t *testing.T) {
					wakeUp()
					platform := &unequal{latency: latency, orders: orders}
					store, first := objecttest.NewMem(), schema.DayOf(firstMorning)-60
					platform.night(t, store, 100_000, first, first)
					platform.arrivals, platform.queries = nil, nil
					check(t, row, platform, platform.night(t, store, row.qps, first+1, first+schema.Day(row.days)))
				})
			})
		}
	}
}

// unequal is a platform of 200 accounts, of which the largest has twenty times as many pages
// as the smallest, with a bill on each, or with one for each of several orders. Answers take the
// latency.
type unequal struct {
	latency time.Duration
	orders  int // a page; 0: bills have no order, and none is queried

	mu       sync.Mutex
	arrivals []time.Time // of queries for bills
	queries  []time.Time // of orders
}

const unequalAccounts = 200

// night runs the job over the days.
func (u *unequal) night(t *testing.T, store *objecttest.Mem, qps int, from, to schema.Day) *pipeline.Summary {
	t.Helper()
	st := &story{job: simJob{pageSize: max(1, u.orders), passes: 1, buckets: 1, settlements: u.orders > 0}}
	for i := range unequalAccounts {
		st.accounts = append(st.accounts, schema.Account{ID: schema.AccountID(fmt.Sprint(7_000_000_000_000_000_000 + i)), Name: fmt.Sprint(i)})
	}
	file := st.file()
	for name, app := range file.Apps {
		app.QPS = float64(qps)
		file.Apps[name] = app
	}
	setup := cli.Setup{Now: time.Now, Store: store, Client: []douyin.Option{douyin.WithTransport(u)}}
	job, err := setup.Wire(t.Context(), file, "nightly", true)
	if err != nil {
		t.Fatal(err)
	}
	defer job.Close()
	job.Run.From, job.Run.To = from, to
	s, err := job.Do(t.Context())
	if err != nil || s.ExitCode != pipeline.ExitDone {
		t.Fatal(err, s.Failures)
	}
	return s
}

// RoundTrip implements http.RoundTripper.
func (u *unequal) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := stop.Sleep(r.Context(), u.latency/2); err != nil {
		return nil, err
	}
	got := answer{status: http.StatusOK, body: []byte(`{"data":{"access_token":"clt.1","expires_in":7200}}`)}
	switch {
	case strings.Contains(r.URL.Path, "catering_query"):
		got.body = u.page(r)
	case strings.Contains(r.URL.Path, "query_settle"):
		u.mu.Lock()
		u.queries = append(u.queries, time.Now())
		u.mu.Unlock()
		got.body = settled(r)
	}
	if err := stop.Sleep(r.Context(), u.latency-u.latency/2); err != nil {
		return nil, err
	}
	return response(r, got), nil
}

// page returns the page at a cursor, which is its number.
func (u *unequal) page(r *http.Request) []byte {
	u.mu.Lock()
	u.arrivals = append(u.arrivals, time.Now())
	u.mu.Unlock()
	account, day := r.FormValue("account_id"), r.FormValue("bill_date")
	rank, _ := strconv.Atoi(account[len(account)-3:])
	page, _ := strconv.Atoi(r.FormValue("cursor"))
	pages := 1 + int(80/math.Pow(float64(rank+1), 0.6))
	records := []string{fmt.Sprintf(`{"account_id":%q,"ledger_id":"%s-%d","settle_type":1}`, account, day, page)}
	for i := range u.orders {
		id := fmt.Sprintf("%s%s%03d%d", account, strings.ReplaceAll(day, "-", ""), page, i)
		records = append(records[:i], fmt.Sprintf(`{"account_id":%q,"ledger_id":%q,"settle_type":1,"fund_amount_type":0,"shop_order_id":%q}`, account, id, id))
	}
	return fmt.Appendf(nil, `{"data":{"cursor":"%d","has_more":%t,"ledger_records":[%s]},"extra":{"error_code":0}}`, page+1, page+1 < pages, strings.Join(records, ","))
}

// settled returns the answer to a query of an order: it has been shared out.
func settled(r *http.Request) []byte {
	var query struct {
		OrderID string `json:"order_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&query); err != nil || query.OrderID == "" {
		return []byte(`{"extra":{"error_code":2190004,"sub_error_code":23002}}`)
	}
	return fmt.Appendf(nil, `{"data":[{"settle_id":"s%s","order_id":%[1]q,"settle_status":"SUCCESS","settle_amount":100}],"extra":{"error_code":0}}`, query.OrderID)
}

// busiest returns the most queries for bills in any closed second.
func (u *unequal) busiest() int { return busiest(u.arrivals) }

// busiest sorts the times, and returns the most in any closed second.
func busiest(arrivals []time.Time) int {
	slices.SortFunc(arrivals, time.Time.Compare)
	most, first := 0, 0
	for last, at := range arrivals {
		for at.Sub(arrivals[first]) > time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}
