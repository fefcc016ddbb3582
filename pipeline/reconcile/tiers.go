package reconcile

import (
	"cmp"
	"slices"

	"billwalk/schema"
)

// set is some groups and settlements of a window, which a tier looks at together.
type set struct {
	groups      []*group
	settlements []*settlement
}

// whole is all of the window.
func (w *window) whole() (all set) {
	for i := range w.groups {
		all.groups = append(all.groups, &w.groups[i])
	}
	for i := range w.settlements {
		all.settlements = append(all.settlements, &w.settlements[i])
	}
	return all
}

// by cuts a set by a key that groups and settlements have; the parts are in the order
// of the keys' first groups.
func by[K comparable](s set, ofGroup func(*group) K, ofSettlement func(*settlement) K) []set {
	var parts []set
	at := make(map[K]int)
	for _, g := range s.groups {
		key := ofGroup(g)
		i, known := at[key]
		if !known {
			i = len(parts)
			at[key], parts = i, append(parts, set{})
		}
		parts[i].groups = append(parts[i].groups, g)
	}
	for _, one := range s.settlements {
		if i, known := at[ofSettlement(one)]; known {
			parts[i].settlements = append(parts[i].settlements, one)
		}
	}
	return parts
}

// match tries the tiers in turn. A tier that has nothing open to look at does
// nothing.
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
	items := by(all, func(g *group) string { return g.item }, func(s *settlement) string { return s.item })
	return slices.DeleteFunc(items, func(item set) bool { return item.groups[0].item == "" })
}

// byDay returns the sets of the days, ascending.
func (w *window) byDay(all set) []set {
	if len(w.days) == 1 {
		return []set{all}
	}
	days := by(all, func(g *group) schema.Day { return g.day }, func(s *settlement) schema.Day { return s.group.day })
	slices.SortFunc(days, func(a, b set) int { return cmp.Compare(a.groups[0].day, b.groups[0].day) })
	return days
}

// try closes what is open of a set, if it agrees.
func (w *window) try(tier schema.Tier, some set) error {
	c, err := w.compare(some)
	if err != nil || !c.agrees() {
		return err
	}
	w.steps++
	for _, g := range some.groups {
		if g.open() {
			g.finding = finding{schema.Matched, tier, c.reasons}
			for j := range g.bills {
				g.bills[j].step = w.steps
			}
		}
	}
	for _, s := range some.settlements {
		if !s.closed {
			s.closed, s.step = true, w.steps
		}
	}
	return nil
}

// matchAmounts closes the groups whose open bills and settlements all have
// their pair.
func (w *window) matchAmounts() error {
	w.pair()
	for i := range w.groups {
		g := &w.groups[i]
		if !g.open() || !g.allPaired() {
			continue
		}
		var billed, settled tally
		if err := billed.addBills(g.bills); err != nil {
			return err
		}
		for _, b := range g.bills {
			b.pair.closed = true
			if err := settled.add(&b.pair.legs); err != nil {
				return err
			}
		}
		// Pair by pair the legs are equal or NULL, so this tells only what is NULL.
		c, err := w.rules.compare(&billed, &settled)
		if err != nil {
			return err
		}
		g.finding = finding{schema.Matched, schema.ByAmount, c.reasons}
	}
	return nil
}

// pair joins, total by total, the first open bill with the first open
// settlement, the second with the second. A pair of which another leg differs
// is none.
func (w *window) pair() {
	var bills []*bill
	for i := range w.groups {
		for j := range w.groups[i].bills {
			if b := &w.groups[i].bills[j]; w.groups[i].open() && b.Legs[schema.LegTotal].Valid {
				bills = append(bills, b)
			}
		}
	}
	var settlements []*settlement
	for i := range w.settlements {
		if s := &w.settlements[i]; !s.closed && s.Status == schema.StatusSuccess && s.legs[schema.LegTotal].Valid {
			settlements = append(settlements, s)
		}
	}
	if len(bills) == 0 || len(settlements) == 0 {
		return
	}
	slices.SortFunc(bills, func(a, b *bill) int {
		return cmp.Or(cmp.Compare(a.Legs[schema.LegTotal].V, b.Legs[schema.LegTotal].V), a.compare(b))
	})
	slices.SortFunc(settlements, func(a, b *settlement) int {
		return cmp.Or(cmp.Compare(a.legs[schema.LegTotal].V, b.legs[schema.LegTotal].V),
			cmp.Compare(a.group.day, b.group.day), a.compare(b))
	})
	for len(bills) > 0 && len(settlements) > 0 {
		b, s := bills[0], settlements[0]
		order := cmp.Compare(b.Legs[schema.LegTotal].V, s.legs[schema.LegTotal].V)
		if order == 0 && compatible(&b.Legs, &s.legs) {
			w.steps++
			b.pair, s.paired = s, true
			b.step, s.step = w.steps, w.steps
		}
		if order <= 0 {
			bills = bills[1:]
		}
		if order >= 0 {
			settlements = settlements[1:]
		}
	}
}

// compare orders bills of the same total by day and key, NULL first. Those of one
// key that are not the same are ordered, too, so that it does not count in which
// order they come.
func (b *bill) compare(other *bill) int {
	order := cmp.Or(
		cmp.Compare(b.Day, other.Day),
		cmp.Compare(b.AccountID, other.AccountID),
		cmp.Compare(b.LedgerID, other.LedgerID),
		compareNull(b.SettleSubType, other.SettleSubType),
		cmp.Compare(b.Account, other.Account),
		cmp.Compare(b.item, other.item),
	)
	for leg := schema.LegFee; order == 0 && leg < schema.LegCount; leg++ {
		order = compareNull(b.Legs[leg], other.Legs[leg])
	}
	return order
}

func compareNull[T cmp.Ordered](a, b schema.Null[T]) int {
	switch {
	case a.Valid && b.Valid:
		return cmp.Compare(a.V, b.V)
	case a.Valid:
		return +1
	case b.Valid:
		return -1
	}
	return 0
}

// compatible says that each leg is equal, or NULL on a side.
func compatible(billed, settled *schema.Legs) bool {
	for leg := range schema.LegCount {
		if billed[leg].Valid && settled[leg].Valid && billed[leg].V != settled[leg].V {
			return false
		}
	}
	return true
}

// allPaired says that all bills of the group and all its open settlements have
// a pair, but for failed ones, which need none.
func (g *group) allPaired() bool {
	for _, b := range g.bills {
		if b.pair == nil {
			return false
		}
	}
	return !slices.ContainsFunc(g.settled, func(s *settlement) bool { return !s.closed && !s.paired && s.Status != schema.StatusFail })
}
