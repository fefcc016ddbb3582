package reconcile

import (
	"fmt"
	"slices"

	"billwalk/schema"
)

// reasonOffsetBy is followed by the bill_date, account and item of the group that
// takes a matched group's difference back.
const reasonOffsetBy = "offset_by:"

// share is what a group has in a step of matching: a set of a tier that agreed, or
// a pair.
type share struct {
	group *group
	sums
}

// offsetBy returns a reason for each other group that takes the group's difference
// back: in some step of matching the shares of both differ. They are by day, account
// and item.
func (w *window) offsetBy(g *group) (reasons []string, err error) {
	if w.shares == nil {
		if w.shares, err = w.sharesOfSteps(); err != nil {
			return nil, err
		}
	}
	named := make(map[*group]bool)
	for _, shares := range w.shares {
		if !slices.ContainsFunc(shares, func(s share) bool { return s.group == g && s.differs() }) {
			continue
		}
		for i := range shares {
			if other := shares[i].group; other != g && !named[other] && shares[i].differs() {
				named[other] = true
				reasons = append(reasons, reasonOffsetBy+other.place())
			}
		}
	}
	slices.Sort(reasons)
	return reasons, nil
}

// sharesOfSteps returns the groups' shares of each step.
func (w *window) sharesOfSteps() ([][]share, error) {
	type place struct {
		step int
		*group
	}
	steps, at := make([][]share, w.steps+1), make(map[place]int)
	of := func(step int, g *group) *sums {
		i, ok := at[place{step, g}]
		if !ok {
			i = len(steps[step])
			at[place{step, g}], steps[step] = i, append(steps[step], share{group: g})
		}
		return &steps[step][i].sums
	}
	for i := range w.groups {
		for _, b := range w.groups[i].bills {
			if b.step > 0 {
				if err := of(b.step, &w.groups[i]).billed.add(&b.Legs); err != nil {
					return nil, err
				}
			}
		}
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; s.step > 0 {
			if err := of(s.step, s.group).settled.addSettlement(s); err != nil {
				return nil, err
			}
		}
	}
	return steps, nil
}

// place returns where the group stands: day and account, and its item if it has one.
func (g *group) place() string {
	place := fmt.Sprintf("%s/%s", g.day, g.account)
	if g.item != "" {
		place += "/" + g.item
	}
	return place
}

// sums are of bills and successful settlements of a group.
type sums struct{ billed, settled tally }

// sums adds up the group's own.
func (w *window) sums(g *group) (s sums, err error) {
	if err := s.billed.addBills(g.bills); err != nil {
		return s, err
	}
	for i := range w.settlements {
		if own := &w.settlements[i]; own.group == g {
			if err := s.settled.addSettlement(own); err != nil {
				return s, err
			}
		}
	}
	return s, nil
}

// differences returns settled - billed of the legs that all of them have.
func (s *sums) differences() (differences schema.Legs, err error) {
	for leg := range schema.LegCount {
		if s.billed.missing[leg] || s.settled.missing[leg] {
			continue
		}
		difference, err := s.settled.sum[leg].V.Sub(s.billed.sum[leg].V) // no settlement is 0
		if err != nil {
			return differences, fmt.Errorf("difference of %s: %w", leg, err)
		}
		differences[leg] = schema.Some(difference)
	}
	return differences, nil
}

// differs says that one of the legs is not equal.
func (s *sums) differs() bool {
	for leg := range schema.LegCount {
		if !s.billed.missing[leg] && !s.settled.missing[leg] && s.settled.sum[leg].V != s.billed.sum[leg].V {
			return true
		}
	}
	return false
}
