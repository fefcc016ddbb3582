package reconcile

import (
	"cmp"
	"slices"

	"billwalk/schema"
)

// match tries the tiers one after the other, the narrowest first.
func (w *window) match() error {
	all := w.whole()
	for _, item := range w.byItem(all) {
		if err := w.try(schema.ByItem, item); err != nil {
			return err
		}
	}
	for _, g := range all.groups {
		if err := w.try(schema.ByOrder, set{[]*group{g}, g.settled}); err != nil {
			return err
		}
	}
	for _, day := range w.byDay(all) {
		if err := w.try(schema.ByOrder, day); err != nil {
			return err
		}
	}
	if err := w.try(schema.ByOrderWindow, all); err != nil {
		return err
	}
	return w.matchAmounts()
}

// byItem returns the sets of the items that settlements name.
func (w *window) byItem(all set) []set {
	if len(w.items) == 0 {
		return nil
	}
	items := splitBy(all, func(g *group) string { return g.item }, func(s *settlement) string { return s.item })
	return slices.DeleteFunc(items, func(item set) bool { return item.groups[0].item == "" })
}

// byDay returns the sets of the days, ascending.
func (w *window) byDay(all set) []set {
	if len(w.days) == 1 {
		return []set{all}
	}
	days := splitBy(all, func(g *group) schema.Day { return g.day }, func(s *settlement) schema.Day { return s.group.day })
	slices.SortFunc(days, func(a, b set) int { return cmp.Compare(a.groups[0].day, b.groups[0].day) })
	return days
}

// try closes the open groups and settlements of a set if they agree.
func (w *window) try(tier schema.Tier, s set) error {
	c, err := w.compare(s)
	if err != nil || !c.agrees() {
		return err
	}
	w.steps++
	for _, g := range s.groups {
		if g.open() {
			g.finding = finding{verdict: schema.Matched, matchedBy: tier, reasons: c.reasons}
			for j := range g.bills {
				g.bills[j].step = w.steps
			}
		}
	}
	for _, one := range s.settlements {
		if !one.closed {
			one.closed, one.step = true, w.steps
		}
	}
	return nil
}
