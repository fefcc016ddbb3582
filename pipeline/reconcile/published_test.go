package reconcile_test

import (
	"maps"
	"slices"
	"strings"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// publishedOrders are the orders of a purchase and the bill_date of each settlement,
// which stays the same whatever other days see of the order.
type publishedOrders struct {
	lake   *lake
	orders []*reconcile.Order // by key
	days   map[*schema.Settlement]schema.Day
}

// publish gives the settlements their bill_dates, by one day after the other. It
// returns false if days disagree about one, or if SQL would assign one to another
// order.
func (l *lake) publish(orders map[string]*reconcile.Order) (*publishedOrders, bool) {
	s := &publishedOrders{lake: l, days: make(map[*schema.Settlement]schema.Day)}
	for _, key := range slices.Sorted(maps.Keys(orders)) {
		s.orders = append(s.orders, orders[key])
	}
	for _, o := range s.orders {
		days := billDays(o)
		for i := range o.Settlements {
			settlement := &o.Settlements[i]
			at := slices.IndexFunc(days, func(day schema.Day) bool { return s.place(o, day, settlement) == day })
			if at < 0 {
				return nil, false
			}
			billDate := days[at]
			s.days[settlement] = billDate
			if settlement.AskedBy.V != siblingRule && s.ownerOn(billDate, settlement) != o {
				return nil, false
			}
			if s.seesAll(billDate) {
				continue
			}
			if settlement.AskedBy.V == siblingRule ||
				slices.ContainsFunc(days, func(day schema.Day) bool { return s.sees(day, billDate) && s.place(o, day, settlement) != billDate }) {
				return nil, false
			}
		}
	}
	return s, true
}

// order returns the order as a day knows it.
func (s *publishedOrders) order(o *reconcile.Order, day schema.Day) *reconcile.Order {
	known := *o
	known.Settlements = nil
	for i := range o.Settlements {
		if s.sees(day, s.days[&o.Settlements[i]]) {
			known.Settlements = append(known.Settlements, o.Settlements[i])
		}
	}
	for settlement, billDate := range s.days {
		known.SettledElsewhere = known.SettledElsewhere || settlement.Status == schema.StatusSuccess && billDate < day-schema.Day(s.lake.rules.Lookback) &&
			s.answers(day, settlement, o)
	}
	return &known
}

// sees reports whether one day is in the window of the other.
func (s *publishedOrders) sees(day, other schema.Day) bool {
	return max(day-other, other-day) <= schema.Day(s.lake.rules.Lookback)
}

// seesAll reports whether the day sees all bills of the purchase.
func (s *publishedOrders) seesAll(day schema.Day) bool {
	return !slices.ContainsFunc(s.orders, func(o *reconcile.Order) bool {
		return slices.ContainsFunc(o.Bills, func(b reconcile.Bill) bool { return !s.sees(day, b.Day) })
	})
}

// place returns the bill_date of the settlement by the bills that the day sees: the
// latest that is not after its own day, else the earliest; without a time, the latest.
func (s *publishedOrders) place(o *reconcile.Order, day schema.Day, settlement *schema.Settlement) schema.Day {
	seen := slices.DeleteFunc(billDays(o), func(other schema.Day) bool { return !s.sees(day, other) })
	for _, other := range slices.Backward(seen) {
		if !settlement.SettleTime.Valid || other <= schema.DayOf(settlement.SettleTime.V) {
			return other
		}
	}
	return seen[0]
}

// ownerOn returns the order for which a settlement counts on a day: the first that is queried by
// the id on that very day, else the first in its window.
func (s *publishedOrders) ownerOn(day schema.Day, settlement *schema.Settlement) *reconcile.Order {
	if settlement.Source != schema.SourceCallback {
		if o := s.first(settlement, func(other schema.Day) bool { return other == day }); o != nil {
			return o
		}
	}
	return s.owner(day, settlement)
}

// answers reports whether the settlement is found for an order by an id in the window of the day.
func (s *publishedOrders) answers(day schema.Day, settlement *schema.Settlement, o *reconcile.Order) bool {
	if settlement.Source == schema.SourceCallback {
		return s.owner(day, settlement) == o
	}
	alone := publishedOrders{lake: s.lake, orders: []*reconcile.Order{o}}
	return alone.owner(day, settlement) == o
}

// owner returns the first order with the linked id of the settlement in the window of
// the day, or nil.
func (s *publishedOrders) owner(day schema.Day, settlement *schema.Settlement) *reconcile.Order {
	return s.first(settlement, func(other schema.Day) bool { return s.sees(day, other) })
}

// first returns the first order with the linked id of the settlement on some of the days, or nil.
func (s *publishedOrders) first(settlement *schema.Settlement, on func(schema.Day) bool) *reconcile.Order {
	for _, o := range s.orders {
		bills := make(map[schema.Day][]reconcile.Bill)
		for _, b := range o.Bills {
			if on(b.Day) {
				bills[b.Day] = append(bills[b.Day], b)
			}
		}
		for _, bills := range bills {
			ids := s.lake.rules.Queries(bills)
			if settlement.Source == schema.SourceCallback {
				ids = nil
				for _, b := range bills {
					ids = append(ids, s.lake.callbackIDs(b)...)
				}
			}
			if slices.ContainsFunc(ids, func(q schema.Query) bool {
				return q.Match.String() == settlement.AskedBy.V && q.Value == linkedID(settlement)
			}) {
				return o
			}
		}
	}
	return nil
}

// linkedID returns the id by which the settlement was found.
func linkedID(s *schema.Settlement) string {
	parameter, _, _ := strings.Cut(s.AskedBy.V, ": ")
	return map[string]string{
		"order_id": s.OrderID.V, "out_order_no": s.OutOrderNo.V, "out_settle_no": s.OutSettleNo.V, "item_order_id": s.ItemOrderID.V,
	}[parameter]
}

// billDays returns the days of the order's bills, ascending.
func billDays(o *reconcile.Order) (days []schema.Day) {
	for _, b := range o.Bills {
		days = append(days, b.Day)
	}
	slices.Sort(days)
	return slices.Compact(days)
}
