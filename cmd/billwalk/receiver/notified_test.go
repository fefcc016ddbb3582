package receiver

import (
	"fmt"
	"syscall"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// TestNotifiedNight has the platform post its callbacks to the receiver, repeated, in
// disorder, forged and old-style ones among them, and then makes a night of it. The
// verdicts, item by item, and what no bill explains are the truth; they are those of
// a night without callbacks, but for finer groups; and most questions are saved.
func TestNotifiedNight(t *testing.T) {
	billwalktest.RequireDuckDB(t)
	s3 := objecttest.StartS3(t)
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			billwalktest.Sample(t, int(seed), 4)
			platform := billwalktest.Serve(t, billwalktest.World(seed, 60))
			j := billwalktest.Job{
				Lake: billwalktest.FolderLake(t), Platform: platform.URL, Accounts: platform.Accounts(), QPS: 2000, Trade: 2000, Lookback: billwalktest.Lookback,
				Passes: 1, Buckets: 1 + int(seed%3)*2,
			}
			without, _ := billwalktest.Run(t, j.Write(t), "run", "nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())
			billwalktest.CheckVerdicts(t, j.Lake, platform, billwalktest.FirstDay, billwalktest.LastDay, billwalktest.Now())
			unheard, unknown := j.Lake, callsInVain(t, platform, j.Lake)

			if j.Lake = billwalktest.FolderLake(t); seed%2 == 1 {
				j.Lake = billwalktest.BucketLake(s3, fmt.Sprint("notified", seed))
			}
			report := deliver(t, platform, j.Lake)
			config := j.Write(t)
			s, _ := billwalktest.Run(t, config, "run", "nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())
			billwalktest.CheckLake(t, j.Lake, platform, billwalktest.FirstDay, billwalktest.LastDay)
			billwalktest.CheckVerdicts(t, j.Lake, platform, billwalktest.FirstDay, billwalktest.LastDay, billwalktest.Now(), report.CallbackWindow)
			billwalktest.CheckInvariants(t, j.Lake, true)
			billwalktest.CheckVerdictCounts(t, j.Lake, s.Verdicts)
			billwalktest.CheckProven(t, config, billwalktest.FirstDay, billwalktest.LastDay)
			checkSameVerdicts(t, unheard, j.Lake)
			if s.Verdicts[schema.SettlementOnly] == 0 || s.Settling.Saved.Callbacks == 0 || s.Callbacks.Unreadable != 0 {
				t.Errorf("%v, %+v, %+v", s.Verdicts, s.Settling.Saved, s.Callbacks)
			}
			// Settlements known from callbacks alone are queried beside the orders.
			confirming := s.Settling.SettlementOnly
			if confirming.Confirmed == 0 || confirming.Confirmed >= confirming.Answered || confirming.Unanswered > 0 || confirming.Asked > 2*confirming.Answered {
				t.Errorf("%+v", confirming)
			}
			ofOrders := s.Calls.Settlements - confirming.Asked
			saved := 100 - 100*(ofOrders-unknown)/(without.Calls.Settlements-unknown)
			t.Logf("%d callbacks: %d settle calls for orders, %d without, %d of them for the account whose orders the trade system does not know: %d %% saved; %+v",
				report.Callbacks, ofOrders, without.Calls.Settlements, unknown, saved, confirming)
			if saved < 75 || unknown == 0 {
				t.Errorf("%d %% of the other settle calls are saved, want 75", saved)
			}
		})
	}
}

// callsInVain counts the settle queries of the account that another trade system
// settles: every rule is asked for each of its orders, whatever callbacks there are.
func callsInVain(t *testing.T, platform *billwalktest.Served, lake billwalktest.Place) (calls int64) {
	t.Helper()
	const noBridge = 9 // its place in the sandbox's dozen
	foreign := make(map[string]bool)
	type ids struct{ Shop, Ext string }
	for _, row := range billwalktest.DuckDB[ids](t, billwalktest.TablesOf(lake)+fmt.Sprintf(`SELECT coalesce(shop_order_id, '') AS "Shop", coalesce(order_ext_id, '') AS "Ext"
		FROM bills WHERE walk_account_id = '%s'`, platform.Accounts()[noBridge].ID)) {
		foreign[row.Shop], foreign[row.Ext] = true, true
	}
	for _, r := range platform.Requests() {
		if r.API == sandbox.SettleAPI && r.Value != "" && foreign[r.Value] {
			calls++
		}
	}
	return calls
}

// deliver has the platform deliver to a receiver of the lake, until all is acknowledged.
func deliver(t *testing.T, platform *billwalktest.Served, lake billwalktest.Place) sandbox.Report {
	t.Helper()
	r := startReceiver(t, billwalktest.ReceiverConfig(t, lake))
	r.ready(t)
	report, err := platform.Deliver(t.Context(), sandbox.DeliveryConfig{
		URL: r.url + "/callbacks/settle/trade", Key: billwalktest.ReceivedKey(), LegacyToken: schema.NewSecret(billwalktest.OldToken), From: billwalktest.FirstDay, To: billwalktest.LastDay + 3,
		Speed: 10_000, Concurrency: 32, Duplicates: 10, Reordering: 10, Signatures: 5, Legacy: 5,
	})
	if err != nil || report.GivenUp > 0 || report.WrongAccepted > 0 || report.Forged == 0 || report.Forged != report.Refused || report.Duplicates == 0 || report.Legacy == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	if code := r.end(t, syscall.SIGTERM); code != 128+int(syscall.SIGTERM) {
		t.Fatalf("exit %d: %s", code, r.log.String())
	}
	return report
}

// checkSameVerdicts compares what a night without callbacks and one with them say of
// each order of an account and day: the items that callbacks name make finer groups,
// of which some may match where the whole does not.
func checkSameVerdicts(t testing.TB, unheard, heard billwalktest.Place) {
	t.Helper()
	verdicts := func(lake billwalktest.Place) string {
		return fmt.Sprintf(`(SELECT bill_date, walk_account_id, split_part(group_key, '/', 1) AS "order", sum(bill_rows) AS bills,
			list_sort(list_distinct(coalesce(list(verdict) FILTER (verdict <> 'matched'), ['matched']))) AS verdicts
			FROM read_parquet('%s/reconciliation/*/*.parquet', hive_partitioning = true) WHERE verdict <> 'settlement_only' GROUP BY ALL)`, lake.SQL)
	}
	sql := unheard.Prelude + heard.Prelude + "SELECT * FROM (SELECT 'without' AS callbacks, * FROM (" + verdicts(unheard) + " EXCEPT ALL " + verdicts(heard) +
		") UNION ALL SELECT 'with', * FROM (" + verdicts(heard) + " EXCEPT ALL " + verdicts(unheard) + ")) ORDER BY ALL LIMIT 6"
	for _, row := range billwalktest.DuckDB[map[string]any](t, sql) {
		t.Errorf("another verdict: %v", row)
	}
}
