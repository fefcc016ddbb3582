package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// signal is the cause of an interrupted context, as the command line sets it.
type signal int

func (s signal) Error() string { return fmt.Sprint("signal ", int(s)) }
func (s signal) ExitCode() int { return int(s) }

// TestOrder: the newest day comes first, and within a day the unit with the most pages on
// the nearest day before.
func TestOrder(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, brand, kiosk, mobile}, func(t *testing.T, w *world) {
		for i, a := range []schema.Account{mobile, kiosk, brand, store} { // 4, 3, 2, 1 pages
			w.platform.set(at(a, day-2), records(a.ID, "bill", 35-10*i)...)
		}
		w.run(pipeline.ExitDone, func(r *pipeline.Run) { r.From, r.To = day-2, day-2 })
		w.platform.made()
		w.run(pipeline.ExitDone, lookback(1), inFlight(1))
		want := []schema.Unit{
			at(mobile, day), at(kiosk, day), at(brand, day), at(store, day),
			at(mobile, day-1), at(kiosk, day-1), at(brand, day-1), at(store, day-1),
		}
		if diff := cmp.Diff(want, unitsOf(w.platform.made())); diff != "" {
			t.Errorf("units (-want +got):\n%s", diff)
		}
	})
}

// TestDeadline: at the deadline the whole units are published, and the others fail as
// stopped; the next run resumes them.
func TestDeadline(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.platform.latency = time.Minute
		for d := day - 1; d <= day; d++ {
			w.platform.set(at(store, d), records(store.ID, "bill", 20)...)
			w.platform.set(at(kiosk, d), records(kiosk.ID, "bill", 40)...)
		}
		// Six pages of the newest day, and two of the day before.
		s := w.run(pipeline.ExitStopped, lookback(1), inFlight(1), deadline(8*time.Minute-time.Second))
		if s.Units != (pipeline.UnitCounts{Complete: 3, Failed: 1}) || s.Failures[0].Account != kiosk.ID || s.Failures[0].Day != day-1 || s.Failures[0].Reach != schema.ReachToday {
			t.Errorf("%+v, %+v", s.Units, s.Failures)
		}
		if len(w.published(store)) != 20 || len(w.published(kiosk)) != 40 || len(w.publishedOn(store, day-1)) != 20 || len(w.publishedOn(kiosk, day-1)) != 0 {
			t.Error("the published units are not the whole ones")
		}
		first := len(w.platform.made())
		w.run(pipeline.ExitDone, lookback(1), inFlight(1))
		if calls := first + len(w.platform.made()); calls != 12 || len(w.publishedOn(kiosk, day-1)) != 40 {
			t.Errorf("got %d calls in two runs, want 12; %d bills", calls, len(w.publishedOn(kiosk, day-1)))
		}
	})
}

// TestInterrupted: a run is interrupted at each of its calls. It ends with the signal's
// exit code and publishes no day in part, and the next run fetches only what is missing.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 9; n++ {
		for _, cause := range []error{signal(143), nil} {
			t.Run(fmt.Sprint(n, " ", cause), func(t *testing.T) {
				t.Parallel()
				inBubble(t, []schema.Account{store, kiosk, mobile}, func(t *testing.T, w *world) {
					w.platform.latency = time.Second
					for _, a := range w.accounts {
						w.set(a, records(a.ID, "bill", 30)...)
					}
					ctx, cancel := context.WithCancelCause(t.Context())
					calls := 0
					w.platform.strike = func(call) (string, error) {
						if calls++; calls == n {
							cancel(cause)
						}
						return "", nil
					}
					want := pipeline.ExitInterrupted
					if cause != nil {
						want = 143
					}
					s, err := w.do(ctx, inFlight(1))
					if s.ExitCode != want {
						t.Fatalf("got exit code %d (%v), want %d", s.ExitCode, err, want)
					}
					if got := len(w.lake.bills(day)); got != 0 {
						t.Errorf("got %d published bills of an interrupted day", got)
					}
					w.platform.strike = nil
					w.run(pipeline.ExitDone)
					if made := w.platform.made(); len(made) != 9 || len(w.lake.bills(day)) != 90 {
						t.Errorf("got %d calls in two runs, want 9; %d bills, want 90", len(made), len(w.lake.bills(day)))
					}
				})
			})
		}
	}
}

// TestInterruptedWhileThePlatformHangs: the request in flight is finished, unless that
// takes longer than an orchestrator waits.
func TestInterruptedWhileThePlatformHangs(t *testing.T) {
	t.Parallel()
	for latency, calls := range map[time.Duration]int{5 * time.Second: 3, time.Hour: 4} {
		inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
			w.set(store, records(store.ID, "bill", 30)...)
			w.platform.latency = latency
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(signal(143)) })
			began := time.Now()
			s, _ := w.do(ctx)
			if took := time.Since(began); s.ExitCode != 143 || took > 20*time.Second || took < min(latency, 12*time.Second) {
				t.Errorf("exit %d after %s", s.ExitCode, took)
			}
			w.platform.latency = 0
			w.run(pipeline.ExitDone)
			if made := w.platform.made(); len(made) != calls || len(w.published(store)) != 30 {
				t.Errorf("answers after %s: %d calls in two runs, want %d; %d bills", latency, len(made), calls, len(w.published(store)))
			}
		})
	}
}

// TestPlan: a plan says what a run would do; making it calls and writes nothing.
func TestPlan(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.buckets = 4
		w.set(store, records(store.ID, "bill", 35)...)
		w.platform.strike = func(c call) (string, error) {
			if c.Account == kiosk {
				return "", refuse(5000001, schema.ReachUnit)
			}
			return "", nil
		}
		w.run(pipeline.ExitIncomplete)
		w.platform.made()
		days := []schema.Day{day, day + 1, day + 3}
		slices.Reverse(days) // in any order
		plan, err := pipeline.MakePlan(t.Context(), w.lake, w.accounts, days, w.buckets)
		if err != nil {
			t.Fatal(err)
		}
		var units []schema.Unit
		for _, u := range plan.Units {
			units = append(units, u.Unit)
		}
		want := []schema.Unit{at(store, day+3), at(kiosk, day+3), at(store, day+1), at(kiosk, day+1), at(store, day), at(kiosk, day)}
		if diff := cmp.Diff(want, units); diff != "" {
			t.Errorf("units (-want +got):\n%s", diff)
		}
		if pages, unknown, _ := plan.Pages(); pages != 3*4 || unknown != 3 {
			t.Errorf("got %d pages and %d unknown units, want 12 and 3", pages, unknown)
		}
		if len(plan.Bases) != 6 || len(w.platform.made()) != 0 {
			t.Errorf("got %d bases, want 3 days of 2 buckets", len(plan.Bases))
		}
		empty, err := pipeline.MakePlan(t.Context(), w.lake, w.accounts, nil, w.buckets)
		if err != nil || len(empty.Units)+len(empty.Bases) != 0 {
			t.Errorf("no days: got %+v, %v", empty, err)
		}
		broken := errors.New("the store is down")
		if _, err := pipeline.MakePlan(t.Context(), brokenLake{w.lake, broken}, w.accounts, days, w.buckets); !errors.Is(err, broken) {
			t.Errorf("a lake that cannot be read: got %v", err)
		}
	})
}

type brokenLake struct {
	pipeline.Lake
	err error
}

func (l brokenLake) Base(context.Context, schema.Day, int) (schema.Base, error) {
	return schema.Base{}, l.err
}
