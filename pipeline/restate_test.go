package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
)

// restated returns the published restatements of a day, one a line: bill, change,
// generations, differences of the total and of goods, columns, old and new values.
func restated(w *world, d schema.Day) (lines []string) {
	for _, p := range w.lake.of(d) {
		for _, r := range p.restatements {
			lines = append(lines, fmt.Sprintf("%s %s %d-%d %s %s %s %s %s", r.LedgerID, r.Change, r.OldGeneration, r.NewGeneration,
				show(r.DiffTotal), show(r.DiffGoods), strings.Join(r.Columns, ","), r.Old.V, r.New.V))
		}
	}
	return lines
}

// TestRestatements: bills of a closed day that a later night finds changed are
// restated, with what changed, and every publication after that keeps the rows.
func TestRestatements(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		night := func(d schema.Day, want map[schema.Change]int64) {
			t.Helper()
			time.Sleep(24 * time.Hour)
			s := w.run(pipeline.ExitDone, on(d), lookback(int(d-day)))
			if diff := cmp.Diff(want, s.Restated); diff != "" {
				t.Errorf("night of %s: summary (-want +got):\n%s", d, diff)
			}
		}
		rest := records(store.ID, "rest", 20)
		w.set(kiosk, record(kiosk.ID, "theirs", 1))
		w.set(store, append(rest, sale(store.ID, "a", "A", "", 100), sale(store.ID, "b", "B", "", 200), sale(store.ID, "c", "C", "", 300))...)
		night(day, map[schema.Change]int64{})
		if lines := restated(w, day); len(lines) != 0 {
			t.Errorf("first published, and restated: %q", lines)
		}

		noGoods := strings.Replace(sale(store.ID, "b", "B", "x\"y", 250), `"goods":250,`, "", 1)
		w.set(store, append(rest, sale(store.ID, "a", "A", "", 100), noGoods, sale(store.ID, "d", "D", "", 7))...)
		night(day+1, map[schema.Change]int64{schema.Added: 1, schema.Removed: 1, schema.Changed: 1})
		want := []string{
			`b changed 1-2 50 _ order_ext_id,pay_fen,ledger_total_fen,goods_fen {"pay_fen":"200","ledger_total_fen":"200","goods_fen":"200"} {"order_ext_id":"x\"y","pay_fen":"250","ledger_total_fen":"250"}`,
			`c removed 1-2 -300 -300 account_id,ledger_id,shop_order_id,settle_type,direction,pay_fen,ledger_total_fen,total_commission_fen,total_merchant_platform_service_fen,goods_fen ` +
				`{"account_id":"7047437174853240835","ledger_id":"c","shop_order_id":"C","settle_type":"1","direction":"1","pay_fen":"300","ledger_total_fen":"300","total_commission_fen":"0","total_merchant_platform_service_fen":"0","goods_fen":"300"} `,
			`d added 1-2 7 7 account_id,ledger_id,shop_order_id,settle_type,direction,pay_fen,ledger_total_fen,total_commission_fen,total_merchant_platform_service_fen,goods_fen ` +
				` {"account_id":"7047437174853240835","ledger_id":"d","shop_order_id":"D","settle_type":"1","direction":"1","pay_fen":"7","ledger_total_fen":"7","total_commission_fen":"0","total_merchant_platform_service_fen":"0","goods_fen":"7"}`,
		}
		if diff := cmp.Diff(want, restated(w, day)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, r := range w.lake.of(day)[0].restatements {
			if r.WalkAccountID != store.ID || r.ShopOrderID.V != strings.ToUpper(r.LedgerID) || time.Since(r.RestatedAt) != 0 {
				t.Errorf("%+v", r)
			}
		}

		night(day+2, map[schema.Change]int64{})
		if diff := cmp.Diff(want, restated(w, day)); diff != "" {
			t.Errorf("a night later (-want +got):\n%s", diff)
		}
		w.set(store, append(rest, sale(store.ID, "a", "A", "", 100), sale(store.ID, "b", "B", "x\"y", 250), sale(store.ID, "d", "D", "", 7))...)
		night(day+3, map[schema.Change]int64{schema.Changed: 1})
		want = slices.Insert(want, 1, `b changed 3-4 0 _ goods_fen {} {"goods_fen":"250"}`)
		if diff := cmp.Diff(want, restated(w, day)); diff != "" {
			t.Errorf("restated again (-want +got):\n%s", diff)
		}
		w.run(pipeline.ExitDone, replay)
		if diff := cmp.Diff(want, restated(w, day)); diff != "" {
			t.Errorf("replayed (-want +got):\n%s", diff)
		}
	})
}

// TestRestatedSince: what is compared is what was published, whatever became of the
// unit in between; the same bill found again is no restatement.
func TestRestatedSince(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		between func(w *world)
		exit    int
		tonight []string
		want    int
	}{
		"changed":                           {nil, 0, records(store.ID, "other", 12), 24},
		"the same in another order":         {nil, 0, slices.Sorted(slices.Values(records(store.ID, "bill", 12))), 0},
		"one more, the rest on other pages": {nil, 0, append(records(store.ID, "a", 1), records(store.ID, "bill", 12)...), 1},
		"a night without the unit": {func(w *world) {
			w.platform.strike = func(call) (string, error) { return "", refuse(5000001, schema.ReachUnit) }
		}, pipeline.ExitIncomplete, records(store.ID, "other", 12), 24},
		"a night withdrawn": {func(w *world) {
			w.platform.strike = func(call) (string, error) {
				return `{"data":{"error_code":6000001}}`, refuse(6000001, schema.ReachUnavailable)
			}
		}, pipeline.ExitDone, records(store.ID, "other", 12), 24},
		"a night without the unit, and the same bills": {func(w *world) {
			w.platform.strike = func(call) (string, error) { return "", refuse(5000001, schema.ReachUnit) }
		}, pipeline.ExitIncomplete, records(store.ID, "bill", 12), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "bill", 12)...)
				w.run(pipeline.ExitDone)
				if row.between != nil {
					time.Sleep(24 * time.Hour)
					row.between(w)
					w.run(row.exit)
					w.platform.strike = nil
				}
				time.Sleep(24 * time.Hour)
				w.set(store, row.tonight...)
				w.run(pipeline.ExitDone)
				if lines := restated(w, day); len(lines) != row.want {
					t.Errorf("%d restatements, want %d: %q", len(lines), row.want, lines)
				}
			})
		})
	}
}

// TestUnchangedPartition: a partition whose rows and states are the same stays as
// it is published; what a unit has come to is published though its rows stay.
func TestUnchangedPartition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store, kiosk)
	w.withTrade(byShop)
	published, err := lake.Open(t.Context(), w.store, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	w.set(store, sales(store.ID, 20)...)
	w.set(kiosk, sale(kiosk.ID, "1", "K", "", 10))
	w.trade.set(byShop, "K", settlement("s1", schema.StatusProcessing, 10, day))
	for i, row := range []struct {
		change     func()
		exit       int
		generation int64
		verdicts   map[schema.Verdict]int64
	}{
		{func() {}, pipeline.ExitDone, 1, map[schema.Verdict]int64{schema.BillOnly: 20, schema.Pending: 1}},
		{func() { w.trade.set(byShop, "K", settlement("s1", schema.StatusSuccess, 10, day)) }, pipeline.ExitDone, 2, map[schema.Verdict]int64{schema.BillOnly: 20, schema.Matched: 1}},
		{func() {}, pipeline.ExitDone, 2, map[schema.Verdict]int64{schema.BillOnly: 20, schema.Matched: 1}},
		{func() {
			w.platform.strike = func(c call) (string, error) {
				if c.Account == kiosk {
					return "", refuse(5000001, schema.ReachUnit)
				}
				return "", nil
			}
		}, pipeline.ExitIncomplete, 3, map[schema.Verdict]int64{schema.BillOnly: 20, schema.Matched: 1}},
		{func() {}, pipeline.ExitIncomplete, 3, map[schema.Verdict]int64{schema.BillOnly: 20, schema.Matched: 1}},
		{func() { w.platform.strike = nil }, pipeline.ExitDone, 4, map[schema.Verdict]int64{schema.BillOnly: 20, schema.Matched: 1}},
		{func() { w.set(store, sales(store.ID, 21)...) }, pipeline.ExitDone, 5, map[schema.Verdict]int64{schema.BillOnly: 21, schema.Matched: 1}},
		{func() {}, pipeline.ExitDone, 5, map[schema.Verdict]int64{schema.BillOnly: 21, schema.Matched: 1}},
	} {
		row.change()
		before, err := published.Base(t.Context(), day, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := w.run(row.exit, into(realLake{published}))
		after, err := published.Base(t.Context(), day, 0)
		if err != nil || after.Manifest.Generation != row.generation {
			t.Fatalf("night %d: generation %d, want %d (%v)", i, after.Manifest.Generation, row.generation, err)
		}
		unchanged := before.Manifest != nil && before.Manifest.Generation == row.generation
		if before.TurnETag == after.TurnETag {
			t.Errorf("night %d: a run that read its base before may still publish over it", i)
		}
		before.Turn, before.TurnETag, after.Turn, after.TurnETag = schema.Turn{}, "", schema.Turn{}, ""
		if unchanged && cmp.Diff(before, after) != "" {
			t.Errorf("night %d: something was written", i)
		}
		for _, o := range s.Partitions {
			if o.Unchanged != unchanged {
				t.Errorf("night %d: %+v", i, o)
			}
		}
		if diff := cmp.Diff(row.verdicts, s.Verdicts); diff != "" {
			t.Errorf("night %d: verdicts (-want +got):\n%s", i, diff)
		}
		w.ahead += 24 * time.Hour
	}
	var rows []string
	for r, err := range published.Restatements(t.Context(), day, 0) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprint(r.LedgerID, " ", r.Change, " ", r.OldGeneration, "-", r.NewGeneration))
	}
	if diff := cmp.Diff([]string{"L20 added 4-5"}, rows); diff != "" {
		t.Errorf("restatements (-want +got):\n%s", diff)
	}
}

// TestMovedBills: bills that move between a root account's walk and that of its
// store are no restatement, whatever their buckets; what changed on the way is one.
func TestMovedBills(t *testing.T) {
	t.Parallel()
	for bucket := range 4 {
		t.Run(fmt.Sprint(bucket), func(t *testing.T) {
			t.Parallel()
			root, own, rootsOwn, _, _ := family(bucket)
			inBubble(t, []schema.Account{root, own}, func(t *testing.T, w *world) {
				w.buckets = 4
				refused := func(c call) (string, error) {
					if c.Account == own {
						return "", refuse(5000001, schema.ReachUnit)
					}
					return "", nil
				}
				night := func(exit int, want []string, bills ...string) {
					t.Helper()
					w.set(root, slices.Concat(rootsOwn, bills)...)
					w.set(own, bills...)
					w.run(exit)
					checkOnce(t, w, len(rootsOwn)+len(bills))
					var lines []string
					for _, p := range w.lake.of(day) {
						for _, r := range p.restatements {
							lines = append(lines, fmt.Sprint(r.LedgerID, " ", r.Change, " ", show(r.DiffTotal)))
						}
					}
					slices.Sort(lines)
					if diff := cmp.Diff(want, lines); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
					time.Sleep(24 * time.Hour)
				}
				a, b, c := sale(own.ID, "a", "A", "", 100), sale(own.ID, "b", "B", "", 200), sale(own.ID, "c", "C", "", 300)
				w.platform.strike = refused
				night(pipeline.ExitIncomplete, nil, a, b)
				w.platform.strike = nil
				night(pipeline.ExitDone, []string{"b changed 50", "c added 300"}, a, sale(own.ID, "b", "B", "", 250), c)
			})
		})
	}
}
