package withdraw_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/walk"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object/objecttest"
)

// inMemory answers requests without a network.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Result(), nil
}

// TestPlatform: over ten nights, with every break and with passing faults, each withdrawal of
// each payee is what the platform knows that it is, and what has come to its end is not asked
// for again.
func TestPlatform(t *testing.T) {
	t.Parallel()
	// The encoder makes its channel at its first use, which must be outside of fake time.
	if _, err := archive.New(nil).Encode(nil, schema.Answer{Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	for _, faults := range []string{"", "passing"} {
		t.Run(faults, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { nights(t, faults) })
		})
	}
}

func nights(t *testing.T, faults string) {
	first := unit(t).Day
	var now time.Time
	planted, err := sandbox.ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range sandbox.BreakList() {
		if b.Name != sandbox.Returned { // only its successor, which pays the same bills, gives it away
			names = append(names, b.Name)
		}
	}
	breaks, err := sandbox.ParseBreaks(strings.Join(names, ","))
	if err != nil {
		t.Fatal(err)
	}
	p := sandbox.New(sandbox.Config{Seed: 17, Accounts: 4, Bills: 40, Healthy: true, Withdrawals: true, Breaks: breaks, Faults: planted, Now: func() time.Time { return now }})
	client := douyin.New(douyin.App{BaseURL: "http://platform.test", ClientKey: "key", ClientSecret: schema.NewSecret("secret"), QPS: 1e6}, douyin.WithTransport(inMemory{p}),
		douyin.WithLogger(slog.New(slog.DiscardHandler)), douyin.WithClock(func() time.Time { return now }), douyin.WithJitter(func(time.Duration) time.Duration { return 0 }))
	a := archive.New(objecttest.NewMem())
	final := make(map[schema.Unit]bool)
	var payees []schema.Account
	for night := range schema.Day(10) {
		now = (first + night + 1).Start().Add(12 * time.Hour)
		f := &withdraw.Fetcher{
			Config:  withdraw.Config{Source: client, Statuses: normalise.WithdrawalStatuses{InFlight: []string{"1"}, Paid: []string{"2"}, Failed: []string{"3"}}},
			Archive: stored{a},
			Walker: walk.Walker{
				RunID: fmt.Sprintf("01JD000000000000000000%04d", night), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Progress: new(progress.Counter),
				IsCurrent: func(context.Context, schema.Unit, *schema.Certificate) (bool, error) { return false, nil },
			},
		}
		got, want := make(map[string]string), make(map[string]string)
		for _, b := range p.Balances(p.Accounts(), first, first, now) {
			if night == 0 {
				payees = append(payees, schema.Account{ID: b.Account})
			}
		}
		for _, payee := range payees {
			for day := first; day <= first+night; day++ {
				u := schema.Unit{Account: payee, Day: day}
				fetch := f.Fetch
				if final[u] {
					fetch = func(ctx context.Context, u schema.Unit, _ <-chan struct{}) (*withdraw.Launches, error) {
						return f.Recall(ctx, u)
					}
				}
				l, err := fetch(t.Context(), u, nil)
				if err != nil {
					t.Fatal(err)
				}
				final[u] = l.Final()
				for _, w := range l.Withdrawals {
					if w.Failure != nil {
						t.Errorf("%s: %+v", w.WithdrawID, w.Failure)
					}
					got[w.WithdrawID] = fmt.Sprint(w.AccountID, u.Day, w.Amount.V, w.Status.V, w.Verdict, len(w.Bills), w.BillsTotal.V, w.Diff, w.LaunchTime.V, w.WithdrawTime.V.Unix())
				}
			}
		}
		for _, w := range p.Withdrawals(p.Accounts(), first, first+night, now) {
			rows, sum, diff := 0, int64(0), schema.Null[schema.Fen]{} // the bills of one that is not paid are not asked for
			if w.DiffFen != nil {
				rows, sum, diff = w.BillRows, w.BillsFen, schema.Some(schema.Fen(*w.DiffFen))
			}
			want[w.ID] = fmt.Sprint(w.Account, w.Day, w.Amount, w.Status, w.Verdict, rows, sum, diff, w.LaunchTime.UTC(), w.WithdrawTime.Unix())
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Fatalf("night %d: %d withdrawals (-want +got):\n%s", night, len(want), diff)
		}
	}
}
