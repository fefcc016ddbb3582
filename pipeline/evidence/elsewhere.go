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

// leaveElsewhere leaves out the settlements that do not count on the day, or not for the order,
// and notes where others stand: there they stay while the order has a bill.
func (r *OrderReader) leaveElsewhere(day schema.Day, bills []reconcile.Bill) error {
	o, ahead := &r.order, r.daysAhead(day, bills)
	if r.standings.none() && len(ahead) == 0 && !r.bills.shared.any() {
		return nil
	}
	order, kept := bills[0].OrderKey(), o.Settlements[:0]
	own := billDays{reconcile.DaysOf(bills), ahead, bills, func(day schema.Day) bool { return r.bills.has(day, order) }}
	for i := range o.Settlements {
		row := &o.Settlements[i]
		owners, err := r.owners(day, &row.Settlement, order)
		if err != nil {
			return err
		}
		if owners == nil && r.far[row.Settlement.SettleID] {
			continue
		}
		days := own
		if owners != nil {
			days = r.sharedDays(day, owners)
		}
		where, as, err := r.stands(day, &row.Settlement, &days)
		if err != nil {
			return err
		}
		if owners != nil && as == undecided {
			where, as = PublishedElsewhere{row.Settlement, r.Rules.BillDate(r.builtOf(days.near), days.bills, &row.Settlement), true}, within
		}
		if owner := owners[where.Day]; slices.Contains(days.near, where.Day) && owners != nil && owner != order {
			o.Shared = append(o.Shared, SharedSettlement{row.Settlement, owner})
			continue
		}
		switch as {
		case beyond:
			o.Elsewhere = append(o.Elsewhere, where)
			continue
		case within:
			if o.Published == nil {
				o.Published = make(map[string]schema.Day)
			}
			o.Published[where.SettleID] = where.Day
			if !r.standings.days[where.Day] && where.SucceededSince() {
				o.Late = append(o.Late, where)
			}
		}
		kept = append(kept, *row)
	}
	o.Settlements = kept
	return nil
}

// billDays are the days on which an order has bills; or several orders, as if they were one.
type billDays struct {
	near  []schema.Day // within the window of a day, ascending
	ahead []schema.Day // beyond it, that have a say in whether a settlement counts within it, ascending
	bills []reconcile.Bill
	has   func(ahead schema.Day) bool
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

// builtOf returns those of the days that the run builds: only on them does a settlement count that
// has no day yet. Where it builds none, they are all the same.
func (r *OrderReader) builtOf(days []schema.Day) []schema.Day {
	built := slices.DeleteFunc(slices.Clone(days), func(day schema.Day) bool { return !r.standings.days[day] })
	if len(built) == 0 {
		return days
	}
	return built
}

// standsAs is how a settlement stands, as a day sees it.
type standsAs int

const (
	undecided standsAs = iota // it has no day yet, or moves
	within                    // on a day of the window, and stays there
	beyond                    // on another day, where it counts
)

// stands returns where a settlement stands that is found on one of the days.
func (r *OrderReader) stands(day schema.Day, s *schema.Settlement, days *billDays) (PublishedElsewhere, standsAs, error) {
	where, known, err := r.standings.find(s.SettleID)
	if err != nil {
		return PublishedElsewhere{}, undecided, err
	}
	near, built := max(where.day-day, day-where.day) <= r.standings.window, r.standings.days[where.day]
	reached := near || slices.Contains(days.ahead, where.day)
	hasBill := slices.Contains(days.near, where.day) || slices.Contains(days.ahead, where.day) && days.has(where.day)
	if !known || reached && built && !r.standings.replaced[where.at()] && (!hasBill || where.early) {
		if later, ok := r.countsLater(day, s, days); ok {
			return PublishedElsewhere{*s, later, true}, beyond, nil
		}
		return PublishedElsewhere{}, undecided, nil
	}
	published := PublishedElsewhere{*s, where.day, where.succeeded || built && where.day > day} // which this run publishes after this one
	if near && hasBill {
		return published, within, nil
	}
	return published, beyond, nil
}

// countsLater reports whether a settlement that has no day yet counts beyond the day's window,
// and a day with a bill there. On the day of the window where it would count by the bills of the
// window alone, the next bill may be seen, on a day that takes the settlement.
func (r *OrderReader) countsLater(day schema.Day, s *schema.Settlement, days *billDays) (later schema.Day, ok bool) {
	if len(days.ahead) == 0 || !slices.ContainsFunc(days.near, func(day schema.Day) bool { return r.standings.days[day] }) {
		return 0, false
	}
	within := r.Rules.BillDate(r.builtOf(days.near), days.bills, s)
	for _, next := range days.ahead {
		if within > day && next-within <= r.standings.window && days.has(next) && r.Rules.BillDate([]schema.Day{within, next}, days.bills, s) == next {
			return next, true
		}
	}
	return 0, false
}

// CountedBefore reports whether a settlement which succeeded counts on an earlier day.
func (o *Order) CountedBefore(day schema.Day) bool {
	return slices.ContainsFunc(o.Elsewhere, func(p PublishedElsewhere) bool { return p.succeeded && p.Day < day })
}
