package reconcile

import (
	"cmp"
	"slices"

	"billwalk/schema"
)

// match tries the tiers in turn. A tier that has nothing open to look at does
// nothing.
func (w *window) match() error {
	for i := range w.groups {
		if item := w.groups[i].item; item != "" {
			if err := w.try(schema.ByItem, func(g *group) bool { return g.item == item },
				func(s *settlement) bool { return s.item == item }); err != nil {
				return err
			}
		}
	}
	for i := range w.groups {
		alone := &w.groups[i]
		if err := w.try(schema.ByOrder, func(g *group) bool { return g == alone },
			func(s *settlement) bool { return s.group == alone }); err != nil {
			return err
		}
	}
	for _, day := range w.days {
		if err := w.try(schema.ByOrder, func(g *group) bool { return g.day == day },
			func(s *settlement) bool { return s.group.day == day }); err != nil {
			return err
		}
	}
	if err := w.try(schema.ByOrderWindow, anyGroup, anySettlement); err != nil {
		return err
	}
	return w.matchAmounts()
}

func anyGroup(*group) bool           { return true }
func anySettlement(*settlement) bool { return true }

// try closes what is open of the chosen groups and settlements, if it agrees.
func (w *window) try(tier schema.Tier, groups func(*group) bool, settlements func(*settlement) bool) error {
	c, err := w.compare(groups, settlements)
	if err != nil || !c.agrees() {
		return err
	}
	w.steps++
	for i := range w.groups {
		if g := &w.groups[i]; g.open() && groups(g) {
			g.finding = finding{schema.Matched, tier, c.reasons}
			for j := range g.bills {
				g.bills[j].step = w.steps
			}
		}
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; !s.closed && settlements(s) {
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
		if !g.open() || !w.allPaired(g) {
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
func (w *window) allPaired(g *group) bool {
	for _, b := range g.bills {
		if b.pair == nil {
			return false
		}
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; s.group == g && !s.closed && !s.paired && s.Status != schema.StatusFail {
			return false
		}
	}
	return true
}
