package reconcile_test

import (
	"maps"
	"slices"
	"strings"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// standings are the orders of a purchase, and the bill_date of each of their
// settlements. It stays there, whatever other days see of the order.
type standings struct {
	lake   *lake
	orders []*reconcile.Order // by key
	days   map[*schema.Settlement]schema.Day
}

// stand gives the settlements their bill_dates, each day in turn placing those that
// it would place on itself. It returns false where days disagree about one, or
// where SQL would take one for another order's.
func (l *lake) stand(orders map[string]*reconcile.Order) (*standings, bool) {
	s := &standings{lake: l, days: make(map[*schema.Settlement]schema.Day)}
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
			stands := days[at]
			s.days[settlement] = stands
			if s.reachesAll(stands) {
				continue
			}
			if settlement.AskedBy.V == siblingRule || s.owner(stands, settlement) != o ||
				slices.ContainsFunc(days, func(day schema.Day) bool { return s.sees(day, stands) && s.place(o, day, settlement) != stands }) {
				return nil, false
			}
		}
	}
	return s, true
}

// order returns what a day knows of an order.
func (s *standings) order(o *reconcile.Order, day schema.Day) *reconcile.Order {
	known := *o
	known.Settlements = nil
	for i := range o.Settlements {
		if s.sees(day, s.days[&o.Settlements[i]]) {
			known.Settlements = append(known.Settlements, o.Settlements[i])
		}
	}
	for settlement, stands := range s.days {
		known.Elsewhere = known.Elsewhere || settlement.Status == schema.StatusSuccess && stands < day-schema.Day(s.lake.rules.Lookback) &&
			s.owner(day, settlement) == o
	}
	return &known
}

// sees says that one day is in the window of the other.
func (s *standings) sees(day, other schema.Day) bool {
	return max(day-other, other-day) <= schema.Day(s.lake.rules.Lookback)
}

// reachesAll says that the day sees all bills of the purchase.
func (s *standings) reachesAll(day schema.Day) bool {
	return !slices.ContainsFunc(s.orders, func(o *reconcile.Order) bool {
		return slices.ContainsFunc(o.Bills, func(b reconcile.Bill) bool { return !s.sees(day, b.Day) })
	})
}

// place is the latest day with bills that is not after the settlement's own, of
// those that a day sees; else the earliest; without a time, the latest.
func (s *standings) place(o *reconcile.Order, day schema.Day, settlement *schema.Settlement) schema.Day {
	seen := slices.DeleteFunc(billDays(o), func(other schema.Day) bool { return !s.sees(day, other) })
	for _, other := range slices.Backward(seen) {
		if !settlement.SettleTime.Valid || other <= schema.DayOf(settlement.SettleTime.V) {
			return other
		}
	}
	return seen[0]
}

// owner returns the first order that has, within the window of the day, the id by
// which the settlement was found.
func (s *standings) owner(day schema.Day, settlement *schema.Settlement) *reconcile.Order {
	for _, o := range s.orders {
		bills := make(map[schema.Day][]reconcile.Bill)
		for _, b := range o.Bills {
			if s.sees(day, b.Day) {
				bills[b.Day] = append(bills[b.Day], b)
			}
		}
		for _, bills := range bills {
			ids := s.lake.rules.Questions(bills)
			if settlement.Source == schema.SourceCallback {
				ids = nil
				for _, b := range bills {
					ids = append(ids, s.lake.named(b)...)
				}
			}
			if slices.ContainsFunc(ids, func(q schema.Question) bool {
				return q.Match.String() == settlement.AskedBy.V && q.Value == answered(settlement)
			}) {
				return o
			}
		}
	}
	return nil
}

// answered returns the id that the settlement was found by.
func answered(s *schema.Settlement) string {
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
