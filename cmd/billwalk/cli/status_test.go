package cli

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// baseWith is a published bucket with the entries, whose bills are there.
func baseWith(entries ...schema.Entry) schema.Base {
	return schema.Base{ETags: map[string]string{"bills": "e"}, Manifest: &schema.Manifest{
		Generation: 3, RunID: "01R", Units: entries, Objects: []schema.Object{{Table: "bills", ETag: "e"}},
	}}
}

func entry(id schema.AccountID, state schema.State, stale bool, bills int64) schema.Entry {
	return schema.Entry{Account: schema.Account{ID: id}, State: state, Stale: stale, Totals: schema.Totals{Rows: bills}}
}

// TestDayState: a day is what its worst unit is, if it is published at all.
func TestDayState(t *testing.T) {
	t.Parallel()
	whole, other := entry("1", schema.Complete, false, 10), entry("3", schema.Failed, false, 1000) // of another job
	torn := baseWith(whole, entry("2", schema.Complete, false, 5))
	torn.ETags = map[string]string{"bills": "of a later publication"}
	for name, c := range map[string]struct {
		base  schema.Base
		state dayState
		units unitStates
		bills int64
	}{
		"all complete":   {baseWith(whole, entry("2", schema.Complete, false, 5), other), dayComplete, unitStates{Complete: 2}, 15},
		"one withdrawn":  {baseWith(whole, entry("2", schema.Unavailable, false, 0)), dayUnavailable, unitStates{Complete: 1, Unavailable: 1}, 10},
		"one stale":      {baseWith(whole, entry("2", schema.Failed, true, 4)), dayStale, unitStates{Complete: 1, Stale: 1}, 14},
		"one failed":     {baseWith(whole, entry("2", schema.Failed, false, 0)), dayIncomplete, unitStates{Complete: 1, Failed: 1}, 10},
		"one is new":     {baseWith(whole), dayIncomplete, unitStates{Complete: 1, Missing: 1}, 10},
		"cut":            {torn, dayHalf, unitStates{Complete: 2}, 15},
		"cut, and first": {schema.Base{ETags: map[string]string{"bills": "e", "settlements": ""}}, dayHalf, unitStates{Missing: 2}, 0},
		"nothing there":  {schema.Base{ETags: map[string]string{"bills": ""}}, dayNotPublished, unitStates{Missing: 2}, 0},
	} {
		d := dayOf(billwalktest.FirstDay, []schema.Account{{ID: "1"}, {ID: "2"}}, []schema.Base{c.base})
		if d.State != c.state || d.Units != c.units || d.Bills != c.bills {
			t.Errorf("%s: %s, %+v, %d bills; want %s, %+v, %d", name, d.State, d.Units, d.Bills, c.state, c.units, c.bills)
		}
	}
}

// daysOf makes days of the states, in a row: c is complete, s stale, - not published.
func daysOf(states string) (days []dayStatus) {
	for i, state := range states {
		days = append(days, dayStatus{Day: billwalktest.FirstDay + schema.Day(i), State: map[rune]dayState{'c': dayComplete, 's': dayStale, '-': dayNotPublished}[state]})
	}
	return days
}

// TestStatusNext: what is to be run again reaches from the first day that is not
// whole to the last; what lies before the first one published is not missing.
func TestStatusNext(t *testing.T) {
	t.Parallel()
	for states, want := range map[string]string{
		"----":    "billwalk run nightly",
		"--cc":    "",
		"--cscc":  "billwalk run nightly --from 2026-11-02 --to 2026-11-02",
		"c-cscc":  "billwalk run nightly --from 2026-10-31 --to 2026-11-02",
		"--ccc--": "billwalk run nightly --from 2026-11-04 --to 2026-11-05",
	} {
		if got := (&status{Job: "nightly", Days: daysOf(states)}).next(); got != want {
			t.Errorf("%s: %q, want %q", states, got, want)
		}
	}
}

// TestStatusLines: days without anything share a line, and complete ones where
// there would be more lines than a screen has.
func TestStatusLines(t *testing.T) {
	t.Parallel()
	c := func(n int) string { return strings.Repeat("c", n) }
	for _, row := range []struct {
		states string
		all    bool
		want   []int // days by line
	}{
		{"---ccs", false, []int{3, 1, 1, 1}},
		{"---cc", true, []int{1, 1, 1, 1, 1}},
		{"ss" + c(60) + "s" + c(29), false, []int{1, 1, 60, 1, 29}},
		{"---" + c(41), false, []int{3, 41}},
	} {
		var got []int
		for _, days := range (&status{Days: daysOf(row.states)}).lines(row.all) {
			got = append(got, len(days))
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s, all %t (-want +got):\n%s", row.states, row.all, diff)
		}
	}
}

// TestStatusOfMonths: 92 days of 50 accounts fit a screen.
func TestStatusOfMonths(t *testing.T) {
	t.Parallel()
	const days = 92
	first := billwalktest.FirstDay - days + 1
	platform := sandbox.New(sandbox.Config{Accounts: 50})
	file := jobs.Demo("http://127.0.0.1:1", platform.Accounts())
	p := quiet(billwalktest.Now)
	p.world.store = objecttest.NewMem()
	publishDays(t, p.world.store, platform.Accounts(), first, days)
	damaged := fmt.Sprintf("_manifests/bill_date=%s/bucket-000.json", first+5)
	if _, err := p.world.store.Put(t.Context(), damaged, strings.NewReader(`{"version": 1}`+" x"), object.Always(), nil); err != nil {
		t.Fatal(err)
	}
	w, err := p.openDays(t.Context(), file, jobs.DemoName, &dateFlags{from: first.String(), to: billwalktest.FirstDay.String()}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	s, err := readStatus(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.print(&out, false); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines > maxLines || !strings.Contains(out.String(), "  30 days") || !strings.Contains(out.String(), "1 unit failed") ||
		!regexp.MustCompile(fmt.Sprintf(`%[1]s +damaged +billwalk verify demo --from %[1]s\n`, first+5)).MatchString(out.String()) {
		t.Errorf("%d lines:\n%s", lines, out.String())
	}
}

// publishDays publishes days of which every 31st has a unit that failed.
func publishDays(t *testing.T, store object.Store, accounts []schema.Account, first schema.Day, days int) {
	t.Helper()
	l, err := lake.Open(t.Context(), store, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	for i := range days {
		base, err := l.Base(t.Context(), first+schema.Day(i), 0)
		if err != nil {
			t.Fatal(err)
		}
		stage, err := l.Stage(base)
		if err != nil {
			t.Fatal(err)
		}
		m := &schema.Manifest{RunID: "01R", Job: jobs.DemoName, PublishedAt: time.Unix(1, 0).UTC()}
		for _, a := range accounts {
			m.Units = append(m.Units, schema.Entry{Account: a, State: schema.Complete})
		}
		if i%31 == 30 {
			m.Units[7].State = schema.Failed
		}
		if err := stage.Finish(m); err != nil {
			t.Fatal(err)
		}
		if err := stage.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		stage.Close()
	}
}
