package pipeline_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// shareIDs makes a world of some days whose orders share ids: the merchant's id is that of two or
// three orders, whose bills lie near and far apart, on one day and in several buckets. A settlement
// has the merchant's id, and that of one of the orders, or of none.
func shareIDs(w *world, seed uint64, days, orders int) *scattered {
	s := &scattered{world: w, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), first: day, last: day + schema.Day(days) - 1, settled: make(map[schema.Query][]lateSettlement), sharing: true}
	s.withTrade(byShop, byExt)
	s.rules.Lookback, s.buckets = s.random.IntN(4), 4
	bills := make(map[schema.Unit][]string)
	type group struct {
		keys []string
		on   []schema.Day
	}
	groups := make([]group, orders*2/5)
	for i := range orders {
		n := s.random.IntN(len(groups))
		g, key := &groups[n], fmt.Sprintf("K%03d", i)
		g.keys = append(g.keys, key)
		for b := range 1 + s.random.IntN(3) {
			u := at(s.accounts[s.random.IntN(len(s.accounts))], s.first+schema.Day(s.random.IntN(days)))
			g.on, bills[u] = append(g.on, u.Day), append(bills[u], sale(u.Account.ID, fmt.Sprintf("L%03d-%d", i, b), key, fmt.Sprintf("E%03d", n), int64(10*(1+s.random.IntN(3)))))
		}
	}
	for n, g := range groups {
		if len(g.keys) == 0 {
			continue
		}
		for i := range s.random.IntN(4) {
			status := []schema.Status{schema.StatusSuccess, schema.StatusSuccess, schema.StatusSuccess, schema.StatusProcessing, schema.StatusFail}[s.random.IntN(5)]
			ext, settledOn := fmt.Sprintf("E%03d", n), g.on[s.random.IntN(len(g.on))]+schema.Day(s.random.IntN(7)-2)
			one := lateSettlement{settledOn + schema.Day(s.random.IntN(3)), settlement(fmt.Sprintf("s%03d-%d", n, i), status, int64(10*(1+s.random.IntN(6))), settledOn)}
			one.text = fmt.Sprintf(`{"out_order_no":%q,`, ext) + one.text[1:]
			if s.random.IntN(2) == 0 {
				key := g.keys[s.random.IntN(len(g.keys))]
				one.text = ofOrder(key, one.text)
				s.answer(byShop, key, one)
			}
			s.answer(byExt, ext, one)
		}
	}
	for u, records := range bills {
		s.platform.set(u, records...)
	}
	return s
}

func inSharedFiles(t *testing.T, worlds uint64, test func(t *testing.T, s *scattered)) {
	t.Helper()
	inFiles(t, worlds, func(w *world, seed uint64) *scattered { return shareIDs(w, seed, 12, 100) }, test)
}

// TestSharedBackfill: where orders share ids, a backfill has the tables of a replay, SQL finds the
// same verdicts in them, and each settlement counts once.
func TestSharedBackfill(t *testing.T) {
	inSharedFiles(t, 8, func(t *testing.T, s *scattered) {
		s.on(s.last + 20)
		s.backfill(s.first, s.last)
		run := s.files(t)
		s.checkCounted(t)
		s.checkSQL(t, "run", run, s.first, s.last)
		s.replayAll()
		checkSame(t, "run and replay", run, s.files(t))
	})
}

// TestSharedParts: likewise in two parts, the earlier or the later one first.
func TestSharedParts(t *testing.T) {
	inSharedFiles(t, 8, func(t *testing.T, s *scattered) {
		s.on(s.last + 20)
		cut := s.first + schema.Day(4+s.random.IntN(5))
		parts := [][2]schema.Day{{s.first, cut}, {cut + 1, s.last}}
		if s.seed%2 == 0 {
			parts[0], parts[1] = parts[1], parts[0]
		}
		for _, part := range parts {
			s.backfill(part[0], part[1])
		}
		s.checkCounted(t)
		s.replayAll()
		s.checkCounted(t)
		replayed := s.files(t)
		s.checkSQL(t, "replay", replayed, s.first, s.last)
		s.replayAll()
		checkSame(t, "replay and replay", replayed, s.files(t))
	})
}

// TestSharedNights: likewise night by night, with settlements that come late.
func TestSharedNights(t *testing.T) {
	inSharedFiles(t, 8, func(t *testing.T, s *scattered) {
		for d := s.first; d <= s.last+3; d++ {
			s.on(d)
			s.run(pipeline.ExitDone, s.inFiles, on(d), lookback(s.rules.Lookback))
		}
		s.on(s.last + 20)
		s.backfill(s.first, s.last)
		s.checkCounted(t)
		run := s.files(t)
		s.checkSQL(t, "nights", run, s.first, s.last)
		s.replayAll()
		checkSame(t, "run and replay", run, s.files(t))
	})
}

// TestSharedShards: likewise in shards; of what they have found one process makes the same tables.
func TestSharedShards(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{brand, store, kiosk}, func(t *testing.T, w *world) {
				s := shareIDs(w, seed, 12, 100)
				given := func(r *pipeline.Run) { r.From, r.To, r.Backfill = s.first, s.last, true }
				s.on(s.last + 20)
				for _, change := range []func(*pipeline.Run){given, replay} {
					s.runShards(new(registers), 2+int(seed%2), pipeline.ExitDone, given, change)
					s.checkCounted(t)
				}
				shards := maps.Clone(s.lake.partitions)
				s.run(pipeline.ExitDone, given, replay)
				if diff := cmp.Diff(shards, s.lake.partitions, notOfTheRun); diff != "" {
					t.Fatalf("(-shards +one process):\n%.3000s", diff)
				}
			})
		})
	}
}

// TestSharedTwoDays: of orders with one id the settlement counts for the one with a bill on its
// day, whatever days run first; and for one alone where an earlier version has published it twice.
func TestSharedTwoDays(t *testing.T) {
	settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		w.rules.Lookback = 1
		time.Sleep(time.Until((day + 2).Start().Add(14 * time.Hour)))
		w.platform.set(at(store, day), sale(store.ID, "1", "K4", "E38", 20))
		w.platform.set(at(store, day+1), sale(store.ID, "2", "K38", "E38", 20))
		one := ofOrder("K38", `{"out_order_no":"E38",`+settlement("s1", schema.StatusSuccess, 20, day+1)[1:])
		w.trade.set(byShop, "K38", one)
		w.trade.set(byExt, "E38", one)
		given := func(r *pipeline.Run) { r.From, r.To, r.Backfill = day, day+1, true }
		w.run(pipeline.ExitDone, given)
		for range 2 {
			want := []string{"20 store K4 bill_only 1:0 20/_/_", "21 store K38 matched/order 1:1 20/20/0"}
			if diff := cmp.Diff(want, w.verdicts(day, day+1)); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			if e := w.lake.exceptions(day); len(e) != 1 || e[0].Rule != schema.RuleSettleShared || e[0].ShopOrderID.V != "K4" || !strings.Contains(e[0].Detail, "order K38,") {
				t.Errorf("got %+v", e)
			}
			w.run(pipeline.ExitDone, given, replay)
		}
	})
}

// TestSharedTwoBuckets: of orders with one id on one day, the smallest has the settlement, whatever
// buckets their accounts are in.
func TestSharedTwoBuckets(t *testing.T) {
	for _, buckets := range []int{1, 2, 3, 16} {
		settles(t, []schema.Account{brand, store, kiosk}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
			w.buckets = buckets
			for i, a := range []schema.Account{brand, store, kiosk} {
				w.set(a, sale(a.ID, fmt.Sprint(i), []string{"K4", "K38", "K5"}[i], "E38", 20))
			}
			w.trade.set(byShop, "K38", ofOrder("K38", `{"out_order_no":"E38",`+settlement("s1", schema.StatusSuccess, 20, day)[1:]))
			w.trade.set(byExt, "E38", ofOrder("K38", `{"out_order_no":"E38",`+settlement("s1", schema.StatusSuccess, 20, day)[1:]))
			w.run(pipeline.ExitDone)
			for range 2 {
				want := []string{"20 brand K4 bill_only 1:0 20/_/_", "20 kiosk K5 bill_only 1:0 20/_/_", "20 store K38 matched/order 1:1 20/20/0"}
				if diff := cmp.Diff(want, w.verdicts(day, day)); diff != "" {
					t.Errorf("%d buckets (-want +got):\n%s", buckets, diff)
				}
				w.run(pipeline.ExitDone, replay)
			}
		})
	}
}
