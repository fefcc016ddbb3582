package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// callback is what a callback says of a settlement.
type callback struct {
	settle, order, item string
	status              schema.Status
	fen                 int64
	event               schema.Day // in the evening
	received            time.Duration
}

// body is the callback as the platform posts it.
func (n callback) body() []byte {
	detail := fmt.Sprintf("商户号 68882720803499563550- 分成金额(分)%d", n.fen)
	if n.status != schema.StatusSuccess {
		detail = ""
	}
	msg := fmt.Sprintf(`{"app_id":"tt1","status":%q,"order_id":%q,"settle_id":%q,"item_order_id":%q,"settle_amount":%d,"rake":0,"commission":0,"settle_detail":%q,"event_time":%d,"message":"m","is_auto_settle":true}`,
		n.status, n.order, n.settle, n.item, n.fen, detail, n.event.Start().Add(20*time.Hour).UnixMilli())
	return fmt.Appendf(nil, `{"version":"2.0","type":"settle","msg":%q}`, msg)
}

// receive files callbacks, as the receiver does: received some time after the event.
func (w *world) receive(callbacks ...callback) {
	w.t.Helper()
	for _, n := range callbacks {
		w.received++
		at := n.event.Start().Add(20*time.Hour + time.Second + n.received)
		line, err := w.archive.EncodeCallback(schema.Callback{App: "trade", Scheme: schema.SignedRSA, ReceivedAt: at, LogID: fmt.Sprint("log-", w.received), Body: n.body()})
		if err == nil {
			err = w.archive.AppendCallbacks(w.t.Context(), schema.DayOf(at), fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69%05d", w.received), line)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// ofItem gives a bill its item.
func ofItem(item, bill string) string { return fmt.Sprintf(`{"item_order_id":%q,`, item) + bill[1:] }

// sources returns the settlements of some days: day in the month, settle_id, item,
// source and the rule that links it.
func (w *world) sources(first, last schema.Day) (lines []string) {
	for d := first; d <= last; d++ {
		for _, p := range w.lake.of(d) {
			for _, s := range p.settlements {
				lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s/%s %s %s", d.String()[8:], s.SettleID, s.ItemOrderID.V, s.Source, s.AskedBy.V)))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// TestCallbacks: callbacks save queries where they cover the order, and give the verdicts
// that the queries would have given.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	success := func(id string, fen int64) string { return settlement(id, schema.StatusSuccess, fen, day) }
	of := func(settle, order, item string, status schema.Status, fen int64) callback {
		return callback{settle, order, item, status, fen, day, 0}
	}
	for name, row := range map[string]struct {
		bills     []string
		answers   []string // for order K
		callbacks []callback
		queried   []string
		verdicts  []string
		sources   []string
		excepted  []string
	}{
		"all of it": {
			[]string{sale(store.ID, "1", "K", "X", 100)}, []string{success("s1", 100)},
			[]callback{of("s1", "K", "", schema.StatusSuccess, 100)}, nil,
			[]string{"20 store K matched/order 1:1 100/100/0"}, []string{"20 s1/ callback order_id: shop_order_id"}, nil,
		},
		"in two parts": {
			[]string{sale(store.ID, "1", "K", "", 100)}, nil,
			[]callback{of("s1", "K", "", schema.StatusSuccess, 60), of("s2", "K", "", schema.StatusSuccess, 40)}, nil,
			[]string{"20 store K matched/order 1:2 100/100/0"}, []string{"20 s1/ callback order_id: shop_order_id", "20 s2/ callback order_id: shop_order_id"}, nil,
		},
		"a part is lost: it is queried": {
			[]string{sale(store.ID, "1", "K", "", 100)}, []string{success("s1", 60), success("s2", 40)},
			[]callback{of("s1", "K", "", schema.StatusSuccess, 60)}, []string{"order_id K"},
			[]string{"20 store K matched/order 1:2 100/100/0"}, []string{"20 s1/ both order_id: shop_order_id", "20 s2/ query order_id: shop_order_id"}, nil,
		},
		"a failure is queried": {
			[]string{sale(store.ID, "1", "K", "", 100)}, []string{settlement("s1", schema.StatusFail, 100, day), success("s2", 100)},
			[]callback{of("s1", "K", "", schema.StatusFail, 100)}, []string{"order_id K"},
			[]string{"20 store K matched/order 1:2 100/100/0"}, []string{"20 s1/ both order_id: shop_order_id", "20 s2/ query order_id: shop_order_id"}, nil,
		},
		"more than all of it, not queried": {
			[]string{sale(store.ID, "1", "K", "", 100)}, nil,
			[]callback{of("s1", "K", "", schema.StatusSuccess, 101)}, nil,
			[]string{"20 store K mismatched partly_billed total_differs net_differs 1:1 100/101/1"}, []string{"20 s1/ callback order_id: shop_order_id"}, nil,
		},
		"the query does not know it": {
			[]string{sale(store.ID, "1", "K", "", 100)}, nil,
			[]callback{of("s1", "K", "", schema.StatusSuccess, 60)}, []string{"order_id K"},
			[]string{"20 store K mismatched total_differs net_differs 1:1 100/60/-40"}, []string{"20 s1/ callback order_id: shop_order_id"}, []string{"callback_unconfirmed s1 K"},
		},
		"the query says otherwise, and wins": {
			[]string{sale(store.ID, "1", "K", "", 100)}, []string{success("s1", 100)},
			[]callback{of("s1", "K", "", schema.StatusSuccess, 60)}, []string{"order_id K"},
			[]string{"20 store K matched/order 1:1 100/100/0"}, []string{"20 s1/ both order_id: shop_order_id"}, []string{"callback_contradicts s1 K"},
		},
		"by the item, and by the order of that": {
			[]string{ofItem("I1", sale(store.ID, "1", "", "X", 60)), ofItem("I2", sale(store.ID, "2", "", "X", 40))}, nil,
			[]callback{of("s1", "T", "I1", schema.StatusSuccess, 60), of("s2", "T", "", schema.StatusSuccess, 40)}, nil,
			[]string{"20 store ext:X matched/order 1:1 40/40/0", "20 store ext:X/I1 matched/item 1:1 60/60/0"},
			[]string{"20 s1/I1 callback item_order_id: item_order_id", "20 s2/ callback order_id: settlement"}, nil,
		},
		"items of one settlement": {
			[]string{ofItem("I1", sale(store.ID, "1", "K", "", 60)), ofItem("I2", sale(store.ID, "2", "K", "", 40))}, nil,
			[]callback{of("s1", "K", "I2", schema.StatusSuccess, 40), of("s1", "K", "I1", schema.StatusSuccess, 60)}, nil,
			[]string{"20 store K/I1 matched/item 1:1 60/60/0", "20 store K/I2 matched/item 1:1 40/40/0"},
			[]string{"20 s1/I1 callback order_id: shop_order_id", "20 s1/I2 callback order_id: shop_order_id"}, nil,
		},
		"unmatched": {
			[]string{sale(store.ID, "1", "K", "", 100)}, nil,
			[]callback{of("s1", "L", "", schema.StatusSuccess, 60), of("s2", "L", "", schema.StatusFail, 7), of("s3", "", "I9", schema.StatusSuccess, 5)}, []string{"order_id K", "settle_id s1", "settle_id s2", "settle_id s3"},
			[]string{"20  L settlement_only settlement_unexplained 0:2 _/60/_", "20  settlement:s3/I9 settlement_only settlement_unexplained 0:1 _/5/_", "20 store K bill_only 1:0 100/_/_"},
			[]string{"20 s1/ callback", "20 s2/ callback", "20 s3/I9 callback"}, []string{"callback_unconfirmed s1 ", "callback_unconfirmed s2 ", "callback_unconfirmed s3 "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
				time.Sleep(time.Until(day.Start().Add(27 * time.Hour))) // the night after
				w.buckets = 16                                          // unmatched settlements have a partition of their own
				w.set(store, row.bills...)
				w.trade.set(byShop, "K", row.answers...)
				w.receive(row.callbacks...)
				slices.Reverse(row.callbacks)
				w.receive(row.callbacks...) // again, in another order
				s := w.run(pipeline.ExitDone)
				if diff := cmp.Diff(row.queried, w.trade.made()); diff != "" {
					t.Errorf("queries (-want +got)\n%s", diff)
				}
				if saved := s.Settling.Saved.Callbacks; saved+s.Settling.Answered != 1 {
					t.Errorf("%d calls saved, %d made, of one order", saved, len(row.queried))
				}
				check := func(what string) {
					t.Helper()
					lines := exceptionLines(w, day)
					slices.Sort(lines)
					for _, d := range []string{
						cmp.Diff(row.verdicts, w.verdicts(day, day)), cmp.Diff(row.sources, w.sources(day, day)), cmp.Diff(row.excepted, lines),
					} {
						if d != "" {
							t.Errorf("%s (-want +got)\n%s", what, d)
						}
					}
				}
				check("run")
				w.lake.partitions = make(map[shelfPlace]*shelved)
				w.run(pipeline.ExitDone, replay)
				check("replay")
			})
		})
	}
}

// TestUnmatchedUntilTheBillComes: a settlement that is unmatched tonight moves to its
// bill's day when that comes, and is never on two days.
func TestUnmatchedUntilTheBillComes(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		time.Sleep(time.Until(day.Start().Add(27 * time.Hour)))
		w.buckets = 16
		w.set(store, sale(store.ID, "1", "K", "", 1))
		w.platform.set(at(store, day+1), sale(store.ID, "2", "L", "", 60))
		w.receive(callback{"s1", "L", "", schema.StatusSuccess, 60, day, 0})
		w.run(pipeline.ExitDone)
		if diff := cmp.Diff([]string{"20 s1/ callback"}, w.sources(day, day+1)); diff != "" {
			t.Errorf("without the bill (-want +got)\n%s", diff)
		}
		time.Sleep(24 * time.Hour)
		w.run(pipeline.ExitDone, on(day+1), lookback(3))
		want := []string{"20 store K bill_only 1:0 1/_/_", "21 store L matched/order 1:1 60/60/0"}
		if diff := cmp.Diff(want, w.verdicts(day, day+1)); diff != "" {
			t.Errorf("with the bill (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff([]string{"21 s1/ callback order_id: shop_order_id"}, w.sources(day, day+1)); diff != "" {
			t.Errorf("with the bill (-want +got)\n%s", diff)
		}
	})
}

// TestCallbackIsNews: a callback that comes after the query was answered replaces
// what was under way; where it contradicts what was final, the order is queried again.
func TestCallbackIsNews(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		time.Sleep(time.Until(day.Start().Add(27 * time.Hour)))
		w.set(store, sale(store.ID, "1", "K1", "", 100), sale(store.ID, "2", "K2", "", 100))
		w.trade.set(byShop, "K1", settlement("s1", schema.StatusProcessing, 100, day))
		w.trade.set(byShop, "K2", settlement("s2", schema.StatusSuccess, 90, day))
		w.run(pipeline.ExitDone)
		w.trade.made()
		time.Sleep(24 * time.Hour)
		w.receive(callback{"s1", "K1", "", schema.StatusSuccess, 100, day + 1, 0}, callback{"s2", "K2", "", schema.StatusSuccess, 100, day + 1, 0})
		w.trade.set(byShop, "K2", settlement("s2", schema.StatusSuccess, 100, day))
		s := w.run(pipeline.ExitDone, on(day+1), lookback(3))
		if diff := cmp.Diff([]string{"order_id K2"}, w.trade.made()); diff != "" {
			t.Errorf("queries (-want +got)\n%s", diff)
		}
		if s.Settling.Saved.Callbacks != 1 {
			t.Errorf("%+v", s.Settling)
		}
		want := []string{"20 store K1 matched/order 1:1 100/100/0", "20 store K2 matched/order 1:1 100/100/0"}
		if diff := cmp.Diff(want, w.verdicts(day, day+1)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestLateCallback: a callback that comes when its bills' day is not built any more is
// counted as late, until that day is replayed.
func TestLateCallback(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		time.Sleep(time.Until(day.Start().Add(27 * time.Hour)))
		w.set(store, sale(store.ID, "1", "K", "", 100))
		w.run(pipeline.ExitDone)
		time.Sleep(4 * 24 * time.Hour)
		late := callback{"s1", "K", "", schema.StatusSuccess, 100, day + 2, 25 * time.Hour}
		w.receive(late)
		s := w.run(pipeline.ExitDone, on(day+4), lookback(3))
		if s.Callbacks.Late != 1 || s.Verdicts[schema.SettlementOnly] != 0 {
			t.Errorf("got %+v, %v, want one late callback and none unmatched", s.Callbacks, s.Verdicts)
		}
		w.run(pipeline.ExitDone, on(day), replay)
		if diff := cmp.Diff([]string{"20 store K matched/order 1:1 100/100/0"}, w.verdicts(day, day)); diff != "" {
			t.Errorf("replayed (-want +got)\n%s", diff)
		}
		if s := w.run(pipeline.ExitDone, on(day+4), lookback(3)); s.Callbacks.Late != 0 {
			t.Errorf("got %+v, want none late: it is in the tables", s.Callbacks)
		}
	})
}

// TestEachCallbackOnce: whatever callbacks there are, of bills of any accounts,
// buckets and days of a window or of none, each settlement is on one day, in one
// group; their order and repetition make no difference.
func TestEachCallbackOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		accounts := []schema.Account{store, kiosk, mobile}
		buckets := rapid.SampledFrom([]int{1, 2, 8, 16}).Draw(t, "buckets")
		days := make(map[schema.Unit][]string)
		var callbacks []callback
		var billed int64
		answers := make(map[string][]string)
		for i := range rapid.IntRange(1, 5).Draw(t, "orders") {
			for n := range rapid.IntRange(0, 4).Draw(t, "bills") {
				u := at(rapid.SampledFrom(accounts).Draw(t, "account"), day-schema.Day(rapid.IntRange(0, 3).Draw(t, "day")))
				fen := rapid.Int64Range(0, 3).Draw(t, "fen")
				billed += fen
				bill := sale(u.Account.ID, fmt.Sprint(i, "-", n), rapid.SampledFrom([]string{order(i), ""}).Draw(t, "shop"), ext(i), fen)
				if item := rapid.IntRange(0, 2).Draw(t, "item"); item > 0 {
					bill = ofItem(fmt.Sprint("I", i, item), bill)
				}
				days[u] = append(days[u], bill)
			}
			for n := range rapid.IntRange(0, 3).Draw(t, "callbacks") {
				one := callback{
					fmt.Sprint("s", i, n), order(i), "", rapid.SampledFrom([]schema.Status{schema.StatusSuccess, schema.StatusSuccess, schema.StatusFail}).Draw(t, "status"),
					rapid.Int64Range(0, 6).Draw(t, "settled"), day - schema.Day(rapid.IntRange(0, 3).Draw(t, "event day")), time.Duration(rapid.IntRange(0, 40).Draw(t, "received")) * time.Hour,
				}
				if item := rapid.IntRange(0, 3).Draw(t, "item"); item > 0 {
					one.item = fmt.Sprint("I", i, item)
				}
				if rapid.IntRange(0, 4).Draw(t, "other order") == 0 {
					one.order = fmt.Sprint("T", i)
				}
				callbacks = append(callbacks, one)
				if rapid.Bool().Draw(t, "queried") {
					answers[order(i)] = append(answers[order(i)], ofOrder(order(i), settlement(one.settle, one.status, one.fen, one.event)))
				}
			}
		}
		var first []any
		for round := range 2 {
			w := newWorld(t, accounts...)
			w.withTrade(byShop, byExt)
			w.buckets = buckets
			for u, list := range days {
				w.platform.set(u, list...)
			}
			for o, list := range answers {
				w.trade.set(byShop, o, list...)
			}
			w.receive(callbacks...)
			w.run(pipeline.ExitDone, lookback(3))
			found := make(map[string]bool)
			for _, query := range w.trade.made() {
				for _, one := range w.trade.answers[query] {
					found[strings.Split(one, `"`)[7]] = true
				}
			}
			for _, n := range callbacks {
				found[n.settle] = true
			}
			checkDays(t, w, len(found), billed, 0)
			if round == 0 {
				first = timeless(w)
			} else if diff := cmp.Diff(first, timeless(w)); diff != "" {
				t.Fatalf("in another order, and repeated (-first +second)\n%s", diff)
			}
			callbacks = rapid.Permutation(slices.Concat(callbacks, callbacks)).Draw(t, "again")
		}
	})
}

// timeless is what is published, but for which of equal deliveries it is from.
func timeless(w *world) (all []any) {
	for d := day - 3; d <= day; d++ {
		for _, p := range w.lake.of(d) {
			settlements := slices.Clone(p.settlements)
			for i := range settlements {
				settlements[i].FetchedAt, settlements[i].LogID = time.Time{}, schema.Null[string]{}
			}
			slices.SortFunc(settlements, func(a, b schema.Settlement) int {
				return strings.Compare(a.SettleID+a.ItemOrderID.V, b.SettleID+b.ItemOrderID.V)
			})
			all = append(all, p.reconciliation, settlements)
		}
	}
	return all
}

// TestDamagedCallbacks: a run queries the orders whose callbacks it cannot read, and is
// incomplete; a replay is an error.
func TestDamagedCallbacks(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.set(store, sale(store.ID, "1", "K1", "", 100), sale(store.ID, "2", "K2", "", 50))
		w.trade.set(byShop, "K1", settlement("s1", schema.StatusSuccess, 100, day))
		w.receive(callback{"s1", "K1", "", schema.StatusSuccess, 100, day, 0}, callback{"s2", "K2", "", schema.StatusSuccess, 50, day, 0})
		key := fmt.Sprintf("archive/callbacks/received=%s/01ARZ3NDEKTSV4RRFFQ6900001.jsonl.zst", day)
		info, err := w.store.Head(t.Context(), key)
		if err == nil {
			_, err = w.store.Put(t.Context(), key, strings.NewReader("no callbacks"), object.IfMatch(info.ETag), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		s := w.run(pipeline.ExitIncomplete)
		if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Reason, key) || s.Failures[0].Hint == "" {
			t.Errorf("failures %+v", s.Failures)
		}
		if diff := cmp.Diff([]string{"order_id K1"}, w.trade.made()); diff != "" {
			t.Errorf("queries (-want +got)\n%s", diff)
		}
		if s.Verdicts[schema.Matched] != 2 {
			t.Errorf("%v", s.Verdicts)
		}
		if _, err := w.do(t.Context(), replay); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("replay: got error %v, want one that names %s", err, key)
		}
	})
}

// TestCallbacksWithoutLookback: settlements come days after their bills, also where
// no closed day is built again.
func TestCallbacksWithoutLookback(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.rules.Lookback = 0
		time.Sleep(time.Until(day.Start().Add(48 * time.Hour)))
		w.set(store, sale(store.ID, "1", "K", "", 100), sale(store.ID, "2", "L", "", 50))
		w.platform.set(at(store, day+1), sale(store.ID, "3", "M", "", 7))
		w.receive(callback{"s1", "K", "", schema.StatusSuccess, 100, day + 1, 0})
		if s := w.run(pipeline.ExitDone); s.Settling.Saved.Callbacks != 1 {
			t.Errorf("%+v", s.Settling)
		}
		w.receive(callback{"s2", "L", "", schema.StatusSuccess, 50, day + 1, 12 * time.Hour})
		time.Sleep(24 * time.Hour)
		if s := w.run(pipeline.ExitDone, on(day+1)); s.Verdicts[schema.SettlementOnly] != 0 || s.Callbacks.Late != 1 {
			t.Errorf("%v, %+v: want the second counted as late", s.Verdicts, s.Callbacks)
		}
		w.run(pipeline.ExitDone, on(day), replay)
		want := []string{"20 store K matched/order 1:1 100/100/0", "20 store L matched/order 1:1 50/50/0", "21 store M bill_only 1:0 7/_/_"}
		if diff := cmp.Diff(want, w.verdicts(day, day+1)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestCallbacksOfABackfill: days that are built side by side find each other's
// settlements, in whatever order they end.
func TestCallbacksOfABackfill(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.rules.Lookback = 0
		time.Sleep(time.Until(day.Start().Add(48 * time.Hour)))
		for d := day - 3; d <= day; d++ {
			w.platform.set(at(store, d), sale(store.ID, "1", fmt.Sprint("K", d), "", 100))
			w.receive(callback{fmt.Sprint("s", d), fmt.Sprint("K", d), "", schema.StatusSuccess, 100, d + 2, 0})
		}
		s := w.run(pipeline.ExitDone, func(r *pipeline.Run) { r.From = day - 3 })
		if s.Verdicts[schema.Matched] != 4 || len(s.Verdicts) != 1 || len(w.settlements(day-3, day)) != 4 {
			t.Errorf("%v, %q", s.Verdicts, w.settlements(day-3, day))
		}
	})
}
