package simulation

import (
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
	for _, row := range []struct {
		qps, days int
		most      float64 // of calls ÷ qps
	}{{5, 1, 1.02}, {50, 2, 1.02}, {200, 7, 1.02}, {1000, 14, 1.04}} {
		for _, latency := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d per second, %v", row.qps, latency), func(t *testing.T) {
				if race.Detector && row.qps == 1000 {
					t.Skip("takes minutes with the race detector")
				}
				synctest.Test(t, func(t *testing.T) {
					wakeUp()
					platform := &unequal{latency: latency}
					store, first := objecttest.NewMem(), schema.DayOf(firstMorning)-60
					platform.night(t, store, 100_000, first, first) // it shows how large the accounts are
					platform.arrivals = nil
					s := platform.night(t, store, row.qps, first+1, first+schema.Day(row.days))
					ideal := float64(s.Calls.Bills) / float64(row.qps)
					t.Logf("%d calls, %.4f of the ideal %.2f s; at most %d in a second", s.Calls.Bills, s.ElapsedSeconds/ideal, ideal, platform.busiest())
					if s.ElapsedSeconds > row.most*ideal {
						t.Errorf("%d calls took %.2f s, %.3f of the ideal", s.Calls.Bills, s.ElapsedSeconds, s.ElapsedSeconds/ideal)
					}
					if got := platform.busiest(); got > row.qps {
						t.Errorf("%d calls in a second", got)
					}
				})
			})
		}
	}
}

// unequal is a platform of 200 accounts, of which the largest has twenty times as many pages
// as the smallest, with a bill on each. Answers take the latency.
type unequal struct {
	latency time.Duration

	mu       sync.Mutex
	arrivals []time.Time // of queries for bills
}

const unequalAccounts = 200

// night runs the job over the days.
func (u *unequal) night(t *testing.T, store *objecttest.Mem, qps int, from, to schema.Day) *pipeline.Summary {
	t.Helper()
	st := &story{job: simJob{pageSize: 1, passes: 1, buckets: 1}}
	for i := range unequalAccounts {
		st.accounts = append(st.accounts, schema.Account{ID: schema.AccountID(fmt.Sprint(7_000_000_000_000_000_000 + i)), Name: fmt.Sprint(i)})
	}
	file := st.file()
	app := file.Apps["life"]
	app.QPS = float64(qps)
	file.Apps["life"] = app
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
	if strings.Contains(r.URL.Path, "catering_query") {
		got.body = u.page(r)
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
	return fmt.Appendf(nil, `{"data":{"cursor":"%d","has_more":%t,"ledger_records":[{"account_id":%q,"ledger_id":"%s-%d","settle_type":1}]},"extra":{"error_code":0}}`,
		page+1, page+1 < pages, account, day, page)
}

// busiest returns the most arrivals in any closed second.
func (u *unequal) busiest() int {
	slices.SortFunc(u.arrivals, time.Time.Compare)
	most, first := 0, 0
	for last, at := range u.arrivals {
		for at.Sub(u.arrivals[first]) > time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}
