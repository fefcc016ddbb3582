package douyin

import (
	"math/bits"
	"sort"
	"time"
)

const (
	shareTurn = time.Minute // how long a division of the rate holds

	// shareHandover is how long a slot rests before its next process has it: for the second
	// in which its last requests count, as long as they may be late, and for clocks that differ.
	shareHandover = 5 * time.Second
)

// Share is the part of an app's rate that this process has, of several that make calls at the
// same time. Together they never have more than the whole, although they know nothing of each
// other: the slots of a second are divided by the clock, in whole numbers, anew each minute. In
// the long run a process has its weight of them, also where there are fewer slots than
// processes.
//
// A process that makes no more calls lends its slots to the others (loan.go).
type Share struct {
	index           int
	ends            []uint64 // sums of the weights of each process and those before it
	first, own, all uint64   // weights: of the processes before this one, its own, of all
}

// NewShare returns the share of the process with that index into the weights of all. It has to
// have a weight; all processes have to be given the same list.
func NewShare(index int, weights []int) *Share {
	s := Share{index: index}
	for i, weight := range weights {
		w := uint64(max(weight, 0))
		if i == index {
			s.first, s.own = s.all, w
		}
		s.all += w
		s.ends = append(s.ends, s.all)
	}
	return &s
}

// of returns the process's mean part of a rate.
func (s *Share) of(qps float64) float64 { return qps * float64(s.own) / float64(s.all) }

// slots returns how many of a second's slots the process has at a time.
func (s *Share) slots(now time.Time, all int) int {
	return leastIn(now, func(turn uint64) int { return s.slotsIn(turn, all) })
}

// leastIn returns how many slots a process has at a time, which has so many in a turn: while a slot
// rests, neither of its processes has it.
func leastIn(now time.Time, slots func(turn uint64) int) int {
	return min(slots(turnOf(now)), slots(turnOf(now.Add(-shareHandover))))
}

// slotsIn returns how many slots the process has in a turn. The slots are spread evenly over
// the weights, from an offset that is another one in each turn.
func (s *Share) slotsIn(turn uint64, all int) int {
	before := func(weight uint64) int { // how many slots lie before a weight
		return sort.Search(all, func(slot int) bool { return s.place(turn, slot, all) >= weight })
	}
	return before(s.first+s.own) - before(s.first)
}

// place returns the weight at which a slot lies in a turn.
func (s *Share) place(turn uint64, slot, all int) uint64 {
	const golden = 2_654_435_769 // of 2^32: its multiples are spread evenly
	high, low := bits.Mul64(uint64(slot)<<32+turn*golden%(1<<32), s.all)
	place, _ := bits.Div64(high, low, uint64(all)<<32)
	return place
}

// next returns when the division changes next.
func (s *Share) next(now time.Time) time.Time {
	handover := now.Truncate(shareTurn).Add(shareHandover)
	if handover.After(now) {
		return handover
	}
	return handover.Add(shareTurn)
}

func turnOf(t time.Time) uint64 { return uint64(t.Unix()) / uint64(shareTurn/time.Second) }
