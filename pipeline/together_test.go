package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
)

// register is a pipeline.Claims in memory.
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

func claiming(r *register) func(*pipeline.Run) { return func(run *pipeline.Run) { run.Claims = r } }

// TestTwoRunsAtOnce: both end well, one result stands, whole; where they know of
// each other, the platform is asked for little more than by one.
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
				for _, a := range accounts {
					w.set(a, records(a.ID, "b", 35)...) // 4 pages
				}
				w.platform.latency = time.Second
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
				calls, alone := len(w.platform.made()), 4*len(accounts)
				if saved := calls <= alone+16; saved != known {
					t.Errorf("%d calls, one run alone makes %d", calls, alone)
				}
				if data, _, _ := claims.Load(t.Context()); known && string(data) != "[]" {
					t.Errorf("claims that stay behind: %s", data)
				}
			})
		})
	}
}

// TestClaimsAreOnlyAHint: claims that cannot be read, written, or that a killed
// run left behind change nothing but the order of walking.
func TestClaimsAreOnlyAHint(t *testing.T) {
	t.Parallel()
	left := func(at time.Time) string {
		return fmt.Sprintf(`[{"run_id":"dead","from":%q,"to":%q,"buckets":[0],"began_at":%q}]`, day-7, day, at.Format(time.RFC3339))
	}
	for name, row := range map[string]struct {
		data     func(now time.Time) string
		reversed bool
	}{
		"damaged":         {func(time.Time) string { return "[{" }, false},
		"of a killed run": {left, true},
		"of long ago":     {func(now time.Time) string { return left(now.Add(-25 * time.Hour)) }, false},
		"of another day": {func(now time.Time) string {
			return fmt.Sprintf(`[{"run_id":"x","from":"2026-01-01","to":"2026-01-02","buckets":[0],"began_at":%q}]`, now.Format(time.RFC3339))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "a", 3)...)
				w.set(kiosk, records(kiosk.ID, "b", 3)...)
				w.run(pipeline.ExitDone, claiming(&register{data: []byte(row.data(time.Now())), version: 1}), inFlight(1))
				first := []schema.Unit{at(store, day), at(kiosk, day)}
				if row.reversed {
					slices.Reverse(first)
				}
				if got := unitsOf(w.platform.made()); !slices.Equal(got, first) {
					t.Errorf("walked were %v, want %v", got, first)
				}
			})
		})
	}
}

// TestTakenWalk: a second run goes on with the walk of one that is alive. One of
// them loses the next batch, and begins anew; both end well.
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

// TestSupersededByTheOlder: a run whose day another one published from older walks
// has changed nothing, and says so; run again, it publishes what it had walked.
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

// TestBackfillResumed: a backfill of three months and fifty accounts that did not
// end well is planned and gone on with, weeks later: whole days are not walked again,
// failed ones are. One that ended well and is run again looks again.
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
