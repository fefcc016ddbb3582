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
func (o *Order) leaveElsewhere(standings *standings, day schema.Day, bills []reconcile.Bill) {
	if standings.none() {
		return
	}
	billed := daysOf(bills)
	o.Settlements = slices.DeleteFunc(o.Settlements, func(r Row) bool {
		id := r.Settlement.SettleID
		where, known := standings.find(id)
		if !known {
			return false
		}
		published := PublishedElsewhere{r.Settlement, where.day, where.succeeded}
		near, built := max(where.day-day, day-where.day) <= standings.window, standings.days[where.day]
		hasBill := slices.Contains(billed, where.day)
		switch {
		case near && built && (!hasBill || where.early):
			return false // it moves
		case near && hasBill:
			if o.Published == nil {
				o.Published = make(map[string]schema.Day)
			}
			o.Published[id] = where.day
			if !built && published.SucceededSince() {
				o.Late = append(o.Late, published)
			}
			return false
		}
		o.Elsewhere = append(o.Elsewhere, published)
		return true
	})
}

// CountedBefore reports whether a settlement which succeeded counts on an earlier day.
func (o *Order) CountedBefore(day schema.Day) bool {
	return slices.ContainsFunc(o.Elsewhere, func(p PublishedElsewhere) bool { return p.succeeded && p.Day < day })
}
