package pipeline_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"billwalk/pipeline"
	"billwalk/pipeline/shards"
	"billwalk/pipeline/swap"
	"billwalk/schema"
)

// registers are the objects by which shards know of each other, in memory.
type registers struct {
	mu  sync.Mutex
	all map[string]*register
}

func (r *registers) open(name string) swap.Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = make(map[string]*register)
	}
	if r.all[name] == nil {
		r.all[name] = new(register)
	}
	return r.all[name]
}

// shard makes a run that of one shard.
func (w *world) shard(r *registers, index, count int) func(*pipeline.Run) {
	return func(run *pipeline.Run) {
		run.Shard, run.JobAccounts, run.Shared = shards.Shard{Index: index, Count: count}, run.Accounts, r.open
		run.Accounts = run.Shard.Accounts(run.JobAccounts, run.Buckets)
	}
}

// runShards makes a run in so many shards side by side, all of which must end with the code.
func (w *world) runShards(r *registers, count, exit int, change ...func(*pipeline.Run)) (all []*pipeline.Summary) {
	w.t.Helper()
	all, fault := w.tryShards(r, count, exit, change...)
	if fault != "" {
		w.t.Fatal(fault)
	}
	return all
}

// tryShards is runShards, and returns what went wrong.
func (w *world) tryShards(r *registers, count, exit int, change ...func(*pipeline.Run)) (all []*pipeline.Summary, fault string) {
	all = make([]*pipeline.Summary, count)
	faults := make([]string, count)
	var running sync.WaitGroup
	for i := range count {
		if len((shards.Shard{Index: i, Count: count}).Accounts(w.accounts, w.buckets)) == 0 {
			continue
		}
		running.Go(func() {
			var run *pipeline.Run
			fail := func(format string, args ...any) { faults[i] += fmt.Sprintf(format+"\n", args...) }
			keep := func(r *pipeline.Run) { run = r }
			s, err := w.do(w.t.Context(), append(slices.Clone(change), w.shard(r, i, count), keep)...)
			if s.ExitCode != exit {
				fail("shard %d of %d: exit %d (%v), want %d; failures %+v", i, count, s.ExitCode, err, exit, s.Failures)
			}
			if _, err := run.Night.End(w.t.Context(), s.ExitCode); err != nil {
				fail("shard %d of %d: %v", i, count, err)
			}
			if err := run.Night.Done(w.t.Context()); err != nil {
				fail("shard %d of %d: %v", i, count, err)
			}
			all[i] = s
		})
	}
	running.Wait()
	return slices.DeleteFunc(all, func(s *pipeline.Summary) bool { return s == nil }), strings.Join(faults, "")
}

// notOfTheRun leaves out what tells when the rows were fetched.
var notOfTheRun = cmp.Options{
	cmpopts.IgnoreFields(schema.Bill{}, "FetchedAt", "LogID", "ArchiveKey"),
	cmpopts.IgnoreFields(schema.Settlement{}, "FetchedAt", "LogID"),
	cmpopts.IgnoreFields(schema.Exception{}, "ArchiveKey"),
	cmpopts.IgnoreFields(schema.Restatement{}, "RestatedAt"),
	cmpopts.IgnoreFields(shelved{}, "manifest"),
	cmp.AllowUnexported(shelved{}), cmpopts.EquateEmpty(),
}

// town is a platform that changes from night to night: a root account, two of its stores that
// are accounts of their own and more accounts, in eight buckets; orders with bills of several of
// them, on several days.
type town struct {
	random   *rand.Rand
	accounts []schema.Account
	bills    map[schema.Unit]map[string]string // raw, by ledger id
	settled  map[string][]callback             // by order
	ledger   int
}

func newTown(seed uint64) *town {
	c := &town{random: rand.New(rand.NewPCG(seed, 1)), bills: make(map[schema.Unit]map[string]string), settled: make(map[string][]callback)}
	for bucket := range 8 {
		c.accounts = append(c.accounts, accountIn(bucket, 8))
	}
	c.accounts[2].Root = true
	return c
}

// night changes the days up to the last one, and sets them in all worlds.
func (c *town) night(last schema.Day, worlds ...*world) {
	for d := last - 2; d <= last; d++ {
		for i, a := range c.accounts {
			u := at(a, d)
			if c.bills[u] == nil {
				c.bills[u] = make(map[string]string)
			}
			for range c.random.IntN(3) {
				c.ledger++
				payee := a
				if a.Root && c.random.IntN(2) == 0 {
					payee = c.accounts[c.random.IntN(len(c.accounts))]
				}
				id, fen := fmt.Sprint("L", c.ledger), int64(10*(1+c.random.IntN(3)))
				order := fmt.Sprintf("T%d", i)
				if c.random.IntN(2) == 0 {
					order = fmt.Sprintf("S%d", c.random.IntN(20))
				}
				bill := sale(payee.ID, id, order, "E"+order, fen)
				if c.random.IntN(4) == 0 {
					bill = ofItem("I"+order, bill)
				}
				c.bills[u][id] = bill
				if payee.ID != a.ID && c.random.IntN(3) > 0 { // its own walk finds it, too
					own := at(payee, d)
					if c.bills[own] == nil {
						c.bills[own] = make(map[string]string)
					}
					c.bills[own][id] = bill
				}
			}
			for _, id := range slices.Sorted(maps.Keys(c.bills[u])) {
				switch c.random.IntN(12) {
				case 0:
					if !a.Root && strings.Contains(c.bills[u][id], fmt.Sprintf(`"shop_order_id":"T%d"`, i)) {
						delete(c.bills[u], id)
					}
				case 1: // it moves between walks
					to := at(c.accounts[c.random.IntN(len(c.accounts))], d)
					if c.bills[to] != nil && (to.Account.Root || a.Root) {
						c.bills[to][id] = c.bills[u][id]
						delete(c.bills[u], id)
					}
				}
			}
		}
	}
	for d := last - 2; d <= last; d++ {
		for _, a := range c.accounts {
			var records []string
			for _, id := range slices.Sorted(maps.Keys(c.bills[at(a, d)])) {
				records = append(records, c.bills[at(a, d)][id])
			}
			for _, w := range worlds {
				w.platform.set(at(a, d), records...)
			}
		}
	}
	for order := range 28 {
		key := fmt.Sprintf("S%d", order)
		if order >= 20 {
			key = fmt.Sprintf("T%d", order-20)
		}
		if _, known := c.settled[key]; !known { // and stays so: what is queried when makes no difference
			c.settled[key] = nil
			for n := range c.random.IntN(3) {
				status := []schema.Status{schema.StatusSuccess, schema.StatusSuccess, schema.StatusProcessing, schema.StatusFail}[c.random.IntN(4)]
				c.settled[key] = append(c.settled[key], callback{fmt.Sprintf("s%d-%d", order, n), key, "", status, int64(10 * (1 + c.random.IntN(4))), last - schema.Day(c.random.IntN(3)), 0})
			}
		}
		var settlements []string
		final := true
		for _, s := range c.settled[key] {
			settlements, final = append(settlements, ofOrder(key, settlement(s.settle, s.status, s.fen, s.event))), final && s.status.Final()
		}
		called, lone := final && c.random.IntN(4) == 0, callback{fmt.Sprintf("u%d-%d", order, last), fmt.Sprint("U", order), "", schema.StatusSuccess, 10, last, 0}
		for _, w := range worlds {
			w.trade.set(byShop, key, settlements...)
			if called {
				w.receive(append(slices.Clone(c.settled[key]), lone)...)
			}
		}
	}
}

// TestShardsAsOne: night by night, so many shards publish what one process publishes, and a
// replay of their archive finds all of it as it is.
func TestShardsAsOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		count := []int{2, 4, 8}[seed%3]
		t.Run(fmt.Sprintf("%d in %d", seed, count), func(t *testing.T) {
			t.Parallel()
			city := newTown(seed)
			if seed%4 == 1 {
				city.accounts[2].Root = false
			}
			inBubble(t, city.accounts, func(t *testing.T, one *world) {
				one.withTrade(byShop, byExt)
				many := newWorld(t, city.accounts...)
				many.withTrade(byShop, byExt)
				one.buckets, many.buckets = 8, 8
				one.ahead = time.Until((day + 1).Start().Add(6 * time.Hour))
				many.ahead = one.ahead
				shared := new(registers)
				for d := day; d < day+3; d++ {
					city.night(d, one, many)
					one.run(pipeline.ExitDone, on(d), lookback(2), allowShrink)
					many.runShards(shared, count, pipeline.ExitDone, on(d), lookback(2), allowShrink)
					if diff := cmp.Diff(one.lake.partitions, many.lake.partitions, notOfTheRun); diff != "" {
						t.Fatalf("%s (-one process +%d shards):\n%s", d, count, diff)
					}
					time.Sleep(24 * time.Hour)
				}
				last := func(r *pipeline.Run) { r.From, r.To = day, day+2 }
				one.run(pipeline.ExitDone, last, replay)
				many.run(pipeline.ExitDone, last, replay)
				if diff := cmp.Diff(one.lake.partitions, many.lake.partitions, notOfTheRun); diff != "" {
					t.Fatalf("(-one process +%d shards, replayed by one):\n%s", count, diff)
				}
				many.runShards(shared, count, pipeline.ExitDone, last, replay)
				if diff := cmp.Diff(one.lake.partitions, many.lake.partitions, notOfTheRun); diff != "" {
					t.Fatalf("(-one process +%d shards, replayed by them):\n%s", count, diff)
				}
			})
		})
	}
}

// TestRangesAsOne: ranges of days that are further apart than the lookback are replayed side by
// side, each by so many shards, under another tolerance than they were published with. Their days
// have what one process publishes that replays all days, and the days between stay as they are.
func TestRangesAsOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		count := []int{2, 4, 8}[seed%3]
		t.Run(fmt.Sprintf("%d in %d", seed, count), func(t *testing.T) {
			t.Parallel()
			city := newTown(seed)
			inBubble(t, city.accounts, func(t *testing.T, one *world) {
				one.withTrade(byShop, byExt)
				many := newWorld(t, city.accounts...)
				many.withTrade(byShop, byExt)
				one.buckets, many.buckets = 8, 8
				one.ahead = time.Until((day + 1).Start().Add(6 * time.Hour))
				many.ahead = one.ahead
				for d := day; d <= day+6; d++ {
					city.night(d, one, many)
					for _, w := range []*world{one, many} {
						w.run(pipeline.ExitDone, on(d), lookback(2), allowShrink)
					}
					time.Sleep(24 * time.Hour)
				}
				all := func(r *pipeline.Run) { r.From, r.To = day, day+6 }
				one.run(pipeline.ExitDone, all, replay) // by what is known by now, which days that no night has built since lack
				many.run(pipeline.ExitDone, all, replay)
				before := maps.Clone(many.lake.partitions)
				want := maps.Clone(before) // of the days between
				tolerant := func(r *pipeline.Run) { r.Rules.Tolerance = 10 }
				one.run(pipeline.ExitDone, all, replay, tolerant)
				ranges := [][2]schema.Day{{day, day + 1}, {day + 5, day + 6}} // the lookback is 3
				faults := make([]string, len(ranges))
				var running sync.WaitGroup
				for i, days := range ranges {
					maps.Copy(want, ofDays(one.lake.partitions, days))
					running.Go(func() {
						_, faults[i] = many.tryShards(new(registers), count, pipeline.ExitDone, func(r *pipeline.Run) { r.From, r.To = days[0], days[1] }, replay, tolerant)
					})
				}
				running.Wait()
				if text := strings.Join(faults, ""); text != "" {
					t.Fatal(text)
				}
				if diff := cmp.Diff(want, many.lake.partitions, notOfTheRun); diff != "" {
					t.Fatalf("(-one process +%d ranges in %d shards):\n%s", len(ranges), count, diff)
				}
				if cmp.Equal(before, many.lake.partitions, notOfTheRun) {
					t.Error("the other tolerance changes nothing")
				}
			})
		})
	}
}

// TestReplayOfAnotherNumber: a shard of a replay that is under way with another number of shards is refused as soon as
// that of a run is; beside a replay of other days it is not, and waits for the others of its own.
func TestReplayOfAnotherNumber(t *testing.T) {
	t.Parallel()
	accounts := newTown(1).accounts
	for name, row := range map[string]struct {
		beside []func(*pipeline.Run)
		exit   int
	}{
		"a replay of the same days": {[]func(*pipeline.Run){replay}, pipeline.ExitConfig},
		"a replay of another day":   {[]func(*pipeline.Run){replay, on(day + 1)}, pipeline.ExitStopped},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, accounts, func(t *testing.T, w *world) {
				w.buckets = 8
				replays := new(register)
				var running sync.WaitGroup
				running.Go(func() { // it waits for three that never begin
					w.do(t.Context(), slices.Concat(row.beside, []func(*pipeline.Run){w.shard(new(registers), 0, 4), claiming(replays)})...)
				})
				time.Sleep(time.Second)
				began := time.Now()
				s, err := w.do(t.Context(), replay, w.shard(new(registers), 0, 2), claiming(replays))
				if took := time.Since(began); s.ExitCode != row.exit || s.ExitCode == pipeline.ExitConfig && took > time.Minute {
					t.Errorf("exit %d after %v, want %d: %v", s.ExitCode, took, row.exit, err)
				}
				running.Wait()
			})
		})
	}
}

// ofDays returns the partitions of a range of days.
func ofDays(all map[shelfPlace]*shelved, days [2]schema.Day) map[shelfPlace]*shelved {
	some := maps.Clone(all)
	maps.DeleteFunc(some, func(at shelfPlace, _ *shelved) bool { return at.day < days[0] || at.day > days[1] })
	return some
}
