package pipeline

import (
	"fmt"
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

// Every unit is begun once. Those of a day are begun in their order, and none goes before an
// earlier day unless it would otherwise be walked alone in the end.
func TestLaunches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		needed := rapid.IntRange(0, 100).Draw(t, "needed")
		passes := rapid.IntRange(1, 2).Draw(t, "passes")
		var units []PlannedUnit
		for day := range schema.Day(rapid.IntRange(1, 4).Draw(t, "days")) {
			for i, pages := range rapid.SliceOfN(rapid.IntRange(0, 90), 1, 20).Draw(t, "pages") {
				u := schema.Unit{Day: -day, Account: schema.Account{ID: schema.AccountID(rune('a' + i))}}
				units = append(units, PlannedUnit{Unit: u, Pages: pages, Current: rapid.Bool().Draw(t, "current")})
			}
		}
		l := newLaunches(largeAndSmall(units), passes, func() int { return needed })
		ordered, left := slices.Clone(l.units), l.left
		begun := make(map[schema.Unit]bool)
		for range units {
			at := slices.IndexFunc(ordered, func(u PlannedUnit) bool { return !begun[u.Unit] })
			first, calls := ordered[at].Unit, left
			next := l.next()
			i := slices.IndexFunc(ordered, func(u PlannedUnit) bool { return u.Unit == next })
			if begun[next] {
				t.Fatalf("%v is begun twice", next)
			}
			if own := l.calls(i); next != first && (own <= l.calls(at) || own*(needed+2) < calls) {
				t.Errorf("%v, of %d calls, goes before %v, of %d, with %d left", next, own, first, l.calls(at), calls)
			}
			begun[next] = true
			left -= l.calls(i)
		}
		if left != 0 || l.left != 0 {
			t.Errorf("%d calls are left, and %d are counted", left, l.left)
		}
	})
}

// A long unit of the last day is begun while there are calls enough beside it, and short ones
// of the first day do not wait for several.
func TestLongLaunches(t *testing.T) {
	t.Parallel()
	var units []PlannedUnit
	for day := range schema.Day(3) {
		for i, pages := range []int{100, 10, 10, 10} {
			units = append(units, PlannedUnit{Unit: schema.Unit{Day: day, Account: schema.Account{ID: schema.AccountID(rune('a' + i))}}, Pages: pages})
		}
	}
	order := func(needed func() int) (order []string) {
		l := newLaunches(units, 1, needed)
		for range units {
			u := l.next()
			order = append(order, fmt.Sprint(int(u.Day), " ", u.Account.ID))
		}
		return order
	}
	byDay := []string{"0 a", "0 b", "0 c", "0 d", "1 a", "1 b", "1 c", "1 d", "2 a", "2 b", "2 c", "2 d"}
	if got := order(nil); !slices.Equal(got, byDay) {
		t.Errorf("without a limit: %v, want %v", got, byDay)
	}
	if got := order(func() int { return 0 }); !slices.Equal(got, []string{"0 a", "0 b", "0 c", "0 d", "1 a", "2 a", "1 b", "1 c", "1 d", "2 b", "2 c", "2 d"}) {
		t.Errorf("with a short latency: %v", got)
	}
	if got := order(func() int { return 10 }); !slices.Equal(got, []string{"0 a", "1 a", "0 b", "2 a", "0 c", "0 d", "1 b", "1 c", "1 d", "2 b", "2 c", "2 d"}) {
		t.Errorf("with a long latency: %v", got)
	}
}
