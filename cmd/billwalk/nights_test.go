package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// nights runs a job night after night, on a clock that it sets.
type nights struct {
	t        testing.TB
	clock    atomic.Int64 // unix seconds
	platform *running
	config   string // jobs.yaml
	lake     lakePlace
}

func newNights(t testing.TB, world sandbox.Config, j job) *nights {
	n := &nights{t: t, lake: j.lake}
	world.Now = n.now
	n.platform = serve(t, world)
	j.platform, j.accounts = n.platform.url, n.platform.Accounts()
	n.config = j.write(t)
	return n
}

func (n *nights) now() time.Time { return time.Unix(n.clock.Load(), 0) }

// run makes a run in the afternoon of a day, with the change, if there is one.
func (n *nights) run(today schema.Day, change func(*wired)) *pipeline.Summary {
	n.t.Helper()
	n.clock.Store(today.Start().Add(14 * time.Hour).Unix())
	file, err := jobs.Load(n.config, func(string) (string, bool) { return "", false })
	if err != nil {
		n.t.Fatal(err)
	}
	p := quiet(n.now)
	w, err := p.openDays(n.t.Context(), file, "nightly", new(dateFlags), true)
	if err != nil {
		n.t.Fatal(err)
	}
	defer w.close()
	w.run.Trade = datedTrade{w.run.Trade, n.now}
	if change != nil {
		change(w)
	}
	s, err := p.do(n.t.Context(), w)
	if err != nil || s.ExitCode != pipeline.ExitDone && s.ExitCode != pipeline.ExitIncomplete {
		n.t.Fatalf("%s: exit %d, %v", today, s.ExitCode, err)
	}
	return s
}

// datedTrade dates answers by the test's clock.
type datedTrade struct {
	pipeline.Trade
	now func() time.Time
}

func (d datedTrade) Settlements(ctx context.Context, q schema.Question) (schema.SettleAnswer, error) {
	a, err := d.Trade.Settlements(ctx, q)
	a.FetchedAt = d.now().UTC()
	return a, err
}

// TestLookback: in its third night a job asks again for what is open or new
// alone. It saves nine tenths and more of what the days of the lookback would
// cost, and finds what a job finds that knows nothing and asks for everything.
func TestLookback(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	today := lastDay + 1
	world, j := testWorld(31, 60), job{qps: 5000, trade: 2000, lookback: window}
	j.lake = folderLake(t)
	nightly := newNights(t, world, j)
	first := func(lookback int) func(*wired) { // so that no night looks before the last one's days
		return func(w *wired) { w.run.Lookback = lookback }
	}
	nightly.run(today, first(window-2))
	nightly.run(today+1, first(window-1))
	s := nightly.run(today+2, nil)
	j.lake = folderLake(t)
	naive := newNights(t, world, j)
	all := naive.run(today+2, nil)

	asked, would := s.Settling.Lookback.Asked, all.Settling.Lookback.Asked
	t.Logf("lookback: %d questions for %d orders, %d without what was known; the whole night: %d, without: %d",
		asked, s.Settling.Lookback.Orders, would, s.Settling.Asked, all.Settling.Asked)
	if would == 0 || asked*10 > would {
		t.Errorf("%d questions for the days of the lookback, without what was known %d: less than 90 %% are saved", asked, would)
	}
	for _, table := range []string{"settlements", "reconciliation"} {
		found := make([]string, 2)
		for i, n := range []*nights{nightly, naive} {
			found[i] = duckDBText(t, "-csv", tablesOf(n.lake)+fmt.Sprintf("SELECT COLUMNS(lambda c: c NOT IN ('asked_by', 'logid', 'fetched_at')) FROM %s ORDER BY ALL", table))
		}
		if diff := cmp.Diff(found[1], found[0]); diff != "" || len(found[0]) < 10_000 {
			t.Errorf("%s, %d bytes (-naive +nightly):\n%.3000s", table, len(found[0]), diff)
		}
	}
}

// TestFinalIsNotAskedAgain: a second run over the same days asks for no order
// whose settlements are final, and publishes no file anew.
func TestFinalIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	n := newNights(t, testWorld(32, 60), job{lake: folderLake(t), qps: 5000, trade: 2000, lookback: 3})
	n.run(lastDay+1, nil)
	before := len(n.platform.Requests())
	s := n.run(lastDay+1, nil)
	for _, o := range s.Partitions {
		if !o.Unchanged {
			t.Errorf("%s was published again, and nothing changed", o.Key)
		}
	}
	again := make(map[string]bool)
	for _, r := range n.platform.Requests()[before:] {
		if r.API == sandbox.SettleAPI {
			again[r.Value] = true
		}
	}
	type order struct{ Status, Order, Out string }
	statuses := make(map[string]map[string]bool) // by id that can be asked for
	for _, o := range duckDB[order](t, tablesOf(n.lake)+`SELECT settle_status AS "Status", coalesce(order_id, '') AS "Order", coalesce(out_order_no, '') AS "Out" FROM settlements`) {
		for _, id := range []string{o.Order, o.Out} {
			if statuses[id] == nil {
				statuses[id] = make(map[string]bool)
			}
			statuses[id][o.Status] = true
		}
	}
	final := 0
	for id, s := range statuses {
		delete(s, "SUCCESS")
		delete(s, "FAIL")
		if len(s) > 0 || id == "" {
			continue
		}
		final++
		if again[id] {
			t.Errorf("%s is final and was asked for again", id)
		}
	}
	if final < 500 || len(again) == 0 {
		t.Errorf("%d orders are final, %d were asked for again: nothing was tested", final, len(again))
	}
}
