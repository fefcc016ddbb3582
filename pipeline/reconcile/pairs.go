package reconcile

import (
	"cmp"
	"slices"

	"billwalk/schema"
)

// matchAmounts closes the groups whose bills and open settlements all have a pair.
func (w *window) matchAmounts() error {
	w.makePairs()
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
		// The legs of a pair are equal or NULL, so the reasons are those of NULL alone.
		c, err := w.rules.compare(&billed, &settled)
		if err != nil {
			return err
		}
		g.finding = finding{verdict: schema.Matched, matchedBy: schema.ByAmount, reasons: c.reasons}
	}
	return nil
}

// makePairs pairs the first open bill of each total with the first open settlement of
// that total, the second with the second. Where another leg differs both stay without
// a pair.
func (w *window) makePairs() {
	bills, settlements := w.pairable()
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

// pairable returns the open bills and the open successful settlements that have a
// total, sorted by total.
func (w *window) pairable() (bills []*bill, settlements []*settlement) {
	for i := range w.groups {
		for j := range w.groups[i].bills {
			if b := &w.groups[i].bills[j]; w.groups[i].open() && b.Legs[schema.LegTotal].Valid {
				bills = append(bills, b)
			}
		}
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; !s.closed && s.Status == schema.StatusSuccess && s.legs[schema.LegTotal].Valid {
			settlements = append(settlements, s)
		}
	}
	slices.SortFunc(bills, func(a, b *bill) int {
		return cmp.Or(cmp.Compare(a.Legs[schema.LegTotal].V, b.Legs[schema.LegTotal].V), a.compare(b))
	})
	slices.SortFunc(settlements, func(a, b *settlement) int {
		return cmp.Or(cmp.Compare(a.legs[schema.LegTotal].V, b.legs[schema.LegTotal].V),
			cmp.Compare(a.group.day, b.group.day), a.compare(b))
	})
	return bills, settlements
}

// compare orders bills of the same total by day, key and then everything else, NULL
// first, so that the result does not depend on the order in which they come.
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

// compatible reports whether each leg is equal, or NULL on a side.
func compatible(billed, settled *schema.Legs) bool {
	for leg := range schema.LegCount {
		if billed[leg].Valid && settled[leg].Valid && billed[leg].V != settled[leg].V {
			return false
		}
	}
	return true
}

// allPaired reports whether all bills of the group and all its open settlements have
// a pair. Failed settlements need none.
func (g *group) allPaired() bool {
	for _, b := range g.bills {
		if b.pair == nil {
			return false
		}
	}
	return !slices.ContainsFunc(g.settled, func(s *settlement) bool { return !s.closed && !s.paired && s.Status != schema.StatusFail })
}
