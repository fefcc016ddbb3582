package pipeline_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// TestReplayVerdicts: a replay gives the verdicts that the run gave: of orders that
// a silent rule left out, and of those that have no answer, too.
func TestReplayVerdicts(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		refused string // order
		later   func(*pipeline.Run)
	}{
		"silent rule": {"", replay},
		"silent rule, the account renamed": {"", func(r *pipeline.Run) {
			replay(r)
			r.Accounts = []schema.Account{{ID: store.ID, Name: "renamed"}}
		}},
		"an order without an answer": {order(0), replay},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
				w.set(store, sales(store.ID, 600)...)
				for i := range 600 {
					if i%4 == 1 {
						w.trade.set(byExt, ext(i), settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day))
					}
				}
				w.trade.strike = func(q schema.Query) (string, error) {
					if q.Value == row.refused {
						return "", refuse(2191000, schema.ReachUnit)
					}
					return "", nil
				}
				exit := pipeline.ExitDone
				if row.refused != "" {
					exit = pipeline.ExitIncomplete
				}
				s := w.run(exit)
				if v := s.Verdicts; v[schema.Pending] < 20 || v[schema.BillOnly] < 20 || v[schema.Matched] != 150 {
					t.Errorf("the rule did not go silent: %v", v)
				}
				w.trade.made()
				before := snapshot(w, day, day)
				for _, emptied := range []bool{false, true} {
					if emptied {
						w.lake.partitions = make(map[shelfPlace]*shelved)
					}
					w.run(pipeline.ExitDone, row.later)
					if diff := cmp.Diff(before, snapshot(w, day, day)); diff != "" {
						t.Errorf("emptied %t, replayed (-run +replay):\n%.2000s", emptied, diff)
					}
				}
				if made := w.trade.made(); len(made) != 0 {
					t.Errorf("a replay: got queries %q, want none", made)
				}
			})
		})
	}
}

// TestRenamedAccount: a young walk is gone on with under the account's new name,
// and the pass over its orders is known under either.
func TestRenamedAccount(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		w.set(store, sales(store.ID, 400)...)
		w.trade.strike = func(schema.Query) (string, error) { return "", refuse(28001003, schema.ReachApp) }
		w.run(pipeline.ExitIncomplete)
		w.trade.strike = nil
		w.accounts = []schema.Account{{ID: store.ID, Name: "renamed"}}
		w.platform.made()
		s := w.run(pipeline.ExitDone)
		if calls := len(w.platform.made()); calls != 0 || s.Verdicts[schema.BillOnly] != 400 {
			t.Errorf("%d calls, %v", calls, s.Verdicts)
		}
	})
}

// TestDamagedSettlements: where answers in the archive cannot be read any more, a
// run queries their orders again; a replay, which cannot, leaves all days
// whose verdicts depend on them as they are published, and says so.
func TestDamagedSettlements(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{"rubbish": "rubbish", "emptied": "", "cut short": "cut", "no JSON any more": "unquoted"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				for d := day - 4; d <= day; d++ {
					id := fmt.Sprint(int(day - d))
					w.platform.set(at(store, d), sale(store.ID, "1", id, "", 10))
					w.trade.set(byShop, id, settlement("s"+id, schema.StatusSuccess, 10, d))
				}
				w.run(pipeline.ExitDone, lookback(4))
				damageSettlements(t, w, day-4, data)
				before := snapshot(w, day-4, day)
				s, err := w.do(t.Context(), lookback(4), replay)
				// The newest day is 4 days off, and does not look at it.
				if s.ExitCode != pipeline.ExitFailed || err == nil || strings.Count(err.Error(), "archive/settlements/bill_date=2026-11-16/") < 4 || len(s.Partitions) != 1 {
					t.Errorf("exit %d, %d partitions, %v", s.ExitCode, len(s.Partitions), err)
				}
				if diff := cmp.Diff(before, snapshot(w, day-4, day)); diff != "" {
					t.Errorf("after the replay (-before +after):\n%s", diff)
				}
				w.trade.made()
				time.Sleep(time.Hour)
				var log strings.Builder
				w.run(pipeline.ExitDone, lookback(4), func(r *pipeline.Run) { r.Log = slog.New(slog.NewTextHandler(&log, nil)) })
				if diff := cmp.Diff([]string{"order_id 4"}, w.trade.made()); diff != "" || strings.Count(log.String(), "their orders are queried again") != 1 {
					t.Errorf("the next run (-want +queried):\n%s; it logs:\n%s", diff, log.String())
				}
				if diff := cmp.Diff("16 store 4 matched/order 1:1 10/10/0", w.verdicts(day-4, day)[0]); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// damageSettlements damages the batch of answers that is filed under the day.
func damageSettlements(t *testing.T, w *world, d schema.Day, data string) {
	t.Helper()
	key := ""
	for info, err := range w.store.List(t.Context(), "archive/settlements/bill_date="+d.String()) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(info.Key, ".zst") {
			key = info.Key
		}
	}
	whole, _, err := object.ReadAll(t.Context(), w.store, key)
	if err != nil {
		t.Fatal(err)
	}
	switch data {
	case "cut":
		data = string(whole[:len(whole)-5])
	case "unquoted":
		unpacker, _ := zstd.NewReader(nil)
		packer, _ := zstd.NewWriter(nil)
		lines, err := unpacker.DecodeAll(whole, nil)
		if err != nil {
			t.Fatal(err)
		}
		data = string(packer.EncodeAll(bytes.Replace(lines, []byte(`"settle_id"`), []byte(`settle_id`), 1), nil))
	}
	if _, err := w.store.Put(t.Context(), key, strings.NewReader(data), object.Always(), nil); err != nil {
		t.Fatal(err)
	}
}
