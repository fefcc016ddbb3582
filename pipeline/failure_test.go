package pipeline_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestFailedUnitKeepsItsRows: the published rows of a unit stay, marked stale, while it
// cannot be fetched.
func TestFailedUnitKeepsItsRows(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "old", 12)...)
		w.set(kiosk, records(kiosk.ID, "old", 12)...)
		w.run(pipeline.ExitDone)
		before := w.lake.bills(day)

		w.set(store, records(store.ID, "new", 30)...)
		w.set(kiosk, records(kiosk.ID, "new", 30)...)
		w.platform.strike = func(c call) (string, error) {
			if c.Account == store && c.cursor == "at-20" {
				return "", refuse(5000001, schema.ReachUnit)
			}
			return "", nil
		}
		for range 2 { // once, and once more: it stays stale
			s := w.run(pipeline.ExitIncomplete)
			want := schema.Failure{Account: store.ID, Day: day, Code: 5000001, Reason: "the platform says 5000001", LogID: "refused-5000001", Reach: schema.ReachUnit}
			if diff := cmp.Diff([]schema.Failure{want}, s.Failures); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
			e := w.entry(store)
			if e.State != schema.Failed || !e.Stale || e.Failure == nil || e.Failure.LogID != want.LogID || e.Totals.Rows != 12 || len(w.published(kiosk)) != 30 {
				t.Errorf("the manifest says %+v; %d bills of the other unit", e, len(w.published(kiosk)))
			}
			kept := slices.DeleteFunc(w.lake.bills(day), func(b schema.Bill) bool { return b.WalkAccountID != store.ID })
			if diff := cmp.Diff(slices.DeleteFunc(slices.Clone(before), func(b schema.Bill) bool { return b.WalkAccountID != store.ID }), kept); diff != "" {
				t.Errorf("the stale rows (-before +after):\n%s", diff)
			}
		}
		w.platform.strike = nil
		w.run(pipeline.ExitDone)
		if e := w.entry(store); e.State != schema.Complete || e.Stale || e.Failure != nil || e.Totals.Rows != 30 {
			t.Errorf("fetched again: got entry %+v", e)
		}
	})
}

// TestFailureReach: a failure of an account, of the app or of today's quota fails the other
// units that it affects without a call, and whole units are published.
func TestFailureReach(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		reach  schema.Reach
		exit   int
		asked  []schema.Unit // after kiosk's newest day, the third of the units
		failed int
	}{
		"unit": {schema.ReachUnit, pipeline.ExitIncomplete,
			[]schema.Unit{at(mobile, day), at(brand, day-1), at(store, day-1), at(kiosk, day-1), at(mobile, day-1)}, 1},
		"account": {schema.ReachAccount, pipeline.ExitIncomplete,
			[]schema.Unit{at(mobile, day), at(brand, day-1), at(store, day-1), at(mobile, day-1)}, 2},
		"app":   {schema.ReachApp, pipeline.ExitIncomplete, nil, 6},
		"today": {schema.ReachToday, pipeline.ExitStopped, nil, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{brand, store, kiosk, mobile}, func(t *testing.T, w *world) {
				for _, a := range w.accounts {
					for d := day - 1; d <= day; d++ {
						w.platform.set(at(a, d), records(a.ID, "bill", 3)...)
					}
				}
				w.platform.strike = func(c call) (string, error) {
					if c.Unit == at(kiosk, day) {
						return "", refuse(2119005, row.reach)
					}
					return "", nil
				}
				s := w.run(row.exit, lookback(1), inFlight(1))
				want := append([]schema.Unit{at(brand, day), at(store, day), at(kiosk, day)}, row.asked...)
				if diff := cmp.Diff(want, unitsOf(w.platform.made())); diff != "" {
					t.Errorf("units called (-want +got):\n%s", diff)
				}
				if s.Units.Failed != row.failed || s.Units.Complete != 8-row.failed || len(s.Failures) != row.failed {
					t.Errorf("%+v, want %d failed", s.Units, row.failed)
				}
				for _, f := range s.Failures {
					if f.Code != 2119005 || f.LogID == "" || f.Reach != row.reach {
						t.Errorf("failure %+v", f)
					}
				}
				if len(w.published(brand)) != 3 || len(w.published(store)) != 3 || len(w.published(kiosk)) != 0 {
					t.Error("the published units are not the whole ones")
				}
				if n := len(w.publishedOn(mobile, day-1)); n != 3*min(1, len(row.asked)) {
					t.Errorf("%d bills of the day before are published", n)
				}
			})
		})
	}
}

// TestUnavailable: bills that were withdrawn by hand cannot be listed. That is no failure,
// and the bills that are known stay.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	withdrawn := func(cursor string) func(c call) (string, error) {
		return func(c call) (string, error) {
			if c.Account == store && c.cursor == cursor {
				return `{"data":{"error_code":6000001,"description":"非自动提现"}}`, refuse(6000001, schema.ReachUnavailable)
			}
			return "", nil
		}
	}
	for name, row := range map[string]struct {
		knownBefore bool
		cursor      string
	}{"at first": {false, "0"}, "on the way": {false, "at-10"}, "after it was complete": {true, "0"}, "after, on the way": {true, "at-10"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "bill", 25)...)
				rows := 0
				if row.knownBefore {
					w.run(pipeline.ExitDone)
					rows = 25
				}
				w.platform.strike = withdrawn(row.cursor)
				for range 2 {
					s := w.run(pipeline.ExitDone)
					if s.Units != (pipeline.UnitCounts{Complete: 1, Unavailable: 1}) || len(s.Unavailable) != 1 || s.Unavailable[0].Code != 6000001 || s.Unavailable[0].Account != store.ID || len(s.Failures) != 0 {
						t.Errorf("%+v, unavailable %+v, failures %+v", s.Units, s.Unavailable, s.Failures)
					}
					checkRows(t, w, rows, row.knownBefore)
					if e := w.entry(store); e.State != schema.Unavailable || e.Certificate.Unavailable.Code != 6000001 {
						t.Errorf("the manifest says %+v", e)
					}
				}
				checkEvidence(t, w)
				w.platform.strike = nil
				w.run(pipeline.ExitDone)
				checkRows(t, w, 25, false)
				if e := w.entry(store); e.State != schema.Complete || e.Certificate.Unavailable != nil {
					t.Errorf("listed again, the manifest says %+v", e)
				}
			})
		})
	}
}

// checkEvidence checks that the archive has the platform's answer.
func checkEvidence(t *testing.T, w *world) {
	t.Helper()
	walk := w.entry(store).Certificate.Latest().Walk
	last := schema.Answer{}
	for a, err := range w.archive.Answers(t.Context(), at(store, day), walk) {
		if err != nil {
			t.Fatal(err)
		}
		last = a
	}
	if got := string(last.Body); got != `{"data":{"error_code":6000001,"description":"非自动提现"}}` {
		t.Errorf("the last answer of walk %s is %s", walk, got)
	}
}

// TestNothingWhole: a partition of which no unit was ever whole is not published.
func TestNothingWhole(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.platform.strike = func(call) (string, error) { return "", refuse(5000001, schema.ReachUnit) }
		s := w.run(pipeline.ExitIncomplete)
		if m := w.lake.manifest(day, 0); m != nil || len(s.Partitions) != 0 || s.Units.Failed != 2 {
			t.Errorf("%+v, published: %+v", s.Units, m)
		}
	})
}

// TestPublishFails: a partition that cannot be published is named in the run's error, and
// the others are published.
func TestPublishFails(t *testing.T) {
	t.Parallel()
	for exit, fault := range map[int]error{pipeline.ExitFailed: errors.New("the store is down"), pipeline.ExitSuperseded: schema.ErrSuperseded} {
		inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
			w.platform.set(at(store, day), record(store.ID, "a", 1))
			w.platform.set(at(store, day-1), record(store.ID, "b", 1))
			w.lake.refuse = func(d schema.Day, _ int) error {
				if d == day {
					return fault
				}
				return nil
			}
			s, err := w.do(t.Context(), lookback(1))
			if s.ExitCode != exit || !errors.Is(err, fault) || len(w.published(store)) != 0 || len(w.publishedOn(store, day-1)) != 1 {
				t.Errorf("exit %d, want %d: %v; %d and %d bills", s.ExitCode, exit, err, len(w.published(store)), len(w.publishedOn(store, day-1)))
			}
			w.lake.refuse = nil
			w.platform.made()
			w.run(pipeline.ExitDone, lookback(1))
			if calls := w.platform.made(); len(calls) != 0 {
				t.Errorf("%d calls: all that was missing is in the archive", len(calls))
			}
			if len(w.published(store)) != 1 {
				t.Errorf("%d bills in the end", len(w.published(store)))
			}
		})
	}
}

// TestUnchangedDayKeepsItsRows: a day that did not change keeps its rows byte for byte,
// provenance included.
func TestUnchangedDayKeepsItsRows(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "bill", 25)...)
		w.run(pipeline.ExitDone, passes(2))
		before, certificate := w.lake.bills(day), w.entry(store).Certificate
		time.Sleep(24 * time.Hour)
		list := records(store.ID, "bill", 25)
		slices.Reverse(list)
		w.set(store, list...)
		w.run(pipeline.ExitDone, passes(2))
		if diff := cmp.Diff(before, w.lake.bills(day)); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
		after := w.entry(store).Certificate
		if after.Walk != certificate.Walk || after.Confirmed == nil || after.Confirmed.At.Sub(certificate.FinishedAt) < 24*time.Hour {
			t.Errorf("the certificate is %+v, want walk %s confirmed a day later", after, certificate.Walk)
		}
	})
}
