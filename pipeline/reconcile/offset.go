package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"billwalk/schema"
)

// share is what a group has in a step of matching: a set of a tier that agreed, or
// a pair.
type share struct {
	group *group
	sums
}

// mostOffsets is how many other groups are named: an order may have very many.
const mostOffsets = 5

// offsetBy returns a reason for each other group that takes the group's difference
// back, the first five by day, account and item: in some step of matching the shares
// of both differ.
func (w *window) offsetBy(g *group) (reasons []string, err error) {
	if w.offsets == nil {
		if w.offsets, err = w.offsetsOfSteps(); err != nil {
			return nil, err
		}
	}
	for _, step := range w.offsets.steps[g] {
		for _, other := range w.offsets.first[step] {
			if other != g {
				reasons = append(reasons, schema.ReasonOffsetBy+other.place())
			}
		}
	}
	slices.Sort(reasons)
	reasons = slices.Compact(reasons)
	return reasons[:min(mostOffsets, len(reasons))], nil
}

// offsets are the groups whose share of a step differs.
type offsets struct {
	steps map[*group][]int // the steps of each
	first [][]*group       // of each step, the first by place: one more than are named, for one of them may ask
}

func (w *window) offsetsOfSteps() (*offsets, error) {
	steps, err := w.sharesOfSteps()
	if err != nil {
		return nil, err
	}
	found := &offsets{make(map[*group][]int), make([][]*group, len(steps))}
	for step, shares := range steps {
		var differ []*group
		for i := range shares {
			if g := shares[i].group; shares[i].differs() {
				differ = append(differ, g)
				found.steps[g] = append(found.steps[g], step)
			}
		}
		slices.SortFunc(differ, func(a, b *group) int { return strings.Compare(a.place(), b.place()) })
		found.first[step] = differ[:min(mostOffsets+1, len(differ))]
	}
	return found, nil
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
func (g *group) sums() (s sums, err error) {
	if err := s.billed.addBills(g.bills); err != nil {
		return s, err
	}
	for _, own := range g.settled {
		if err := s.settled.addSettlement(own); err != nil {
			return s, err
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
