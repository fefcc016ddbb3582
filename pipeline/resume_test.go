package pipeline_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

var errKilled = errors.New("killed")

// killed makes a run that is killed at its n-th call: nothing that it does after that
// takes effect, as after kill -9.
func (w *world) killed(n int, change ...func(*pipeline.Run)) {
	w.t.Helper()
	var dead atomic.Bool
	strike, calls := w.platform.strike, 0
	w.platform.strike = func(c call) (string, error) {
		if calls++; calls >= n {
			dead.Store(true)
			return "", errKilled
		}
		if strike != nil {
			return strike(c)
		}
		return "", nil
	}
	fault := w.store.Fault
	w.store.Fault = func(objecttest.Op, string) (bool, error) {
		if dead.Load() {
			return false, errKilled
		}
		return false, nil
	}
	w.lake.refuse = func(schema.Day, int) error { return errKilled }
	w.do(w.t.Context(), change...)
	delete(w.lake.summaries, fmt.Sprint("run-", w.runs)) // a killed run leaves none
	w.platform.strike, w.store.Fault, w.lake.refuse = strike, fault, nil
}

// archived returns the archived answers of the unit's walks. It checks that all of them
// can be read, and that no batch spans 30 seconds or more.
func archived(t *testing.T, w *world, a schema.Account) map[string][]schema.Answer {
	t.Helper()
	walks := make(map[string][]schema.Answer)
	_, begun, err := w.archive.Unit(t.Context(), at(a, day))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range begun {
		first := make(map[string]time.Time)
		for answer, err := range w.archive.Answers(t.Context(), at(a, day), b.Walk) {
			if err != nil {
				t.Fatal(err)
			}
			if began, ok := first[answer.Key]; !ok {
				first[answer.Key] = answer.FetchedAt
			} else if span := answer.FetchedAt.Sub(began); span >= 30*time.Second {
				t.Errorf("batch %s spans %s, want less than 30s", answer.Key, span)
			}
			walks[b.Walk] = append(walks[b.Walk], answer)
		}
		if len(first) != b.Batches {
			t.Errorf("walk %s: got %d batches, and %d in the list", b.Walk, len(first), b.Batches)
		}
	}
	return walks
}

// TestKilled: a run of 100 pages, one a second, is killed. All but the last 30 seconds is
// in the archive, and is not fetched again.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 30, 31, 32, 60, 61, 62, 99, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.platform.latency = time.Second
				w.set(store, records(store.ID, "bill", 1000)...)
				w.killed(n)
				if made := len(w.platform.made()); made != n || len(w.published(store)) != 0 {
					t.Fatalf("got %d calls and %d bills before the kill at call %d", made, len(w.published(store)), n)
				}
				pages := 0
				for _, answers := range archived(t, w, store) {
					pages = len(answers)
				}
				// A batch is stored once its first answer is 30 seconds old.
				if want := max(0, n-2) / 30 * 30; pages != want {
					t.Errorf("got %d archived pages, want %d", pages, want)
				}
				summary := w.run(pipeline.ExitDone)
				if want := (pipeline.Archived{Pages: int64(pages)}); summary.Archived != want {
					t.Errorf("the summary has %+v found in the archive, want %+v", summary.Archived, want)
				}
				calls := w.platform.made()
				if len(calls) != 100-pages || len(w.published(store)) != 1000 {
					t.Errorf("got %d calls of the second run, want %d; %d bills", len(calls), 100-pages, len(w.published(store)))
				}
				if want := fmt.Sprint("at-", 10*pages); pages > 0 && calls[0].cursor != want {
					t.Errorf("resumed at cursor %q, want %q", calls[0].cursor, want)
				}
			})
		})
	}
}

// TestKilledAgainAndAgain: a walk can be resumed any number of times.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.platform.latency = 10 * time.Second // three pages to a batch
		w.set(store, records(store.ID, "bill", 300)...)
		w.set(kiosk, records(kiosk.ID, "bill", 300)...)
		for range 10 {
			w.killed(13, passes(2))
		}
		w.run(pipeline.ExitDone, passes(2))
		if len(w.published(store)) != 300 || len(w.published(kiosk)) != 300 {
			t.Errorf("got %d and %d published bills", len(w.published(store)), len(w.published(kiosk)))
		}
		if calls := len(w.platform.made()); calls < 120 || calls > 11*13+60 {
			t.Errorf("got %d calls for 120 pages", calls)
		}
	})
}

// TestResumeAge: a walk that is six hours old or older is begun again.
func TestResumeAge(t *testing.T) {
	t.Parallel()
	for age, calls := range map[time.Duration]int{5 * time.Hour: 7, 6*time.Hour + time.Minute: 12, 72 * time.Hour: 12} {
		t.Run(age.String(), func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.platform.latency = 6 * time.Second // five pages to a batch
				w.set(store, records(store.ID, "bill", 120)...)
				w.killed(8) // of seven pages five are archived
				w.platform.made()
				time.Sleep(age)
				w.run(pipeline.ExitDone)
				made := w.platform.made()
				if len(made) != calls || len(w.published(store)) != 120 {
					t.Errorf("%d calls, want %d; %d bills", len(made), calls, len(w.published(store)))
				}
			})
		})
	}
}

// TestCursorForgotten: where the platform refuses the cursor of a resumed walk, or answers
// with a page that breaks a rule, the walk is begun again.
func TestCursorForgotten(t *testing.T) {
	t.Parallel()
	for name, strike := range map[string]func() (string, error){
		"refused": func() (string, error) { return "", refuse(4000002, schema.ReachUnit) },
		"loops":   func() (string, error) { return pageOf("at-10", true, record(store.ID, "x", 1)), nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.platform.latency = 15 * time.Second // two pages to a batch
				w.set(store, records(store.ID, "bill", 80)...)
				w.killed(6)
				w.platform.made()
				w.platform.strike = func(c call) (string, error) {
					if c.walk == 1 {
						return strike()
					}
					return "", nil
				}
				w.run(pipeline.ExitDone)
				want := []string{"at-40", "0", "at-10", "at-20", "at-30", "at-40", "at-50", "at-60", "at-70"}
				if diff := cmp.Diff(want, cursorsOf(w.platform.made(), at(store, day))); diff != "" {
					t.Errorf("cursors (-want +got):\n%s", diff)
				}
				if len(w.published(store)) != 80 {
					t.Errorf("%d bills", len(w.published(store)))
				}
			})
		})
	}
}

// TestResumeDoesNotHideFailures: a failure other than a refused cursor, or a later one,
// fails a resumed unit as it fails any other.
func TestResumeDoesNotHideFailures(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		reach  schema.Reach
		cursor string
		exit   int
	}{
		"the app's":          {schema.ReachApp, "at-40", pipeline.ExitIncomplete},
		"the quota's":        {schema.ReachToday, "at-40", pipeline.ExitStopped},
		"a page later":       {schema.ReachUnit, "at-50", pipeline.ExitIncomplete},
		"withdrawn by hand":  {schema.ReachUnavailable, "at-40", pipeline.ExitDone},
		"the account's":      {schema.ReachAccount, "at-40", pipeline.ExitIncomplete},
		"withdrawn, a later": {schema.ReachUnavailable, "at-50", pipeline.ExitDone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.platform.latency = 15 * time.Second
				w.set(store, records(store.ID, "bill", 80)...)
				w.killed(6)
				w.platform.made()
				w.platform.strike = func(c call) (string, error) {
					if c.cursor == row.cursor {
						return "", refuse(1, row.reach)
					}
					return "", nil
				}
				w.run(row.exit)
				if made := cursorsOf(w.platform.made(), at(store, day)); made[len(made)-1] != row.cursor || made[0] != "at-40" {
					t.Errorf("got cursors %q, want from at-40 to %s", made, row.cursor)
				}
				if len(w.published(store)) != 0 {
					t.Errorf("got %d published bills of a walk that was never whole", len(w.published(store)))
				}
			})
		})
	}
}

// TestYoungCertificate: a run soon after another one uses its certified walks, unless that
// run ended well: then the units are walked again.
func TestYoungCertificate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		fails bool // the other unit, in the first run
		age   time.Duration
		calls int
	}{
		{"the run was incomplete", true, time.Hour, 1},
		{"the run was incomplete, long ago", true, 6*time.Hour + time.Minute, 4},
		{"the run ended well", false, time.Minute, 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "bill", 30)...)
				exit := pipeline.ExitDone
				if row.fails {
					exit = pipeline.ExitIncomplete
					w.platform.strike = func(c call) (string, error) {
						if c.Account == kiosk {
							return "", refuse(5000001, schema.ReachUnit)
						}
						return "", nil
					}
				}
				w.run(exit)
				w.platform.strike = nil
				w.platform.made()
				time.Sleep(row.age)
				s := w.run(pipeline.ExitDone)
				if made := w.platform.made(); len(made) != row.calls || s.Units.Complete != 2 {
					t.Errorf("%d calls, want %d; %+v", len(made), row.calls, s.Units)
				}
			})
		})
	}
}
