package evidence

import (
	"slices"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// PublishedElsewhere is a settlement of an order, and the other day where it counts.
type PublishedElsewhere struct {
	schema.Settlement
	Day       schema.Day
	succeeded bool // as published
}

// SucceededSince reports whether the settlement has succeeded since the day where it
// counts was built.
func (p *PublishedElsewhere) SucceededSince() bool {
	return p.Status == schema.StatusSuccess && !p.succeeded
}

// leaveElsewhere leaves out the settlements that do not count on the day, and notes
// where others stand: there they stay while the order has a bill.
func (r *OrderReader) leaveElsewhere(day schema.Day, bills []reconcile.Bill) {
	o, standings, ahead := &r.order, r.standings, r.daysAhead(day, bills)
	if standings.none() && len(ahead) == 0 {
		return
	}
	billed := reconcile.DaysOf(bills)
	o.Settlements = slices.DeleteFunc(o.Settlements, func(row Row) bool {
		s := &row.Settlement
		where, known := standings.find(s.SettleID)
		near, built := max(where.day-day, day-where.day) <= standings.window, standings.days[where.day]
		reached := near || slices.Contains(ahead, where.day)
		hasBill := slices.Contains(billed, where.day) || slices.Contains(ahead, where.day) && r.bills.has(where.day, bills[0].OrderKey())
		published := PublishedElsewhere{*s, where.day, where.succeeded || built && where.day > day} // which this run publishes after this one
		switch {
		case !known, reached && built && (!hasBill || where.early): // it moves, or has no day yet
			later, isLater := r.countsLater(day, s, billed, ahead, bills)
			if isLater {
				o.Elsewhere = append(o.Elsewhere, PublishedElsewhere{*s, later, true})
			}
			return isLater
		case near && hasBill:
			if o.Published == nil {
				o.Published = make(map[string]schema.Day)
			}
			o.Published[s.SettleID] = where.day
			if !built && published.SucceededSince() {
				o.Late = append(o.Late, published)
			}
			return false
		}
		o.Elsewhere = append(o.Elsewhere, published)
		return true
	})
}

// daysAhead returns the days beyond the day's window that have a say in whether a settlement
// counts within it, ascending: those of the run within the window of one of its days. None has,
// where the order has bills of one day alone.
func (r *OrderReader) daysAhead(day schema.Day, bills []reconcile.Bill) []schema.Day {
	if !r.Ahead || !reconcile.HasOtherDays(bills, day) {
		return nil
	}
	return r.standings.ahead(day)
}

// countsLater reports whether a settlement that has no day yet counts beyond the day's window,
// and a day of the order there. On the day of the window where it would count by the bills of the
// window alone, the order's next bill may be seen, on a day that takes the settlement.
func (r *OrderReader) countsLater(day schema.Day, s *schema.Settlement, billed, ahead []schema.Day, bills []reconcile.Bill) (later schema.Day, ok bool) {
	if len(ahead) == 0 {
		return 0, false
	}
	built := slices.DeleteFunc(slices.Clone(billed), func(d schema.Day) bool { return !r.standings.days[d] })
	if len(built) == 0 {
		return 0, false
	}
	within, order := r.Rules.BillDate(built, bills, s), bills[0].OrderKey()
	for _, next := range ahead {
		if within > day && next-within <= r.standings.window && r.bills.has(next, order) && r.Rules.BillDate([]schema.Day{within, next}, bills, s) == next {
			return next, true
		}
	}
	return 0, false
}

// CountedBefore reports whether a settlement which succeeded counts on an earlier day.
func (o *Order) CountedBefore(day schema.Day) bool {
	return slices.ContainsFunc(o.Elsewhere, func(p PublishedElsewhere) bool { return p.succeeded && p.Day < day })
}
