package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestNeverAnswered: the groups of an account without settlements have the reason
// rule_never_answered if a rule was queried with 50 ids in the lookback and no rule has found
// anything, whatever the bucket; a replay gives the same rows.
func TestNeverAnswered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		today, before int // orders of the day and of the one before
		found         bool
		want          bool
	}{
		"too few":           {49, 0, false, false},
		"enough":            {50, 0, false, true},
		"over the lookback": {25, 25, false, true},
		"the same orders":   {40, -40, false, false},
		"one is found":      {60, 60, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store, kiosk}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
				w.buckets = 2
				days := map[schema.Day]int{day: test.today, day - 1: test.before}
				for d, n := range days {
					var records []string
					for i := range max(n, -n) {
						order := fmt.Sprint("o", i)
						if d != day && n > 0 {
							order = fmt.Sprint("p", i)
						}
						records = append(records, sale(store.ID, fmt.Sprint(d, i), order, "e"+order, 10))
					}
					w.platform.set(at(store, d), records...)
				}
				w.set(kiosk, sale(kiosk.ID, "k", "K", "k", 20))
				if test.found {
					w.trade.set(byExt, "ep3", settlement("s", schema.StatusSuccess, 10, day-1))
				}
				lookback := func(r *pipeline.Run) { r.Lookback = 1 }
				w.run(pipeline.ExitDone, lookback)
				lines := w.verdicts(day-1, day)
				check := func(when string) {
					t.Helper()
					for _, line := range w.verdicts(day-1, day) {
						want := test.want && strings.Contains(line, " store ")
						if strings.Contains(line, "bill_only") && strings.Contains(line, schema.ReasonNeverAnswered) != want {
							t.Errorf("%s: %s; the reason: %t", when, line, want)
						}
					}
				}
				check("run")
				groups := w.entry(store).NeverAnswered
				if want := int64(test.today); (groups == want) != test.want || !test.want && groups != 0 {
					t.Errorf("never_answered is %d of %d groups", groups, want)
				}
				w.run(pipeline.ExitDone, lookback, replay)
				if diff := cmp.Diff(lines, w.verdicts(day-1, day)); diff != "" {
					t.Errorf("run and replay differ (-run +replay):\n%s", diff)
				}
				if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "20 kiosk K bill_only 1:0") }) {
					t.Errorf("kiosk: %q", lines)
				}
			})
		})
	}
}
