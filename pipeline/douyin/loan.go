package douyin

import (
	"math/rand/v2"
	"slices"
	"sort"
	"time"
)

// loan is what a process has of the slots of idle ones.
type loan struct {
	idle  []int
	until time.Time
	known map[uint64]int // slots by turn, the process's own included
}

// renew sets which processes are idle, until a time.
func (l *loan) renew(idle []int, until time.Time) {
	if l.until = until; !slices.Equal(l.idle, idle) {
		l.idle, l.known = idle, make(map[uint64]int)
	}
}

// slots returns how many of all slots the process of a share has at a time.
func (l *loan) slots(now time.Time, share *Share, all int) int {
	if len(l.idle) == 0 || !now.Before(l.until) {
		return share.slots(now, all)
	}
	return leastIn(now, func(turn uint64) int {
		n, ok := l.known[turn]
		if !ok {
			n = share.slotsIn(turn, all) + share.lent(turn, all, l.idle)
			l.known[turn] = n
		}
		return n
	})
}

// lent returns how many slots of idle processes this one may use in a turn. Each slot has all
// processes in an order of its own, and is lent to the first one that is not idle: so no two have
// it, although one may know of fewer idle ones than another (rendezvous hashing).
func (s *Share) lent(turn uint64, all int, idle []int) (n int) {
	busy := make([]bool, len(s.ends)) // the others that may have it
	for i, end := range s.ends {
		busy[i] = i != s.index && (i == 0 && end > 0 || i > 0 && end > s.ends[i-1])
	}
	idleOnes := make([]bool, len(s.ends))
	for _, i := range idle {
		if 0 <= i && i < len(busy) && i != s.index {
			busy[i], idleOnes[i] = false, true
		}
	}
	for slot := range all {
		place := s.place(turn, slot, all)
		owner := sort.Search(len(s.ends), func(i int) bool { return s.ends[i] > place })
		if idleOnes[owner] && s.comesFirst(turn, slot, busy) {
			n++
		}
	}
	return n
}

// comesFirst reports whether this process is before all others in the order of a slot.
func (s *Share) comesFirst(turn uint64, slot int, others []bool) bool {
	rank := func(process int) uint64 { return rand.NewPCG(turn<<32|uint64(slot), uint64(process)).Uint64() }
	own := rank(s.index)
	for i, other := range others {
		if other && rank(i) < own {
			return false
		}
	}
	return true
}
