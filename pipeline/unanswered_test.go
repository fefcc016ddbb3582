package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// TestUnanswered: an order whose query fails is pending, and named; the bills
// are published all the same, and the next run queries it alone.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body string
		err  error
		want schema.Failure
	}{
		"refused": {"", refuse(2191000, schema.ReachUnit), schema.Failure{
			Code: 2191000, LogID: "refused-2191000", Reason: "settle query: 1 of 4 orders have no answer: the platform says 2191000"}},
		"no data": {`{"extra":{"error_code":0}}`, nil, schema.Failure{
			Error: schema.CodeFailed, LogID: "log-B", Reason: "settle query: 1 of 4 orders have no answer: answer has no data: nothing found is an empty list"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
				w.set(store, sale(store.ID, "1", "A", "a", 10), sale(store.ID, "2", "B", "b", 20), sale(store.ID, "3", "C", "", 30), sale(store.ID, "4", "", "d", 40))
				w.trade.set(byExt, "a", settlement("s1", schema.StatusSuccess, 10, day))
				w.trade.set(byExt, "b", settlement("s2", schema.StatusSuccess, 20, day))
				w.trade.strike = func(q schema.Query) (string, error) {
					if q.Value == "B" {
						return row.body, row.err
					}
					return "", nil
				}
				s := w.run(pipeline.ExitIncomplete)
				row.want.Account, row.want.Day, row.want.Reach = store.ID, day, schema.ReachUnit
				if diff := cmp.Diff([]schema.Failure{row.want}, s.Failures); diff != "" {
					t.Errorf("failures (-want +got):\n%s", diff)
				}
				want := []string{
					"20 store A matched/order 1:1 10/10/0", "20 store B pending not_asked 1:0 20/_/_",
					"20 store C bill_only 1:0 30/_/_", "20 store ext:d bill_only 1:0 40/_/_",
				}
				if diff := cmp.Diff(want, w.verdicts(day, day)); diff != "" {
					t.Errorf("verdicts (-want +got):\n%s", diff)
				}
				if len(w.published(store)) != 4 || s.Settling.Unanswered != 1 || s.Settling.Answered != 3 || s.Units.Complete != 1 {
					t.Errorf("%d bills, %+v, %+v", len(w.published(store)), s.Settling, s.Units)
				}

				w.trade.strike = nil
				w.trade.made()
				time.Sleep(time.Hour)
				s = w.run(pipeline.ExitDone)
				if diff := cmp.Diff([]string{"out_order_no b"}, w.trade.made()); diff != "" {
					t.Errorf("the next run (-want +queried):\n%s", diff)
				}
				want[1] = "20 store B matched/order 1:1 20/20/0"
				if diff := cmp.Diff(want, w.verdicts(day, day)); diff != "" || s.Settling.Unanswered != 0 {
					t.Errorf("verdicts of the next run (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestUnansweredAgain: an answer from before an order's new bill does not say
// that the bill was queried for.
func TestUnansweredAgain(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.platform.set(at(store, day-1), sale(store.ID, "1", "K", "", 40))
		w.platform.set(at(store, day), sale(store.ID, "2", "K", "", 60))
		w.run(pipeline.ExitDone, on(day-1))
		time.Sleep(24 * time.Hour)
		w.trade.strike = func(schema.Query) (string, error) { return "", refuse(2191000, schema.ReachUnit) }
		w.run(pipeline.ExitIncomplete, lookback(1))
		want := []string{"19 store K bill_only 1:0 40/_/_", "20 store K pending not_asked 1:0 60/_/_"}
		if diff := cmp.Diff(want, w.verdicts(day-1, day)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestTradeReach: a failure of the app or of today's quota ends the asking for all
// units; of an account, for that one. Units with nothing to query have no failure.
func TestTradeReach(t *testing.T) {
	t.Parallel()
	for reach, row := range map[schema.Reach]struct {
		exit   int
		asked  int
		failed []schema.Unit
	}{
		schema.ReachApp:     {pipeline.ExitIncomplete, 1, []schema.Unit{at(kiosk, day-1), at(store, day-1), at(kiosk, day), at(store, day)}},
		schema.ReachToday:   {pipeline.ExitStopped, 1, []schema.Unit{at(kiosk, day-1), at(store, day-1), at(kiosk, day), at(store, day)}},
		schema.ReachAccount: {pipeline.ExitIncomplete, 1 + 2*100, []schema.Unit{at(store, day-1), at(store, day)}},
	} {
		t.Run(string(reach), func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store, kiosk, mobile}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				for d := day - 1; d <= day; d++ {
					for i, a := range []schema.Account{store, kiosk} {
						var list []string
						for n := range 100 {
							o := 1000*i + 500*int(day-d) + n
							list = append(list, sale(a.ID, fmt.Sprint(o), order(o), "", 10))
						}
						w.platform.set(at(a, d), list...)
					}
					w.platform.set(at(mobile, d), sale(mobile.ID, "1", "", "unasked", 10))
				}
				w.trade.strike = func(q schema.Query) (string, error) {
					if reach != schema.ReachAccount || q.Value < order(1000) {
						return "", refuse(28001003, reach)
					}
					return "", nil
				}
				s := w.run(row.exit, lookback(1), tradeInFlight(1))
				if made := len(w.trade.made()); made != row.asked {
					t.Errorf("%d calls, want %d", made, row.asked)
				}
				var failed []schema.Unit
				for _, f := range s.Failures {
					failed = append(failed, schema.Unit{Account: schema.Account{ID: f.Account}, Day: f.Day})
					if f.Code != 28001003 || f.LogID == "" || f.Reach != reach || f.Reason != "settle query: 100 of 100 orders have no answer: the platform says 28001003" {
						t.Errorf("failure %+v", f)
					}
				}
				if diff := cmp.Diff(row.failed, failed, cmp.Transformer("id", func(a schema.Account) schema.AccountID { return a.ID })); diff != "" {
					t.Errorf("failed units (-want +got):\n%s", diff)
				}
				if len(w.lake.bills(day)) != 201 || len(w.lake.bills(day-1)) != 201 {
					t.Errorf("%d and %d bills are published", len(w.lake.bills(day)), len(w.lake.bills(day-1)))
				}
			})
		})
	}
}

// TestTradeDeadline: when the time is up, and the grace for what is in flight, what was answered is archived and
// published; running again queries the rest.
func TestTradeDeadline(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store, mobile}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.trade.latency = time.Second
		w.set(store, sales(store.ID, 200)...)
		w.set(mobile, sale(mobile.ID, "1", "", "unasked", 10))
		s := w.run(pipeline.ExitStopped, tradeInFlight(1), deadline(100*time.Second))
		want := schema.Failure{Account: store.ID, Day: day, Reach: schema.ReachToday, Error: schema.CodeDeadline, Reason: "settle query: 88 of 200 orders have no answer: the deadline has come; run again to go on"}
		if diff := cmp.Diff([]schema.Failure{want}, s.Failures); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if v := s.Verdicts; v[schema.BillOnly] != 112 || v[schema.Pending] != 88 {
			t.Errorf("%v", v)
		}
		w.run(pipeline.ExitDone)
		checkEachOnce(t, w.trade.made(), 200)
	})
}

// checkEachOnce checks that n different queries were made, each once.
func checkEachOnce(t *testing.T, made []string, n int) {
	t.Helper()
	if len(slices.Compact(slices.Clone(made))) != n || len(made) != n {
		t.Errorf("got %d queries, %d of them different, want %d", len(made), len(slices.Compact(slices.Clone(made))), n)
	}
}

// TestTradeInterrupted: what was answered before a signal is archived, and the
// next run does not query it.
func TestTradeInterrupted(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 40, 64, 65, 100, 150} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				w.trade.latency = time.Second
				w.set(store, sales(store.ID, 150)...)
				ctx, cancel := context.WithCancelCause(t.Context())
				calls := 0
				w.trade.strike = func(schema.Query) (string, error) {
					if calls++; calls == n {
						cancel(signal(143))
					}
					return "", nil
				}
				began := time.Now()
				s, err := w.do(ctx, tradeInFlight(2))
				if s.ExitCode != 143 || len(s.Failures) != 0 || time.Since(began) > time.Duration(n/2)*time.Second+20*time.Second {
					t.Errorf("exit %d (%v) after %s, failures %+v", s.ExitCode, err, time.Since(began), s.Failures)
				}
				if first := calls; first > n+2*13 {
					t.Errorf("%d calls after the signal", first-n)
				}
				w.run(pipeline.ExitDone)
				checkEachOnce(t, w.trade.made(), 150)
				if got := w.entry(store); got.Open != 150 || len(w.published(store)) != 150 {
					t.Errorf("%d bills, %d groups are open", len(w.published(store)), got.Open)
				}
			})
		})
	}
}

// TestTradeHangs: a trade system that does not answer does not hold up the end.
func TestTradeHangs(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.trade.latency = time.Hour
		w.set(store, sales(store.ID, 150)...)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(signal(143)) })
		began := time.Now()
		if s, _ := w.do(ctx); s.ExitCode != 143 || time.Since(began) > 80*time.Second {
			t.Errorf("exit %d after %s", s.ExitCode, time.Since(began))
		}
	})
}

// TestAnswersCannotBeArchived: what is not durable is an error, and does not count.
func TestAnswersCannotBeArchived(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{"the answers": ".jsonl.zst", "that all are there": ".json"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				w.set(store, sale(store.ID, "1", "K", "", 10))
				full := errors.New("the disk is full")
				w.store.Fault = func(op objecttest.Op, key string) (bool, error) {
					if op == objecttest.OpPut && strings.HasPrefix(key, "archive/settlements/") && strings.HasSuffix(key, part) {
						return false, full
					}
					return false, nil
				}
				if s, err := w.do(t.Context()); s.ExitCode != pipeline.ExitFailed || !errors.Is(err, full) || len(w.published(store)) != 1 {
					t.Errorf("exit %d, %v; %d bills", s.ExitCode, err, len(w.published(store)))
				}
				want := map[string]string{".jsonl.zst": "pending not_asked", ".json": "bill_only"}[part]
				if diff := cmp.Diff([]string{"20 store K " + want + " 1:0 10/_/_"}, w.verdicts(day, day)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				w.store.Fault = nil
				w.run(pipeline.ExitDone)
				if diff := cmp.Diff([]string{"20 store K bill_only 1:0 10/_/_"}, w.verdicts(day, day)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}
