package truth

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/settle"
	"billwalk/schema"
)

// nights runs a job night after night, on a clock that it sets.
type nights struct {
	t        testing.TB
	clock    atomic.Int64  // unix seconds
	hour     time.Duration // of the day, at which a run is made
	platform *billwalktest.Served
	config   string // jobs.yaml
	lake     billwalktest.Place
}

func newNights(t testing.TB, world sandbox.Config, j billwalktest.Job) *nights {
	n := &nights{t: t, hour: 14 * time.Hour, lake: j.Lake}
	world.Now = n.now
	n.platform = billwalktest.Serve(t, world)
	j.Platform, j.Accounts = n.platform.URL, n.platform.Accounts()
	n.config = j.Write(t)
	return n
}

func (n *nights) now() time.Time { return time.Unix(n.clock.Load(), 0) }

// run makes a run on a day, with the change, if there is one.
func (n *nights) run(today schema.Day, change func(*cli.Job)) *pipeline.Summary {
	n.t.Helper()
	n.clock.Store(today.Start().Add(n.hour).Unix())
	file, err := jobs.Load(n.config, func(string) (string, bool) { return "", false })
	if err != nil {
		n.t.Fatal(err)
	}
	w, err := cli.Setup{Now: n.now}.Open(n.t.Context(), file, "nightly", cli.Days{}, true)
	if err != nil {
		n.t.Fatal(err)
	}
	defer w.Close()
	w.Run.Settle.Trade = datedTrade{w.Run.Settle.Trade, n.now}
	if change != nil {
		change(w)
	}
	s, err := w.Do(n.t.Context())
	if err != nil || s.ExitCode != pipeline.ExitDone && s.ExitCode != pipeline.ExitIncomplete {
		n.t.Fatalf("%s: exit %d, %v", today, s.ExitCode, err)
	}
	return s
}

// datedTrade dates answers by the test's clock.
type datedTrade struct {
	settle.Trade
	now func() time.Time
}

func (d datedTrade) Settlements(ctx context.Context, q schema.Query) (normalise.SettlementsAnswer, error) {
	a, err := d.Trade.Settlements(ctx, q)
	a.FetchedAt = d.now().UTC()
	return a, err
}

// TestLookback: in its third night a job asks again for what does not agree, or is
// new. It saves three fifths and more of what the days of the lookback would cost in
// the first week of an account, and finds what a job finds that knows nothing and asks for everything.
func TestLookback(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	today := billwalktest.LastDay + 1
	world, j := billwalktest.World(31, 60), billwalktest.Job{QPS: 5000, Trade: 2000, Lookback: billwalktest.Lookback}
	j.Lake = billwalktest.FolderLake(t)
	nightly := newNights(t, world, j)
	first := func(lookback int) func(*cli.Job) { // so that no night looks before the last one's days
		return func(w *cli.Job) { w.Run.Lookback = lookback }
	}
	nightly.run(today, first(billwalktest.Lookback-2))
	nightly.run(today+1, first(billwalktest.Lookback-1))
	s := nightly.run(today+2, nil)
	j.Lake = billwalktest.FolderLake(t)
	naive := newNights(t, world, j)
	all := naive.run(today+2, nil)

	asked, would := s.Settling.Lookback.Asked, all.Settling.Lookback.Asked
	t.Logf("lookback: %d questions for %d orders, %d without what was known; the whole night: %d, without: %d",
		asked, s.Settling.Lookback.Orders, would, s.Settling.Asked, all.Settling.Asked)
	if would == 0 || asked*10 > would*4 {
		t.Errorf("%d questions for the days of the lookback, without what was known %d: less than 60 %% are saved", asked, would)
	}
	for _, table := range []string{"settlements", "reconciliation"} {
		found := make([]string, 2)
		for i, n := range []*nights{nightly, naive} {
			found[i] = billwalktest.DuckDBText(t, "-csv", billwalktest.TablesOf(n.lake)+fmt.Sprintf("SELECT COLUMNS(lambda c: c NOT IN ('asked_by', 'logid', 'fetched_at')) FROM %s ORDER BY ALL", table))
		}
		if diff := cmp.Diff(found[1], found[0]); diff != "" || len(found[0]) < 10_000 {
			t.Errorf("%s, %d bytes (-naive +nightly):\n%.3000s", table, len(found[0]), diff)
		}
	}
}

// TestWhatAgreesIsNotAskedAgain: a second run over the same days asks for the orders
// that do not agree, for one in a hundred of the others, and publishes no file anew.
func TestWhatAgreesIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	n := newNights(t, billwalktest.World(32, 60), billwalktest.Job{Lake: billwalktest.FolderLake(t), QPS: 5000, Trade: 2000, Lookback: 3})
	n.run(billwalktest.LastDay+1, nil)
	before := len(n.platform.Requests())
	n.hour += 8 * time.Hour
	s := n.run(billwalktest.LastDay+1, nil)
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
	type order struct {
		Key    string
		Agrees bool
		Asked  bool // some rule has an id
	}
	var agree, sampled, open, asked int
	for _, o := range billwalktest.DuckDB[order](t, billwalktest.TablesOf(n.lake)+`SELECT shop_order_id AS "Key", bool_and(verdict = 'matched') AS "Agrees", bool_or(verdict <> 'not_applicable') AS "Asked"
		FROM reconciliation WHERE shop_order_id IS NOT NULL AND group_key NOT LIKE '%#%' AND walk_account_id <> '' GROUP BY ALL`) {
		switch {
		case o.Agrees && again[o.Key]:
			agree, sampled = agree+1, sampled+1
		case o.Agrees:
			agree++
		case o.Asked && again[o.Key]:
			open, asked = open+1, asked+1
		case o.Asked:
			open++
		}
	}
	if agree < 500 || sampled*20 > agree || open < 50 || asked*2 < open {
		t.Errorf("of %d orders that agree %d were asked for again, of %d others %d", agree, sampled, open, asked)
	}
}
