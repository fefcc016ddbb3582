package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestPagesInSequence: the pages of a unit are fetched one after the other, each at the
// cursor of the page before; units are walked side by side.
func TestPagesInSequence(t *testing.T) {
	t.Parallel()
	accounts := []schema.Account{brand, store, kiosk, mobile}
	inBubble(t, accounts, func(t *testing.T, w *world) {
		w.platform.latency = time.Second
		for i, a := range accounts {
			w.set(a, records(a.ID, "bill", 10*i+5)...) // 1 to 4 pages
		}
		w.run(pipeline.ExitDone, inFlight(3))
		calls := w.platform.made()
		for i, a := range accounts {
			want := []string{"0", "at-10", "at-20", "at-30"}[:i+1]
			if diff := cmp.Diff(want, cursorsOf(calls, at(a, day))); diff != "" {
				t.Errorf("account %s (-want +got):\n%s", a.ID, diff)
			}
			if n := len(w.published(a)); n != 10*i+5 {
				t.Errorf("account %s: got %d published bills, want %d", a.ID, n, 10*i+5)
			}
		}
		checkOneByOne(t, calls)
		if w.platform.peak != 3 {
			t.Errorf("got at most %d calls side by side, want 3", w.platform.peak)
		}
	})
}

// checkOneByOne checks that no two calls of one unit overlap: an answer takes a second.
func checkOneByOne(t *testing.T, calls []call) {
	t.Helper()
	last := make(map[schema.Unit]time.Time)
	for _, c := range calls {
		if before, ok := last[c.Unit]; ok && c.at.Sub(before) < time.Second {
			t.Errorf("%s: a call came %s after the one before, want a second or more", c.Unit, c.at.Sub(before))
		}
		last[c.Unit] = c.at
	}
}

// TestGuards: a page that breaks a rule of walks fails its unit, with a reason; nothing of
// the unit is published, and everything of the others is.
func TestGuards(t *testing.T) {
	t.Parallel()
	huge := record(store.ID, "huge", 9223372036854775807)
	for name, guard := range map[string]struct {
		answer func(c call) string // "" is the platform's own
		reason string
	}{
		"a cursor twice":          {func(c call) string { return onSecond(c, pageOf("at-10", true, record(store.ID, "x", 1))) }, `leads to cursor "at-10"`},
		"back to the start":       {func(c call) string { return onSecond(c, pageOf("0", true, record(store.ID, "x", 1))) }, `leads to cursor "0"`},
		"three empty pages":       {func(c call) string { return pageOf(c.cursor+"1", true) }, "3 pages in a row are empty"},
		"a page that is too long": {func(c call) string { return onSecond(c, pageOf("", false, records(store.ID, "long", 11)...)) }, "11 records, more than the 10 that were requested"},
		"no ledger_records": {func(c call) string {
			return onSecond(c, `{"data":{"cursor":"","has_more":false},"extra":{"error_code":0}}`)
		}, "no ledger_records"},
		"null, and more to come": {func(c call) string {
			return onSecond(c, `{"data":{"has_more":true,"cursor":"9","ledger_records":null},"extra":{"error_code":0}}`)
		}, "null for ledger_records"},
		"no has_more": {func(c call) string { return onSecond(c, `{"data":{"ledger_records":[]},"extra":{"error_code":0}}`) }, "no has_more"},
		"no cursor":   {func(c call) string { return onSecond(c, pageOf("", true, record(store.ID, "x", 1))) }, "no cursor"},
		"no data":     {func(c call) string { return onSecond(c, `{"extra":{"error_code":0}}`) }, "no data"},
		"an amount of 1.5": {func(c call) string {
			return onSecond(c, strings.Replace(pageOf("", false, record(store.ID, "x", 77)), "77", "1.5", 1))
		}, "1.5"},
		"a sum beyond int64": {func(c call) string { return onSecond(c, pageOf("", false, record(store.ID, "x", 1), huge, huge, huge)) }, "the sum of pay, up to page 2, is more than a day can have: bill huge has 9223372036854775807 fen; compare it with"},
		"an amount that a day of such units cannot sum": {func(c call) string {
			return onSecond(c, pageOf("", false, record(store.ID, "y", 9), record(store.ID, "x", 1<<60)))
		}, "bill x has 1152921504606846976 fen"},
		"a negative sum beyond": {func(c call) string {
			return onSecond(c, strings.ReplaceAll(pageOf("", false, huge, huge), ":922", ":-922"))
		}, "bill huge has -9223372036854775807 fen"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{brand, store, kiosk}, func(t *testing.T, w *world) {
				for _, a := range w.accounts {
					w.set(a, records(a.ID, "bill", 25)...)
				}
				w.platform.strike = func(c call) (string, error) {
					if c.Account == store {
						return guard.answer(c), nil
					}
					return "", nil
				}
				s := w.run(pipeline.ExitIncomplete)
				if len(s.Failures) != 1 || s.Failures[0].Account != store.ID || s.Failures[0].Day != day || s.Failures[0].LogID == "" || !strings.Contains(s.Failures[0].Reason, guard.reason) {
					t.Errorf("got failures %+v, want one of account %s with %q and a logid", s.Failures, store.ID, guard.reason)
				}
				if f := s.Failures[0]; strings.Contains(f.Reason, "overflow") != (f.Error == schema.CodeMoney) {
					t.Errorf("%s: code %s", f.Reason, f.Error)
				}
				if len(w.published(brand)) != 25 || len(w.published(kiosk)) != 25 || len(w.published(store)) != 0 {
					t.Errorf("got %d, %d and %d published bills, want 25, 25 and 0", len(w.published(brand)), len(w.published(kiosk)), len(w.published(store)))
				}
				if e := w.entry(store); e.State != schema.Failed || e.Stale || e.Certificate != nil || e.Failure == nil || e.Totals.Rows != 0 {
					t.Errorf("got entry %+v, want a failed one without rows", e)
				}
			})
		})
	}
}

func onSecond(c call, body string) string {
	if c.cursor == "0" {
		return ""
	}
	return body
}

// TestEmptyPages: one or two empty pages on the way are no fault. Neither is a day without
// bills, which differs from a day that could not be fetched.
func TestEmptyPages(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.platform.strike = func(c call) (string, error) {
			if c.Account == kiosk {
				return "", nil
			}
			n := len(c.cursor) // a step further at every page
			return pageOf(c.cursor+"1", n < 8, records(store.ID, c.cursor, n%3/2)...), nil
		}
		s := w.run(pipeline.ExitDone)
		if s.Units.Complete != 2 || len(w.published(store)) != 3 || len(w.published(kiosk)) != 0 {
			t.Errorf("got %+v, %d and %d bills, want 2 complete units, 3 and 0 bills", s.Units, len(w.published(store)), len(w.published(kiosk)))
		}
		if e := w.entry(kiosk); e.State != schema.Complete || e.Certificate == nil || len(e.Certificate.Pages) != 1 {
			t.Errorf("empty day: got entry %+v, want a complete one with a page", e)
		}
	})
}

// TestPasses: a unit is walked as often as the job says.
func TestPasses(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 3; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "bill", 25)...)
				w.run(pipeline.ExitDone, passes(n))
				if calls := len(w.platform.made()); calls != 3*n {
					t.Errorf("got %d calls, want %d walks of 3 pages", calls, n)
				}
				c := w.entry(store).Certificate
				if len(c.Agreed) != n || c.Agreed[n-1] != c.Walk || !slices.IsSorted(c.Agreed) {
					t.Errorf("walks %q agreed on walk %s", c.Agreed, c.Walk)
				}
			})
		})
	}
}

// TestOrderDoesNotCount: walks that find the same records in another order, on
// other pages, and some of them twice, agree.
func TestOrderDoesNotCount(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		list := records(store.ID, "bill", 25)
		w.set(store, list...)
		w.platform.strike = func(c call) (string, error) {
			if c.cursor == "0" && c.walk == 2 {
				slices.Reverse(list)
				w.set(store, append(slices.Clone(list), list[3], list[4])...)
			}
			return "", nil
		}
		s := w.run(pipeline.ExitDone, passes(2))
		if walks := w.platform.walks[at(store, day)]; walks != 2 || len(w.published(store)) != 25 || s.Repeated != 2 {
			t.Errorf("got %d walks, %d bills, %d repeated, want 2, 25 and 2", walks, len(w.published(store)), s.Repeated)
		}
	})
}

// TestChangingDay: each letter is what the day has during one walk. The day is published
// when two walks in a row agree, and fails after four walks.
func TestChangingDay(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		first     string // what the walks of the first run find
		published string // "" where it fails
		then      string // what those of the next run find; the last letter stays
		walks     int    // made by the next run
	}{
		{first: "AA", published: "A", then: "A", walks: 2},
		{first: "ABB", published: "B", then: "B", walks: 2},
		{first: "ABCC", published: "C", then: "CDD", walks: 3},
		{first: "ABCD", published: "", then: "D", walks: 1}, // agrees with the last walk before
		{first: "ABAB", published: "", then: "C", walks: 2},
		{first: "ABAB", published: "", then: "BAA", walks: 1},
		{first: "ABCD", published: "", then: "EFGHI", walks: 4},
	} {
		t.Run(row.first+" "+row.then, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				script := ""
				w.platform.strike = func(c call) (string, error) {
					if c.cursor == "0" {
						w.set(store, records(store.ID, script[:1], 25)...)
						script = script[min(1, len(script)-1):]
					}
					return "", nil
				}
				check := func(walks, want int, published string) {
					t.Helper()
					if walks != want {
						t.Errorf("got %d walks, want %d", walks, want)
					}
					ids := w.published(store)
					if published == "" && len(ids) != 0 || published != "" && (len(ids) != 25 || !strings.HasPrefix(ids[0], published)) {
						t.Errorf("got published bills %.30q, want those of %q", ids, published)
					}
				}
				script = row.first + "!"
				s, _ := w.do(t.Context(), passes(2))
				check(w.platform.walks[at(store, day)], len(row.first), row.published)
				if row.published == "" && (len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Reason, "keeps changing")) {
					t.Errorf("got failures %+v, want one that says that the day keeps changing", s.Failures)
				}
				before := w.platform.walks[at(store, day)]
				script = row.then
				w.do(t.Context(), passes(2))
				published := row.then[len(row.then)-1:]
				if row.then == "EFGHI" {
					published = ""
				} else if row.then == "BAA" {
					published = "B"
				}
				check(w.platform.walks[at(store, day)]-before, row.walks, published)
			})
		})
	}
}

// TestShrink: a closed day that lost more than a tenth of its bills is published only if
// that is allowed; until then the former bills stay.
func TestShrink(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		before, after int
		fails         bool
	}{
		{100, 90, false}, {100, 89, true}, {100, 0, true}, {10, 9, false}, {9, 8, true}, {15, 14, false}, {15, 13, true}, {1, 0, true}, {0, 5, false}, {5, 50, false},
	} {
		t.Run(fmt.Sprintf("%d to %d", row.before, row.after), func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
				w.set(kiosk, records(kiosk.ID, "other", 5)...)
				w.set(store, records(store.ID, "bill", row.before)...)
				w.run(pipeline.ExitDone)
				w.set(store, records(store.ID, "bill", row.after)...)
				if !row.fails {
					w.run(pipeline.ExitDone)
					checkRows(t, w, row.after, false)
					return
				}
				s := w.run(pipeline.ExitIncomplete)
				if !strings.Contains(s.Failures[0].Reason, "--allow-shrink") {
					t.Errorf("got reason %q, want one that names the flag", s.Failures[0].Reason)
				}
				checkRows(t, w, row.before, true)
				w.platform.made()
				w.run(pipeline.ExitDone, allowShrink)
				checkRows(t, w, row.after, false)
				if calls := len(w.platform.made()); calls != 0 {
					t.Errorf("got %d calls, want none: the walk is in the archive, and the other unit was whole", calls)
				}
			})
		})
	}
}

// checkRows checks the number of the store's bills, and whether they are stale.
func checkRows(t *testing.T, w *world, rows int, stale bool) {
	t.Helper()
	if got, e := len(w.published(store)), w.entry(store); got != rows || e.Totals.Rows != int64(rows) || e.Stale != stale {
		t.Errorf("got %d published bills, %d by the manifest, stale %v; want %d, stale %v", got, e.Totals.Rows, e.Stale, rows, stale)
	}
}
