package pipeline

import (
	"cmp"
	"slices"

	"billwalk/schema"
)

// launches are the units of a run in the order in which they are begun. That is day by day,
// so that a day is whole, and can be settled and published, before the run ends. But the
// pages of a unit are fetched one after the other: one that is long and comes late would be
// walked alone in the end, far below the limit of calls. It goes before its day.
type launches struct {
	units   []PlannedUnit // in the order of the days
	begun   []bool        // by unit
	first   int           // of the units that are not begun
	longest []int         // units by their calls, the longest first, without those that are known to have begun
	left    int           // calls of the units that are not begun
	passes  int
	needed  func() int // calls that use the whole limit, at the present latency; nil where there is none
	ahead   bool       // the latest unit went before its day
}

func newLaunches(units []PlannedUnit, passes int, needed func() int) *launches {
	l := &launches{units: units, begun: make([]bool, len(units)), passes: passes, needed: needed}
	for i := range units {
		l.left += l.calls(i)
		l.longest = append(l.longest, i)
	}
	slices.SortStableFunc(l.longest, func(a, b int) int { return cmp.Compare(l.calls(b), l.calls(a)) })
	return l
}

// calls returns how many calls a unit takes, as far as that is known.
func (l *launches) calls(i int) int {
	if l.units[i].Current {
		return 0
	}
	return max(l.units[i].Pages, 1) * l.passes
}

// next returns the unit to begin next. It must not be called more often than there are units.
func (l *launches) next() schema.Unit {
	for l.begun[l.first] {
		l.first++
	}
	next := l.first
	if long := l.due(); long != next {
		l.ahead, next = true, long
	} else {
		l.ahead = false
	}
	l.begun[next] = true
	l.left -= l.calls(next)
	return l.units[next].Unit
}

// due returns the longest unit, if it has to be begun now: at the limit, all calls that are
// left do not take longer than its own do one after the other, with some to spare. Else, and
// after such a one, it is the first unit: short ones do not wait until all long ones are begun.
func (l *launches) due() int {
	if l.needed == nil || l.ahead {
		return l.first
	}
	for l.begun[l.longest[0]] {
		l.longest = l.longest[1:]
	}
	// While an answer is under way, half as many calls as are needed could be made. A call
	// may also wait for one of another unit at each of its turns.
	long := l.longest[0]
	if l.calls(long) <= l.calls(l.first) || l.calls(long)*(l.needed()+2) < l.left {
		return l.first
	}
	return long
}

// largeAndSmall orders the units of each day, which begin with the largest, so that a
// large and a small one begin in turn: the large ones take longest, and the small ones
// need not wait for them. Where sizes are not known the order stays.
func largeAndSmall(units []PlannedUnit) []PlannedUnit {
	ordered := make([]PlannedUnit, 0, len(units))
	for len(units) > 0 {
		n := 1
		for n < len(units) && units[n].Day == units[0].Day {
			n++
		}
		day := units[:n]
		units = units[n:]
		for first, last := 0, n-1; first <= last; first++ {
			ordered = append(ordered, day[first])
			if first < last && day[first].Pages != day[last].Pages {
				ordered = append(ordered, day[last])
				last--
			}
		}
	}
	return ordered
}
