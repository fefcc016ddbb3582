package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"billwalk/schema"
)

// share is the part of a group in one step of matching: its bills and settlements
// that the step joined.
type share struct {
	group *group
	sums
}

// maxOffsets is the maximum number of groups that reasons name: an order may have
// very many.
const maxOffsets = 5

// offsetReasons returns a reason for each other group whose share differs in the same
// step as the group's own, the first maxOffsets by day, account and item.
func (w *window) offsetReasons(g *group) (reasons []string, err error) {
	if w.offsets == nil {
		if w.offsets, err = w.findOffsets(); err != nil {
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
	return reasons[:min(maxOffsets, len(reasons))], nil
}

func (w *window) findOffsets() (*offsets, error) {
	steps, err := w.sharesByStep()
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
		found.first[step] = differ[:min(maxOffsets+1, len(differ))]
	}
	return found, nil
}

// sharesByStep returns the shares of all groups, by step.
func (w *window) sharesByStep() ([][]share, error) {
	type shareID struct {
		step int
		*group
	}
	steps, index := make([][]share, w.steps+1), make(map[shareID]int)
	sumsOf := func(step int, g *group) *sums {
		i, ok := index[shareID{step, g}]
		if !ok {
			i = len(steps[step])
			index[shareID{step, g}], steps[step] = i, append(steps[step], share{group: g})
		}
		return &steps[step][i].sums
	}
	for i := range w.groups {
		for _, b := range w.groups[i].bills {
			if b.step > 0 {
				if err := sumsOf(b.step, &w.groups[i]).billed.add(&b.Legs); err != nil {
					return nil, err
				}
			}
		}
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; s.step > 0 {
			if err := sumsOf(s.step, s.group).settled.addSettlement(s); err != nil {
				return nil, err
			}
		}
	}
	return steps, nil
}

// place returns the group as reasons name it: day/account, with /item if it has one.
func (g *group) place() string {
	place := fmt.Sprintf("%s/%s", g.day, g.account)
	if g.item != "" {
		place += "/" + g.item
	}
	return place
}
