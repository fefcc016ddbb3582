package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestOffsets: a matched group that differs by itself names the groups that offset it.
// Each of those differs as well and, if it is matched, names the first one in turn.
func TestOffsets(t *testing.T) {
	t.Parallel()
	seen := 0
	shape{accounts: 2, days: lookback + 1, bills: 5, settlements: 4, items: true}.each(t, 5, func(t *testing.T, r *reconcile.Rules, o *reconcile.Order) {
		groups := make(map[string]schema.Reconciliation) // by their reason offset_by
		for i, outcome := range outcomesOf(t, r, o) {
			for _, g := range outcome.Groups {
				place := fmt.Sprintf("offset_by:%s/%s", schema.Day(i-1), g.WalkAccountID)
				if g.ItemOrderID.Valid {
					place += "/" + g.ItemOrderID.V
				}
				groups[place] = g
			}
		}
		differs := func(g schema.Reconciliation) bool {
			return slices.ContainsFunc(g.Diff[:], func(v schema.Null[schema.Fen]) bool { return v.V != 0 })
		}
		for place, g := range groups {
			offsets := slices.DeleteFunc(slices.Clone(g.Reasons), func(reason string) bool { return !strings.HasPrefix(reason, "offset_by:") })
			matched := g.Verdict == schema.Matched && differs(g)
			if !slices.IsSorted(offsets) || len(offsets) > 0 && !matched || len(offsets) == 0 && matched && r.Tolerance == 0 {
				t.Errorf("%s, %s: %v", place, g.Verdict, g.Reasons)
			}
			for _, offset := range offsets {
				seen++
				other, ok := groups[offset]
				if !ok || offset == place || other.Verdict == schema.Matched && !(differs(other) && slices.Contains(other.Reasons, place)) {
					t.Errorf("%s: %v, and %s: %v", place, g.Reasons, offset, other.Reasons)
				}
			}
		}
	})
	if seen < 100 {
		t.Errorf("got %d offsets, want at least 100", seen)
	}
}
