package pipeline_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestChangedMidWalk: a bill is removed from or added to a page that was served already, so
// that the pages after it shift: the cursor is an offset. One walk would miss a bill that was
// there all the time; two equal walks do not.
func TestChangedMidWalk(t *testing.T) {
	t.Parallel()
	bills := records(store.ID, "bill", 25)
	for name, row := range map[string]struct {
		after  []string // the day's bills from the first walk's second page on
		misses string   // what the first walk does not see, and the day has
	}{
		"deleted":  {slices.Delete(slices.Clone(bills), 3, 4), "bill-00010"},
		"inserted": {slices.Insert(slices.Clone(bills), 3, record(store.ID, "late", 7)), "late"},
	} {
		for n := 1; n <= 2; n++ {
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.set(store, bills...)
				w.platform.strike = func(c call) (string, error) {
					if c.walk == 1 && c.cursor == "at-10" {
						w.set(store, row.after...)
					}
					return "", nil
				}
				w.run(pipeline.ExitDone, passes(n))
				var want []string
				for _, r := range row.after {
					want = append(want, strings.Split(r, `"`)[7])
				}
				slices.Sort(want)
				got := w.published(store)
				if n == 1 {
					if slices.Contains(got, row.misses) {
						t.Errorf("%s: a single walk found %s: the case tests nothing", name, row.misses)
					}
					return
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: bills (-want +got):\n%s", name, diff)
				}
				if walks := w.platform.walks[at(store, day)]; walks < 3 {
					t.Errorf("%s: got %d walks", name, walks)
				}
			})
		}
	}
}

// TestNeverStable: a published day that then changes in every walk fails, and the published
// rows stay.
func TestNeverStable(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "bill", 25)...)
		w.run(pipeline.ExitDone, passes(2))
		before := w.published(store)
		w.platform.strike = func(c call) (string, error) {
			if c.cursor == "0" {
				w.set(store, records(store.ID, strings.Repeat("x", c.walk), 25)...)
			}
			return "", nil
		}
		w.platform.walks = map[schema.Unit]int{}
		s := w.run(pipeline.ExitIncomplete, passes(2))
		if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Reason, "keeps changing") {
			t.Errorf("got failures %+v, want one", s.Failures)
		}
		if walks := w.platform.walks[at(store, day)]; walks != 4 {
			t.Errorf("got %d walks, want 4", walks)
		}
		if diff := cmp.Diff(before, w.published(store)); diff != "" {
			t.Errorf("published (-before +after):\n%s", diff)
		}
		if e := w.entry(store); !e.Stale || e.State != schema.Failed {
			t.Errorf("the manifest says %+v", e)
		}
	})
}
