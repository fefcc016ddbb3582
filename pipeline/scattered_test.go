package pipeline_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/schema/sql"
	"billwalk/sinks/lake"
	"billwalk/sinks/object/objecttest"
)

// scattered is a world with files whose orders have bills that lie near and far apart, and
// settlements of any day, some of which come late.
type scattered struct {
	*world
	seed        uint64
	random      *rand.Rand
	first, last schema.Day // with bills
	published   *lake.Lake
	settled     map[schema.Query][]lateSettlement // by the query that finds them
	sharing     bool                              // orders share ids
}

// lateSettlement is what the settle query answers from a day on.
type lateSettlement struct {
	from schema.Day
	text string
}

// inScatteredFiles tests some worlds of 12 days with 150 orders, which publish files.
func inScatteredFiles(t *testing.T, worlds uint64, match schema.Match, test func(t *testing.T, s *scattered)) {
	t.Helper()
	inFiles(t, worlds, func(w *world, seed uint64) *scattered { return scatter(w, seed, match, 12, 150) }, test)
}

// inFiles tests some worlds, which publish files.
func inFiles(t *testing.T, worlds uint64, scatter func(w *world, seed uint64) *scattered, test func(t *testing.T, s *scattered)) {
	t.Helper()
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	for seed := range worlds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			if race.Detector && seed > 0 { // ten times as slow; .ci/run has all seeds without it
				t.Skip("without the race detector alone")
			}
			s := scatter(newWorld(t, brand, store, kiosk), seed)
			var err error
			if s.published, err = lake.Open(t.Context(), s.store, s.buckets, "test"); err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

// scatter gives a world of some days so many orders, whose settlements are found by their own id
// or by that of one of their items.
func scatter(w *world, seed uint64, match schema.Match, days, orders int) *scattered {
	s := &scattered{world: w, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), first: day, last: day + schema.Day(days) - 1, settled: make(map[schema.Query][]lateSettlement)}
	s.withTrade(match)
	s.rules.Lookback, s.buckets = 1+s.random.IntN(3), 4
	bills := make(map[schema.Unit][]string)
	for i := range orders {
		key, ext := fmt.Sprintf("K%03d", i), fmt.Sprintf("E%03d", i)
		var on []schema.Day
		for b := range 1 + s.random.IntN(5) {
			u := at(s.accounts[s.random.IntN(len(s.accounts))], s.first+schema.Day(s.random.IntN(days)))
			record := sale(u.Account.ID, fmt.Sprintf("L%03d-%d", i, b), key, ext, int64(10*(1+s.random.IntN(3))))
			if match == byItem {
				record = ofItem(itemOn(key, u.Day), record)
			}
			on, bills[u] = append(on, u.Day), append(bills[u], record)
		}
		for n := range s.random.IntN(4) {
			status := []schema.Status{schema.StatusSuccess, schema.StatusSuccess, schema.StatusSuccess, schema.StatusProcessing, schema.StatusFail}[s.random.IntN(5)]
			id, settledOn := key, on[s.random.IntN(len(on))]
			if match == byItem {
				id = itemOn(key, settledOn)
			}
			settledOn += schema.Day(s.random.IntN(7) - 2)
			text := ofOrder(id, settlement(fmt.Sprintf("s%03d-%d", i, n), status, int64(10*(1+s.random.IntN(6))), settledOn))
			s.answer(match, id, lateSettlement{settledOn + schema.Day(s.random.IntN(3)), text})
		}
	}
	for u, records := range bills {
		s.platform.set(u, records...)
	}
	return s
}

// answer adds a settlement to what a query finds.
func (s *scattered) answer(match schema.Match, id string, one lateSettlement) {
	q := schema.Query{Match: match, Value: id}
	s.settled[q] = append(s.settled[q], one)
}

// itemOn returns the item of an order that is sold on a day.
func itemOn(order string, on schema.Day) string { return fmt.Sprintf("%s-%d", order, on) }

// on sets the clock to the night after a day.
func (s *scattered) on(night schema.Day) {
	s.ahead = time.Until((night + 1).Start().Add(14 * time.Hour))
	for q, all := range s.settled {
		var known []string
		for _, one := range all {
			if one.from <= night {
				known = append(known, one.text)
			}
		}
		s.trade.set(q.Match, q.Value, known...)
	}
}

// inFiles makes a run publish files.
func (s *scattered) inFiles(r *pipeline.Run) {
	if s.published == nil {
		return
	}
	r.Lake, r.PublishedDays = realLake{s.published}, s.published.PublishedDays
}

// backfill runs a range of days; one in two is killed while it publishes, and runs again.
func (s *scattered) backfill(from, to schema.Day) {
	s.t.Helper()
	given := func(r *pipeline.Run) { r.From, r.To, r.Backfill = from, to, true }
	if allowed := int64(s.random.IntN(200)); s.random.IntN(2) == 0 {
		var puts atomic.Int64
		s.store.Fault = func(op objecttest.Op, key string) (bool, error) {
			if op == objecttest.OpPut && strings.Contains(key, "/bill_date=") {
				if puts.Add(1) > allowed {
					return false, errors.New("the process is killed")
				}
			}
			return true, nil
		}
		_, _ = s.do(s.t.Context(), s.inFiles, given)
		s.store.Fault = nil
	}
	s.run(pipeline.ExitDone, s.inFiles, given)
}

func (s *scattered) replayAll() {
	s.t.Helper()
	s.run(pipeline.ExitDone, s.inFiles, replay, func(r *pipeline.Run) { r.From, r.To = s.first, s.last })
}

// files writes the tables of the lake to a folder.
func (s *scattered) files(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for info, err := range s.store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(info.Key, ".parquet") {
			continue
		}
		body, _, err := s.store.Get(t.Context(), info.Key)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(body)
		path := filepath.Join(folder, filepath.FromSlash(info.Key))
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// settings returns those by which SQL reconciles as the world does.
func (s *scattered) settings() sql.Settings {
	settings := sql.Settings{LookbackDays: s.rules.Lookback, Configured: true}
	for _, m := range s.rules.Match {
		settings.Rules = append(settings.Rules, sql.Rule(m))
	}
	return settings
}

// checkSQL checks that SQL finds the very rows of a lake's days in its bills and settlements, but
// for orders of which a query was not made.
func (s *scattered) checkSQL(t *testing.T, what, folder string, from, to schema.Day) {
	t.Helper()
	statements := billwalktest.TablesOf(billwalktest.Place{SQL: folder}) + sql.Reconcile(s.settings()) +
		"CREATE TEMP TABLE unasked AS SELECT bill_date, group_key FROM reconciliation WHERE list_contains(reasons, 'not_asked')"
	if s.sharing { // not what was answered for orders with an id of another, of settlements far away
		for _, table := range []string{"reconciliation", "reconciled"} {
			statements += " UNION SELECT bill_date, group_key FROM " + table + " WHERE list_contains(reasons, 'settled_elsewhere')"
		}
	}
	statements += ";\n" +
		differences("reconciliation", "reconciled", fmt.Sprintf("ANTI JOIN unasked USING (bill_date, group_key) WHERE bill_date BETWEEN '%s' AND '%s'", from, to))
	if got := billwalktest.DuckDBText(t, "-line", statements); got != "" {
		t.Errorf("%s, lookback %d: the rows of one side alone:\n%.4000s", what, s.rules.Lookback, got)
	}
}

// differences returns SQL that prints the rows that only one of two tables has.
func differences(a, b, where string) string {
	return fmt.Sprintf("CREATE OR REPLACE TEMP TABLE a AS FROM %[1]s %[3]s;\nCREATE OR REPLACE TEMP TABLE b AS FROM a WHERE false;\nINSERT INTO b BY NAME FROM %[2]s %[3]s;\n"+
		"SELECT * FROM ((SELECT 'only %[1]s' AS side, * FROM (FROM a EXCEPT ALL FROM b)) UNION ALL BY NAME (SELECT 'only %[2]s' AS side, * FROM (FROM b EXCEPT ALL FROM a)))\n"+
		"ORDER BY bill_date, side, COLUMNS('key|settle_id|shop_order_id|ledger_id');\n", a, b, where)
}

// checkSame checks that two lakes have the same rows.
func checkSame(t *testing.T, what, before, after string) {
	t.Helper()
	var statements string
	for _, table := range []string{"bills", "settlements", "reconciliation", "exceptions"} {
		for side, folder := range map[string]string{"before": before, "after": after} {
			statements += fmt.Sprintf("CREATE VIEW %[1]s_%[2]s AS FROM read_parquet('%[3]s/%[2]s/*/*.parquet', hive_partitioning = true);\n", side, table, folder)
		}
		statements += differences("before_"+table, "after_"+table, "")
	}
	if got := billwalktest.DuckDBText(t, "-line", statements); got != "" {
		t.Errorf("%s: the rows of one side alone:\n%.4000s", what, got)
	}
}

// TestScatteredBackfill: whatever days the bills of an order lie on, killed and run again, a
// backfill has the tables of a replay, and SQL finds the same verdicts in them.
func TestScatteredBackfill(t *testing.T) {
	inScatteredFiles(t, 5, byShop, func(t *testing.T, s *scattered) {
		s.on(s.last + 20)
		s.backfill(s.first, s.last)
		run := s.files(t)
		s.checkSQL(t, "run", run, s.first, s.last)
		s.replayAll()
		checkSame(t, "run and replay", run, s.files(t))
		s.checkCounted(t)
	})
}

// TestScatteredParts: likewise in two parts, the earlier or the later one first. Days of the first
// part that are within the lookback of the other one wait for a replay.
func TestScatteredParts(t *testing.T) {
	inScatteredFiles(t, 4, byShop, func(t *testing.T, s *scattered) {
		s.on(s.last + 20)
		cut, window := s.first+schema.Day(4+s.random.IntN(5)), schema.Day(s.rules.Lookback)
		early, late := cut-window, cut+1
		if s.seed%2 == 0 {
			s.backfill(s.first, cut)
			s.backfill(cut+1, s.last)
		} else {
			s.backfill(cut+1, s.last)
			s.backfill(s.first, cut)
			early, late = cut, cut+1+window
		}
		run := s.files(t)
		s.checkSQL(t, "early days", run, s.first, early)
		s.checkSQL(t, "late days", run, late, s.last)
		s.replayAll()
		s.checkSQL(t, "replay", s.files(t), s.first, s.last)
		s.checkCounted(t)
	})
}

// TestScatteredItems: where each day of an order has an id of its own, a settlement counts on a day
// that knows of it, and once.
func TestScatteredItems(t *testing.T) {
	inScatteredFiles(t, 4, byItem, func(t *testing.T, s *scattered) {
		s.on(s.last + 20)
		s.backfill(s.first, s.last)
		run := s.files(t)
		s.checkCounted(t)
		s.replayAll()
		checkSame(t, "run and replay", run, s.files(t))
	})
}

// TestScatteredNights: night by night, with settlements that come late, SQL finds the verdicts of
// all days but those that a night has said to replay.
func TestScatteredNights(t *testing.T) {
	inScatteredFiles(t, 4, byShop, func(t *testing.T, s *scattered) {
		left := make(map[schema.Day]bool)
		for d := s.first; d <= s.last; d++ {
			s.on(d)
			if found := s.run(pipeline.ExitDone, s.inFiles, on(d), lookback(s.rules.Lookback)).ToReplay; found != nil {
				for day := found.From; day <= found.To; day++ {
					left[day] = true
				}
			}
		}
		tables, whole := s.files(t), 0
		for d := s.first; d <= s.last; d++ {
			if !left[d] {
				s.checkSQL(t, "nights", tables, d, d)
				whole++
			}
		}
		if len(left) == 0 || whole == 0 {
			t.Errorf("%d days are to be replayed, %d are not", len(left), whole)
		}
	})
}

// checkCounted checks that each settlement that a query has found counts once.
func (s *scattered) checkCounted(t *testing.T) {
	t.Helper()
	counted, read := make(map[string]int), s.lake.Settlements
	if s.published != nil {
		read = s.published.Settlements
	}
	for d := s.first; d <= s.last; d++ {
		for bucket := range s.buckets {
			for row, err := range read(t.Context(), d, bucket) {
				if err != nil {
					t.Fatal(err)
				}
				counted[row.SettleID]++
			}
		}
	}
	want := len(s.trade.told)
	if once := slices.IndexFunc(slices.Collect(maps.Values(counted)), func(n int) bool { return n != 1 }) < 0; len(counted) != want || !once {
		t.Errorf("%d of %d settlements count: %v", len(counted), want, counted)
	}
}

// TestScatteredShards: so many shards publish what one process publishes, also where orders have
// bills with several of them on days that are far apart.
func TestScatteredShards(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{brand, store, kiosk}, func(t *testing.T, w *world) {
				one, many := scatter(w, seed, byShop, 12, 150), scatter(newWorld(t, w.accounts...), seed, byShop, 12, 150)
				given := func(r *pipeline.Run) { r.From, r.To, r.Backfill = one.first, one.last, true }
				one.on(one.last + 20)
				many.on(one.last + 20)
				one.run(pipeline.ExitDone, given)
				for _, change := range []func(*pipeline.Run){given, replay} {
					many.runShards(new(registers), 2+int(seed%2), pipeline.ExitDone, given, change)
					if diff := cmp.Diff(one.lake.partitions, many.lake.partitions, notOfTheRun); diff != "" {
						t.Fatalf("(-one process +shards):\n%.3000s", diff)
					}
				}
			})
		})
	}
}
