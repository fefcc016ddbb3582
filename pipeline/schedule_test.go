package pipeline

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"billwalk/schema"
)

// Every unit of a day comes once, before those of the next day, and the nth of the
// largest and of the smallest come no later than they would if only the two were sorted.
func TestLargeAndSmall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var units []PlannedUnit
		for day := range schema.Day(rapid.IntRange(1, 3).Draw(t, "days")) {
			pages := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 20).Draw(t, "pages")
			slices.SortFunc(pages, func(a, b int) int { return b - a })
			for i, n := range pages {
				units = append(units, PlannedUnit{Unit: schema.Unit{Day: -day, Account: schema.Account{ID: schema.AccountID(rune('a' + i))}}, Pages: n})
			}
		}
		ordered := largeAndSmall(units)
		at := make(map[schema.Unit]int)
		for i, u := range ordered {
			at[u.Unit] = i
		}
		if len(ordered) != len(units) || len(at) != len(units) {
			t.Fatalf("%d units in %d places, want %d", len(at), len(ordered), len(units))
		}
		for first := 0; first < len(units); {
			n := 1
			for first+n < len(units) && units[first+n].Day == units[first].Day {
				n++
			}
			for i := range n {
				if ordered[first+i].Day != units[first].Day {
					t.Fatalf("a unit of %v among those of %v", ordered[first+i].Day, units[first].Day)
				}
				if u := units[first+i]; at[u.Unit] > first+2*i {
					t.Errorf("large unit %d comes as number %d", i, at[u.Unit]-first)
				}
				if u := units[first+n-1-i]; u.Pages < units[first].Pages && u.Pages < units[first+i].Pages && at[u.Unit] > first+2*i+1 {
					t.Errorf("small unit %d comes as number %d", i, at[u.Unit]-first)
				}
			}
			first += n
		}
	})
}
