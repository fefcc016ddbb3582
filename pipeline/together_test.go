package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
)

// register is a swap.Object in memory.
type register struct {
	mu      sync.Mutex
	data    []byte
	version int
}

func (r *register) Load(context.Context) ([]byte, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version == 0 {
		return nil, "", nil
	}
	return bytes.Clone(r.data), strconv.Itoa(r.version), nil
}

func (r *register) Swap(_ context.Context, data []byte, version string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if version != strconv.Itoa(r.version) && !(version == "" && r.version == 0) {
		return "", schema.ErrTaken
	}
	r.data, r.version = bytes.Clone(data), r.version+1
	return strconv.Itoa(r.version), nil
}

func claiming(r *register) func(*pipeline.Run) {
	return func(run *pipeline.Run) { run.Claims.Store = r }
}

// TestTwoRunsAtOnce: both end well, and one whole result is published. Where they know of
// each other, the second one waits, and nothing is fetched twice.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	var accounts []schema.Account
	for i := range 24 {
		accounts = append(accounts, schema.Account{ID: schema.AccountID(fmt.Sprint(7000000000000000100 + i))})
	}
	for _, known := range []bool{false, true} {
		t.Run(fmt.Sprint("claims: ", known), func(t *testing.T) {
			t.Parallel()
			inBubble(t, accounts, func(t *testing.T, w *world) {
				w.withTrade(byShop)
				for _, a := range accounts {
					w.set(a, sales(a.ID, 35)...) // 4 pages; the same 35 orders, of which nothing comes back
				}
				w.trade.set(byShop, order(7), settlement("7", schema.StatusProcessing, 10, day))
				w.platform.latency, w.trade.latency = time.Second, 100*time.Millisecond
				claims := &register{}
				options := []func(*pipeline.Run){inFlight(2)}
				if known {
					options = append(options, claiming(claims))
				}
				var both sync.WaitGroup
				for i := range 2 {
					both.Go(func() {
						time.Sleep(time.Duration(i) * 7500 * time.Millisecond)
						w.run(pipeline.ExitDone, options...)
					})
				}
				both.Wait()
				if m := w.lake.manifest(day, 0); len(m.Units) != len(accounts) || m.Objects[0].Rows != int64(35*len(accounts)) {
					t.Fatalf("published: %+v", m)
				}
				pages, questions := len(w.platform.made()), len(w.trade.made())
				if once := pages == 4*len(accounts) && questions == 35; once != known {
					t.Errorf("%d pages and %d questions, one run alone makes %d and 35", pages, questions, 4*len(accounts))
				}
				if data, _, _ := claims.Load(t.Context()); known && string(data) != "[]" {
					t.Errorf("claims that stay behind: %s", data)
				}
			})
		})
	}
}

// TestOverlappingRuns: a nightly run does not wait for a backfill of some of its days, and
// begins at the other end.
func TestOverlappingRuns(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		for d := day - 9; d <= day; d++ {
			w.platform.set(at(store, d), records(store.ID, fmt.Sprint("d", d), 25)...) // 3 pages
		}
		w.platform.latency = time.Second
		claims := &register{}
		var both sync.WaitGroup
		both.Go(func() {
			w.run(pipeline.ExitDone, claiming(claims), inFlight(1), func(r *pipeline.Run) { r.From, r.To, r.Backfill = day-9, day-1, true })
		})
		both.Go(func() {
			time.Sleep(10 * time.Second)
			w.run(pipeline.ExitDone, claiming(claims), inFlight(1), lookback(7))
		})
		both.Wait()
		if pages := len(w.platform.made()); pages > 3*10+6 {
			t.Errorf("got %d pages, want %d", pages, 3*10)
		}
		if took := w.platform.now().Sub(w.lake.manifest(day, 0).PublishedAt); took > time.Minute {
			t.Errorf("the night was published %v before the end", took)
		}
	})
}

// TestClaimsAreOnlyAHint: claims that cannot be read or written, or that a killed run left
// behind, only cost some time.
func TestClaimsAreOnlyAHint(t *testing.T) {
	t.Parallel()
	gone := func(process string) bool { return process == "gone" }
	for name, row := range map[string]struct {
		claims   func(own string) string // beside the run's own
		wait     time.Duration
		reversed bool
	}{
		"damaged":                {func(string) string { return "[{" }, 0, false},
		"of the same, killed":    {func(own string) string { return own }, 20 * time.Second, false},
		"of a process gone":      {func(own string) string { return strings.Replace(own, `"process":"here"`, `"process":"gone"`, 1) }, 0, false},
		"of some days":           {func(own string) string { return strings.Replace(own, `"from":"2026-11-20"`, `"from":"2026-11-21"`, 1) }, 0, false},
		"of the day and another": {func(own string) string { return strings.Replace(own, `"accounts":"`, `"accounts":"x`, 1) }, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "a", 3)...)
				w.set(kiosk, records(kiosk.ID, "b", 3)...)
				here := func(r *pipeline.Run) { r.Claims.Process, r.Claims.Gone = "here", gone }
				own, left := &register{}, "" // the claim of a run in the middle of its work
				w.platform.strike = func(call) (string, error) {
					data, _, _ := own.Load(t.Context())
					left = string(data)
					return "", nil
				}
				w.run(pipeline.ExitDone, claiming(own), here)
				w.platform.strike = nil
				w.platform.made()
				w.platform.set(at(store, day), records(store.ID, "a", 4)...)
				time.Sleep(time.Hour)

				began := time.Now()
				claims := &register{data: []byte(row.claims(strings.Replace(left, "run-1", "dead", 1))), version: 1}
				w.run(pipeline.ExitDone, claiming(claims), here, inFlight(1))
				if took := time.Since(began); took < row.wait || took > row.wait+6*time.Second {
					t.Errorf("took %v, want %v", took, row.wait)
				}
				first := []schema.Unit{at(store, day), at(kiosk, day)}
				if row.reversed {
					slices.Reverse(first)
				}
				if got := unitsOf(w.platform.made()); !slices.Equal(got, first) {
					t.Errorf("got units %v walked, want %v", got, first)
				}
			})
		})
	}
}

// TestTakenWalk: a second run resumes the walk of one that is still alive. One of them
// loses the next batch and begins a new walk; both end well.
func TestTakenWalk(t *testing.T) {
	t.Parallel()
	for _, seconds := range []int{5, 11, 47, 95, 119} {
		t.Run(fmt.Sprint(seconds), func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "a", 120)...) // 12 pages, a batch after each third
				w.platform.latency = 10 * time.Second
				var both sync.WaitGroup
				for i := range 2 {
					both.Go(func() {
						time.Sleep(time.Duration(i*seconds) * time.Second)
						w.run(pipeline.ExitDone)
					})
				}
				both.Wait()
				if m := w.lake.manifest(day, 0); m.Objects[0].Rows != 120 {
					t.Fatalf("published: %+v", m)
				}
			})
		})
	}
}

// TestSupersededByTheOlder: a run whose day another one published meanwhile from older walks
// changes nothing, and says so; the next run publishes its walks.
func TestSupersededByTheOlder(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "a", 10)...)
		w.run(pipeline.ExitDone)
		time.Sleep(time.Hour)
		w.set(store, records(store.ID, "a", 11)...)
		w.platform.latency = time.Minute
		var both sync.WaitGroup
		both.Go(func() { w.run(pipeline.ExitSuperseded) })
		both.Go(func() {
			time.Sleep(time.Second)
			w.run(pipeline.ExitDone, replay)
		})
		both.Wait()
		w.platform.made()
		rows := func() int64 { return w.lake.manifest(day, 0).Objects[0].Rows }
		if n := rows(); n != 10 {
			t.Errorf("%d bills after the race, want the replay's 10", n)
		}
		w.run(pipeline.ExitDone)
		if n, calls := rows(), w.platform.made(); n != 11 || len(calls) != 0 {
			t.Errorf("%d bills after the next run, and %d calls; want 11 from the archive", n, len(calls))
		}
	})
}

// TestBackfillResumed: a backfill of three months and fifty accounts that did not end well
// is resumed weeks later: only failed days are walked again. One that ended well is walked
// again as a whole.
func TestBackfillResumed(t *testing.T) {
	t.Parallel()
	const days = 92
	var accounts []schema.Account
	for i := range 50 {
		accounts = append(accounts, schema.Account{ID: schema.AccountID(fmt.Sprint(7000000000000000100 + i))})
	}
	inBubble(t, accounts, func(t *testing.T, w *world) {
		w.buckets = 4
		all := days * len(accounts)
		for d := day - days + 1; d <= day; d++ {
			for _, a := range accounts {
				w.platform.set(at(a, d), record(a.ID, fmt.Sprint(a.ID, d), 100))
			}
		}
		months := func(r *pipeline.Run) { r.From, r.Backfill = day-days+1, true }
		failing := map[schema.Unit]bool{at(accounts[7], day-3): true, at(accounts[30], day-80): true}
		w.platform.strike = func(c call) (string, error) {
			if failing[c.Unit] {
				return "", refuse(5000001, schema.ReachUnit)
			}
			return "", nil
		}
		for _, want := range []struct {
			exit, units int
		}{{pipeline.ExitIncomplete, all}, {pipeline.ExitIncomplete, 2}, {pipeline.ExitDone, 2}, {pipeline.ExitDone, all}} {
			r := &pipeline.Run{Lake: w.lake, Accounts: accounts, To: day, Buckets: w.buckets, Now: w.now}
			months(r)
			if plan, err := r.Plan(t.Context()); err != nil {
				t.Error(err)
			} else if _, _, whole := plan.Pages(); whole != all-want.units {
				t.Errorf("exit %d is planned with %d whole units, want %d", want.exit, whole, all-want.units)
			}
			w.run(want.exit, months)
			if calls := w.platform.made(); len(calls) != want.units {
				t.Errorf("exit %d: %d calls, want %d", want.exit, len(calls), want.units)
			}
			if want.units == 2 {
				clear(failing)
			}
			time.Sleep(14 * 24 * time.Hour)
		}
	})
}
