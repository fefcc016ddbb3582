package pipeline_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestJoin: an order's bills and settlements find each other over accounts,
// buckets and days, on days of the run and on those published before.
func TestJoin(t *testing.T) {
	t.Parallel()
	success := func(id string, fen int64, d schema.Day) string {
		return settlement(id, schema.StatusSuccess, fen, d)
	}
	for name, row := range map[string]struct {
		bills       map[schema.Unit]string
		settlements []string
		settled     []string // day and settle_id
		want        []string
	}{
		"two accounts": {
			map[schema.Unit]string{at(store, day): sale(store.ID, "1", "K", "", 40), at(kiosk, day): sale(kiosk.ID, "1", "K", "", 60)},
			[]string{success("s1", 100, day)}, []string{"20 s1"},
			[]string{"20 kiosk K matched/order offset_by:2026-11-20/store 1:1 60/100/40", "20 store K matched/order offset_by:2026-11-20/kiosk 1:0 40/0/-40"},
		},
		"one of two accounts": {
			map[schema.Unit]string{at(store, day): sale(store.ID, "1", "K", "", 40), at(kiosk, day): sale(kiosk.ID, "1", "K", "", 60)},
			[]string{success("s1", 60, day)}, []string{"20 s1"},
			[]string{"20 kiosk K matched/order 1:1 60/60/0", "20 store K bill_only 1:0 40/_/_"},
		},
		"three days, settled at the end": {
			map[schema.Unit]string{
				at(store, day-2): sale(store.ID, "1", "K", "", 10), at(store, day-1): sale(store.ID, "1", "K", "", 20), at(store, day): sale(store.ID, "1", "K", "", 30)},
			[]string{success("s1", 60, day)}, []string{"20 s1"},
			[]string{"18 store K matched/order_window offset_by:2026-11-19/store offset_by:2026-11-20/store 1:0 10/0/-10", "19 store K matched/order_window offset_by:2026-11-18/store offset_by:2026-11-20/store 1:0 20/0/-20", "20 store K matched/order_window offset_by:2026-11-18/store offset_by:2026-11-19/store 1:1 30/60/30"},
		},
		"two days, two accounts, each settled on its own": {
			map[schema.Unit]string{at(kiosk, day-2): sale(kiosk.ID, "1", "K", "", 10), at(store, day): sale(store.ID, "1", "K", "", 30)},
			[]string{success("s1", 10, day-2), success("s2", 30, day)}, []string{"18 s1", "20 s2"},
			[]string{"18 kiosk K matched/order 1:1 10/10/0", "20 store K matched/order 1:1 30/30/0"},
		},
		"two days, settled in between": {
			map[schema.Unit]string{at(kiosk, day-2): sale(kiosk.ID, "1", "K", "", 10), at(store, day): sale(store.ID, "1", "K", "", 30)},
			[]string{success("s1", 41, day-1)}, []string{"18 s1"},
			[]string{"18 kiosk K mismatched partly_billed total_differs net_differs 1:1 10/41/31", "20 store K mismatched partly_billed total_differs net_differs 1:0 30/0/-30"},
		},
		"days that do not see each other": {
			map[schema.Unit]string{at(store, day-4): sale(store.ID, "1", "K", "", 10), at(store, day): sale(store.ID, "1", "K", "", 10)},
			nil, nil,
			[]string{"16 store K bill_only 1:0 10/_/_", "20 store K bill_only 1:0 10/_/_"},
		},
	} {
		for _, nightly := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", night by night: ", nightly), func(t *testing.T) {
				t.Parallel()
				settles(t, []schema.Account{store, kiosk}, []schema.Match{byShop}, func(t *testing.T, w *world) {
					w.buckets = 4
					for u, bill := range row.bills {
						w.platform.set(u, bill)
					}
					w.trade.set(byShop, "K", row.settlements...)
					if nightly {
						for d := day - 4; d < day; d++ {
							w.trade.set(byShop, "K", until(d, row.settlements)...)
							w.run(pipeline.ExitDone, on(d), lookback(3))
							time.Sleep(24 * time.Hour)
						}
						w.trade.set(byShop, "K", row.settlements...)
						w.run(pipeline.ExitDone, lookback(3))
					} else {
						w.run(pipeline.ExitDone, lookback(4))
					}
					if diff := cmp.Diff(row.want, w.verdicts(day-4, day)); diff != "" {
						t.Errorf("verdicts (-want +got):\n%s", diff)
					}
					if diff := cmp.Diff(row.settled, w.settlements(day-4, day)); diff != "" {
						t.Errorf("settlements (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// until leaves out the settlements of later days.
func until(last schema.Day, settlements []string) []string {
	return slices.DeleteFunc(slices.Clone(settlements), func(text string) bool {
		var s struct {
			At int64 `json:"settle_time"`
		}
		return json.Unmarshal([]byte(text), &s) != nil || schema.DayOf(time.UnixMilli(s.At)) > last
	})
}

// TestNewAnswer: of several answers that have a settlement the last one counts,
// whatever was queried and on whatever day.
func TestNewAnswer(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		w.set(store, sale(store.ID, "1", "K", "k", 100))
		w.trade.set(byExt, "k", settlement("s1", schema.StatusProcessing, 100, day))
		w.run(pipeline.ExitDone)
		time.Sleep(24 * time.Hour)
		w.platform.set(at(store, day+1), sale(store.ID, "2", "K", "", 11))
		w.trade.set(byShop, "K", settlement("s1", schema.StatusSuccess, 100, day), settlement("s2", schema.StatusSuccess, 11, day+1))
		w.run(pipeline.ExitDone, on(day+1), lookback(1))
		want := []string{"20 store K matched/order 1:1 100/100/0", "21 store K matched/order 1:1 11/11/0"}
		if diff := cmp.Diff(want, w.verdicts(day, day+1)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// exceptionLines returns the exceptions about settlements, with the order that each names.
func exceptionLines(w *world, d schema.Day) (lines []string) {
	for _, e := range w.lake.exceptions(d) {
		if e.SettleID.Valid {
			lines = append(lines, fmt.Sprintf("%s %s %s", e.Rule, e.SettleID.V, e.ShopOrderID.V))
		}
	}
	return lines
}

// TestOddAnswers: a settlement that two orders' queries find belongs to the
// first of them; one of another order than the one queried, to none. Both are
// exceptions, once.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store, kiosk}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		w.buckets = 4
		w.set(store, sale(store.ID, "1", "K1", "x", 100), sale(store.ID, "2", "K2", "x", 100), sale(store.ID, "3", "K3", "", 100), sale(store.ID, "4", "K4", "", 5))
		w.set(kiosk, sale(kiosk.ID, "5", "K3", "", 7), sale(kiosk.ID, "6", "K5", "", 9))
		w.platform.set(at(store, day-1), sale(store.ID, "1", "K3", "", 1))
		w.trade.set(byExt, "x", settlement("s1", schema.StatusSuccess, 100, day))
		w.trade.set(byShop, "K3", ofOrder("K9", settlement("s3", schema.StatusSuccess, 100, day)))
		w.trade.set(byShop, "K4", strings.Replace(settlement("s4", schema.StatusSuccess, 5, day), "商户号", "?", 1))
		w.trade.set(byShop, "K5", settlement("s5", "FROZEN", 9, day))
		w.run(pipeline.ExitDone, lookback(1))
		want := []string{
			"20 kiosk K3 bill_only 1:0 7/_/_", "20 kiosk K5 pending 1:1 9/_/_",
			"20 store K1 matched/order 1:1 100/100/0", "20 store K2 bill_only 1:0 100/_/_", "20 store K3 bill_only 1:0 100/_/_",
			"20 store K4 matched/order net_not_settled 1:1 5/5/0",
		}
		if diff := cmp.Diff(want, w.verdicts(day, day)); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		lines := append(exceptionLines(w, day), exceptionLines(w, day-1)...)
		slices.Sort(lines)
		if diff := cmp.Diff([]string{"settle_detail s4 K4", "settlement_foreign s3 K3", "settlement_shared s1 K2", "unknown_enum s5 K5"}, lines); diff != "" {
			t.Errorf("exceptions (-want +got):\n%s", diff)
		}
		for _, e := range slices.Concat(w.lake.exceptions(day), w.lake.exceptions(day-1)) {
			if e.Rule == schema.RuleSettleForeign && (e.AccountID.V != string(kiosk.ID) || e.LedgerID.V != "5" || !e.Record.Valid || !e.ArchiveKey.Valid) {
				t.Errorf("of another bill than the one that was queried for: %+v", e)
			}
		}
		if diff := cmp.Diff([]string{"20 s1", "20 s4", "20 s5"}, w.settlements(day-1, day)); diff != "" {
			t.Errorf("settlements (-want +got):\n%s", diff)
		}
	})
}

// TestConserved: whatever orders there are, of any accounts, buckets and days of
// a window, every settlement that a query finds is on one day, every bill in
// one group, and no fen is lost. A replay finds the same.
func TestConserved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		accounts := []schema.Account{store, kiosk, mobile}
		w := newWorld(t, accounts...)
		w.withTrade(byShop, byExt)
		w.buckets = rapid.SampledFrom([]int{1, 2, 8}).Draw(t, "buckets")
		days := make(map[schema.Unit][]string)
		var billed, refunded int64
		for i := range rapid.IntRange(1, 6).Draw(t, "orders") {
			for n := range rapid.IntRange(1, 5).Draw(t, "bills") {
				u := at(rapid.SampledFrom(accounts).Draw(t, "account"), day-schema.Day(rapid.IntRange(0, 3).Draw(t, "day")))
				fen, ledger := rapid.Int64Range(0, 3).Draw(t, "fen"), fmt.Sprint(i, "-", n)
				switch rapid.IntRange(0, 9).Draw(t, "kind") {
				case 0:
					days[u] = append(days[u], refund(u.Account.ID, ledger, order(i), fen))
					refunded -= fen
				case 1:
					days[u] = append(days[u], sale(u.Account.ID, ledger, "", "", fen))
					billed += fen
				default:
					days[u] = append(days[u], sale(u.Account.ID, ledger, order(i), rapid.SampledFrom([]string{"", ext(i)}).Draw(t, "ext"), fen))
					billed += fen
				}
			}
			var list []string
			for n := range rapid.IntRange(0, 3).Draw(t, "settlements") {
				status := rapid.SampledFrom([]schema.Status{schema.StatusSuccess, schema.StatusSuccess, schema.StatusFail, schema.StatusInit}).Draw(t, "status")
				list = append(list, settlement(fmt.Sprint("s", i, n), status, rapid.Int64Range(0, 6).Draw(t, "settled"), day-schema.Day(rapid.IntRange(-2, 5).Draw(t, "settle day"))))
			}
			w.trade.set(byShop, order(i), list...)
		}
		for u, list := range days {
			w.platform.set(u, list...)
		}
		s := w.run(pipeline.ExitDone, lookback(3), tradeInFlight(rapid.IntRange(1, 8).Draw(t, "in flight")))
		found := make(map[string]bool)
		for _, query := range w.trade.made() {
			for _, one := range w.trade.answers[query] {
				found[strings.Split(one, `"`)[3]] = true
			}
		}
		checkDays(t, w, len(found), billed, refunded)
		before := snapshot(w, day-3, day)
		w.lake.partitions = make(map[shelfPlace]*shelved)
		again := w.run(pipeline.ExitDone, lookback(3), replay)
		if diff := cmp.Diff(before, snapshot(w, day-3, day)); diff != "" || cmp.Diff(s.Verdicts, again.Verdicts) != "" {
			t.Fatalf("replayed (-run +replay):\n%s\n%v, %v", diff, s.Verdicts, again.Verdicts)
		}
	})
}

// checkDays adds up what is published of four days.
func checkDays(t *rapid.T, w *world, settled int, billed, refunded int64) {
	seen := make(map[string]bool)
	for _, line := range w.settlements(day-3, day) {
		_, id, _ := strings.Cut(line, " ")
		if seen[id] {
			t.Fatalf("settlement %s is there twice: %q", id, w.settlements(day-3, day))
		}
		seen[id] = true
	}
	var bills, inGroups, rows int64
	for d := day - 3; d <= day; d++ {
		bills += int64(len(w.lake.bills(d)))
		for _, p := range w.lake.of(d) {
			for _, r := range p.reconciliation {
				inGroups, rows = inGroups+r.BillRows, rows+r.SettlementRows
				billed, refunded = billed-int64(r.Billed[schema.LegTotal].V), refunded-int64(r.Refund.V)-int64(r.Other.V)
			}
		}
	}
	if len(seen) != settled || rows != int64(settled) || bills != inGroups || billed != 0 || refunded != 0 {
		t.Fatalf("%d settlements are found, %d published, %d in groups; %d bills, %d in groups; %d fen are missing, and %d of refunds",
			settled, len(seen), rows, bills, inGroups, billed, refunded)
	}
}

// snapshot is all that is published of the days but bills.
func snapshot(w *world, first, last schema.Day) (all []any) {
	for d := first; d <= last; d++ {
		for _, p := range w.lake.of(d) {
			all = append(all, p.reconciliation, p.settlements, p.exceptions)
		}
	}
	return all
}
