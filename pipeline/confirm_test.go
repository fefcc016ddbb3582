package pipeline_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// The ids of settlements.
var (
	bySettle    = schema.Match{Parameter: "settle_id"}
	byOutSettle = schema.Match{Parameter: "out_settle_no"}
)

// receiveOld files a callback of 担保支付 that has the developer's id only.
func (w *world) receiveOld(cpSettleNo, order string, fen int64, event schema.Day) {
	w.t.Helper()
	w.received++
	at := event.Start().Add(20 * time.Hour)
	msg := fmt.Sprintf(`{"appid":"tt1","status":"SUCCESS","order_id":%q,"cp_settle_no":%q,"settle_amount":%d,"rake":0,"commission":0,"settle_detail":"商户号68882720803499563550-分成金额(分)%d","settled_at":%d}`,
		order, cpSettleNo, fen, fen, at.Unix())
	c := schema.Callback{App: "trade", Scheme: schema.SignedLegacy, ReceivedAt: at.Add(time.Second), LogID: fmt.Sprint("log-", w.received), Body: fmt.Appendf(nil, `{"type":"settle","msg":%q}`, msg)}
	line, err := w.archive.EncodeCallback(c)
	if err == nil {
		err = w.archive.AppendCallbacks(w.t.Context(), event, fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69%05d", w.received), line)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// ofDeveloper gives a settlement the developer's id.
func ofDeveloper(outSettleNo, settlement string) string {
	return fmt.Sprintf(`{"out_settle_no":%q,`, outSettleNo) + settlement[1:]
}

// TestConfirmed: an unmatched settlement is queried by its own ids, until the answer is
// final; a replay has the same tables without a call.
func TestConfirmed(t *testing.T) {
	t.Parallel()
	of := func(settle, item string, fen int64, event schema.Day) callback {
		return callback{settle, "L", item, schema.StatusSuccess, fen, event, 0}
	}
	says := func(id string, status schema.Status, fen int64) string {
		return ofOrder("L", settlement(id, status, fen, day))
	}
	for name, row := range map[string]struct {
		receive                func(w *world)
		settle, outSettle      map[string][]string // what the query knows
		queried, again         []string            // on the first night, and on the second
		sources, groups, rules []string
		count                  pipeline.Confirming
	}{
		"confirmed": {
			receive: func(w *world) { w.receive(of("s1", "", 60, day)) },
			settle:  map[string][]string{"s1": {says("s1", schema.StatusSuccess, 60)}},
			queried: []string{"settle_id s1"},
			sources: []string{"20 s1/ both"}, groups: []string{"20  L settlement_only 0:1 _/60/_"},
			count: pipeline.Confirming{Answered: 1, Confirmed: 1},
		},
		"with its item": {
			receive: func(w *world) { w.receive(of("s1", "I", 60, day)) },
			settle:  map[string][]string{"s1": {says("s1", schema.StatusSuccess, 60)}},
			queried: []string{"settle_id s1"},
			sources: []string{"20 s1/I both"}, groups: []string{"20  L/I settlement_only 0:1 _/60/_"},
			count: pipeline.Confirming{Answered: 1, Confirmed: 1},
		},
		"by the developer's id alone": {
			receive:   func(w *world) { w.receiveOld("c1", "L", 60, day) },
			outSettle: map[string][]string{"c1": {ofDeveloper("c1", says("s1", schema.StatusSuccess, 60))}},
			queried:   []string{"out_settle_no c1", "settle_id c1"},
			sources:   []string{"20 s1/ both"}, groups: []string{"20  L settlement_only 0:1 _/60/_"},
			count: pipeline.Confirming{Answered: 1, Confirmed: 1},
		},
		"under two ids": {
			receive:   func(w *world) { w.receiveOld("c1", "L", 60, day); w.receive(of("s1", "", 60, day)) },
			settle:    map[string][]string{"s1": {ofDeveloper("c1", says("s1", schema.StatusSuccess, 60))}},
			outSettle: map[string][]string{"c1": {ofDeveloper("c1", says("s1", schema.StatusSuccess, 60))}},
			queried:   []string{"out_settle_no c1", "settle_id c1", "settle_id s1"},
			sources:   []string{"20 s1/ both"}, groups: []string{"20  L settlement_only 0:1 _/60/_"},
			count: pipeline.Confirming{Answered: 2, Confirmed: 2},
		},
		"contradicted": {
			receive: func(w *world) { w.receive(of("s1", "", 60, day)) },
			settle:  map[string][]string{"s1": {says("s1", schema.StatusSuccess, 70)}},
			queried: []string{"settle_id s1"},
			sources: []string{"20 s1/ both"}, groups: []string{"20  L settlement_only 0:1 _/70/_"}, rules: []string{"callback_contradicts s1 "},
			count: pipeline.Confirming{Answered: 1, Confirmed: 1},
		},
		"not known to the query": {
			receive: func(w *world) { w.receive(of("s1", "", 60, day)); w.receiveOld("c1", "M", 5, day) },
			queried: []string{"out_settle_no c1", "settle_id c1", "settle_id s1"}, again: []string{"out_settle_no c1", "settle_id c1", "settle_id s1"},
			sources: []string{"20 c1/ callback", "20 s1/ callback"}, groups: []string{"20  L settlement_only 0:1 _/60/_", "20  M settlement_only 0:1 _/5/_"},
			rules: []string{"callback_unconfirmed c1 ", "callback_unconfirmed s1 "},
			count: pipeline.Confirming{Answered: 2},
		},
		"under way, says the query": {
			receive: func(w *world) { w.receive(of("s1", "", 60, day)) },
			settle:  map[string][]string{"s1": {says("s1", schema.StatusProcessing, 60)}},
			queried: []string{"settle_id s1"}, again: []string{"settle_id s1"},
			sources: []string{"20 s1/ both"}, groups: []string{"20  L settlement_only 0:1 _/_/_"}, rules: []string{"callback_contradicts s1 "},
			count: pipeline.Confirming{Answered: 1, Confirmed: 1},
		},
		"another settlement is answered": {
			receive: func(w *world) { w.receive(of("s1", "", 60, day)) },
			settle:  map[string][]string{"s1": {says("s2", schema.StatusSuccess, 60)}},
			queried: []string{"settle_id s1"},
			sources: []string{"20 s1/ callback"}, groups: []string{"20  L settlement_only 0:1 _/60/_"}, rules: []string{"settlement_foreign s2 L"},
			count: pipeline.Confirming{Answered: 1},
		},
		"parts of one settlement": {
			receive: func(w *world) { w.receive(of("s1", "I", 60, day), of("s1", "J", 40, day)) },
			settle:  map[string][]string{"s1": {says("s1", schema.StatusSuccess, 100)}},
			queried: []string{"settle_id s1"},
			sources: []string{"20 s1/I both", "20 s1/J both"}, groups: []string{"20  L/I settlement_only 0:1 _/60/_", "20  L/J settlement_only 0:1 _/40/_"},
			count: pipeline.Confirming{Answered: 1, Confirmed: 1},
		},
		"parts on two days": {
			receive: func(w *world) { w.receive(of("s1", "I", 60, day), of("s1", "J", 40, day-1)) },
			settle:  map[string][]string{"s1": {says("s1", schema.StatusSuccess, 100)}},
			queried: []string{"settle_id s1"},
			sources: []string{"19 s1/J both", "20 s1/I both"}, groups: []string{"19  L/J settlement_only 0:1 _/40/_", "20  L/I settlement_only 0:1 _/60/_"},
			count: pipeline.Confirming{Answered: 1, Confirmed: 1},
		},
		"no parts of the whole, on two days": {
			receive: func(w *world) { w.receive(of("s1", "I", 60, day), of("s1", "J", 40, day-1)) },
			settle:  map[string][]string{"s1": {says("s1", schema.StatusSuccess, 90)}},
			queried: []string{"settle_id s1"},
			sources: []string{"19 s1/J callback", "20 s1/I callback"}, groups: []string{"19  L/J settlement_only 0:1 _/40/_", "20  L/I settlement_only 0:1 _/60/_"},
			count: pipeline.Confirming{Answered: 1, Confirmed: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				time.Sleep(time.Until(day.Start().Add(27 * time.Hour)))
				w.buckets = 16
				row.receive(w)
				for id, list := range row.settle {
					w.trade.set(bySettle, id, list...)
				}
				for id, list := range row.outSettle {
					w.trade.set(byOutSettle, id, list...)
				}
				check := func(what string, queried []string) {
					t.Helper()
					rules := exceptionLines(w, day)
					slices.Sort(rules)
					for _, d := range []string{
						cmp.Diff(queried, w.trade.made()), cmp.Diff(row.sources, w.sources(day-1, day)), cmp.Diff(row.groups, reasonless(w.verdicts(day-1, day))), cmp.Diff(row.rules, rules),
					} {
						if d != "" {
							t.Errorf("%s (-want +got)\n%s", what, d)
						}
					}
				}
				s := w.run(pipeline.ExitDone, lookback(3))
				check("the first night", row.queried)
				row.count.Asked = int64(len(row.queried))
				if got := s.Settling.SettlementOnly; got != row.count || s.Settling.Asked != int64(len(row.queried)) {
					t.Errorf("got %+v, %d queries, want %+v, %d", got, s.Settling.Asked, row.count, len(row.queried))
				}
				time.Sleep(24 * time.Hour)
				w.run(pipeline.ExitDone, lookback(3))
				check("the second night", row.again)
				w.run(pipeline.ExitDone, lookback(3))
				if made := w.trade.made(); len(made) > 0 && name != "under way, says the query" {
					t.Errorf("after the lookback: got queries %q, want none", made)
				}
				w.lake.partitions = make(map[shelfPlace]*shelved)
				w.run(pipeline.ExitDone, lookback(3), replay)
				check("replayed", nil)
			})
		})
	}
}

// TestConfirmedLater: a settlement that has no answer is queried on the next night;
// one that is confirmed moves to its bill all the same, when that comes.
func TestConfirmedLater(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		time.Sleep(time.Until(day.Start().Add(27 * time.Hour)))
		w.buckets = 16
		w.platform.set(at(store, day+1), sale(store.ID, "2", "L", "", 60))
		w.receive(callback{"s1", "L", "", schema.StatusSuccess, 60, day, 0})
		w.trade.set(bySettle, "s1", ofOrder("L", settlement("s1", schema.StatusSuccess, 60, day)))
		w.trade.strike = func(schema.Query) (string, error) { return "", errors.New("the line is cut") }
		s := w.run(pipeline.ExitIncomplete)
		if len(s.Failures) != 1 || s.Failures[0].Reason != "settle query: 1 of 1 settlements of callbacks alone have no answer: the line is cut" || s.Settling.SettlementOnly != (pipeline.Confirming{Asked: 1, Unanswered: 1}) {
			t.Errorf("%+v, %+v", s.Failures, s.Settling)
		}
		w.trade.strike = nil
		w.run(pipeline.ExitDone)
		if diff := cmp.Diff([]string{"20 s1/ both"}, w.sources(day, day+1)); diff != "" {
			t.Errorf("without the bill (-want +got)\n%s", diff)
		}
		w.trade.made()
		time.Sleep(24 * time.Hour)
		w.run(pipeline.ExitDone, on(day+1), lookback(3))
		if diff := cmp.Diff([]string{"21 store L matched/order 1:1 60/60/0"}, w.verdicts(day, day+1)); diff != "" {
			t.Errorf("with the bill (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff([]string{"21 s1/ callback order_id: shop_order_id"}, w.sources(day, day+1)); diff != "" {
			t.Errorf("with the bill (-want +got)\n%s", diff)
		}
		if made := w.trade.made(); len(made) > 0 {
			t.Errorf("got queries %q, want none: callbacks cover the order", made)
		}
	})
}

// TestConfirmedAnew: where a callback comes after the answer, and says otherwise, the
// settlement is queried again.
func TestConfirmedAnew(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		time.Sleep(time.Until(day.Start().Add(27 * time.Hour)))
		w.buckets = 16
		w.receive(callback{"s1", "L", "", schema.StatusFail, 60, day, 0})
		w.trade.set(bySettle, "s1", ofOrder("L", settlement("s1", schema.StatusFail, 60, day)))
		w.run(pipeline.ExitDone)
		time.Sleep(24 * time.Hour)
		w.run(pipeline.ExitDone, lookback(3))
		if diff := cmp.Diff([]string{"settle_id s1"}, w.trade.made()); diff != "" {
			t.Errorf("a failure is queried once (-want +got)\n%s", diff)
		}
		w.receive(callback{"s1", "L", "", schema.StatusSuccess, 60, day + 1, 0})
		w.trade.set(bySettle, "s1", ofOrder("L", settlement("s1", schema.StatusSuccess, 60, day)))
		w.run(pipeline.ExitDone, on(day+1), lookback(3))
		if diff := cmp.Diff([]string{"settle_id s1"}, w.trade.made()); diff != "" {
			t.Errorf("queries (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff([]string{"21  L settlement_only 0:1 _/60/_"}, reasonless(w.verdicts(day, day+1))); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestOldCallbackOfAnOrder: a callback that has the developer's id only is of the
// settlement that the query has under another id, and does not count twice.
func TestOldCallbackOfAnOrder(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		time.Sleep(time.Until(day.Start().Add(27 * time.Hour)))
		w.set(store, sale(store.ID, "1", "K", "", 100))
		w.receiveOld("c1", "K", 60, day)
		w.trade.set(byShop, "K", ofDeveloper("c1", ofOrder("K", settlement("s1", schema.StatusSuccess, 60, day))), ofOrder("K", settlement("s2", schema.StatusSuccess, 40, day)))
		for _, how := range []func(*pipeline.Run){lookback(3), replay} {
			w.run(pipeline.ExitDone, how)
			if diff := cmp.Diff([]string{"20 s1/ both order_id: shop_order_id", "20 s2/ query order_id: shop_order_id"}, w.sources(day, day)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff([]string{"20 store K matched/order 1:2 100/100/0"}, w.verdicts(day, day)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		}
	})
}

// reasonless leaves out why a group is settlement_only: that is always the same.
func reasonless(verdicts []string) []string {
	for i, line := range verdicts {
		verdicts[i] = strings.Replace(line, " settlement_unexplained ", " ", 1)
	}
	return verdicts
}
