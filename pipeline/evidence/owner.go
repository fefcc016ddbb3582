package evidence

import (
	"cmp"

	"billwalk/schema"
)

// owns reports whether a state belongs to the order, which has bills on the days, and to
// no other; or to none, and the query has answered for the order with its order_id.
func (e *Evidence) owns(s *callbackState, order string, days []schema.Day, answered bool) bool {
	switch owner := e.owner(s); {
	case owner == "":
		if !answered || !s.near(days, linkDays(e.Rules.Lookback)) {
			return false
		}
	case owner != order:
		return false
	}
	return e.answers.withSettlement(s.ids.settle, s.day).Outcome == NoAnswer // else it belongs to the order that was queried
}

// owner returns the order that a callback belongs to, or "". Of the orders with bills
// within reach of its event these come first, the smallest key of each: one that a match
// rule links to it, one that has its item, and one that is linked in these ways to another
// settlement of the same order_id.
func (e *Evidence) owner(s *callbackState) string {
	if order := e.bills.ownerOf(s.day, s.ids.order, s.ids.settle, s.ids.outSettle); order != "" {
		return order
	}
	if order := e.bills.ownerOf(s.day, s.ids.item); order != "" || s.ids.order == (idHash{}) {
		return order
	}
	e.bills.mu.Lock()
	defer e.bills.mu.Unlock()
	return e.orderIDLinks(s).owner
}

// orderIDLinks returns how the settlements with the state's order_id are linked to the bills
// around its day. There may be many: they are looked at once. The index of bills must be
// locked.
func (e *Evidence) orderIDLinks(s *callbackState) *orderIDLinks {
	key := orderIDDay{s.ids.order, s.day}
	known := e.bills.byOrderID[key]
	if known == nil {
		var ids, items []idHash
		for other := range e.callbacks.with(s.ids.order) {
			ids, items = append(ids, other.ids.settle, other.ids.outSettle), append(items, other.ids.item)
		}
		known = &orderIDLinks{owner: cmp.Or(e.bills.ownerOf(s.day, ids...), e.bills.ownerOf(s.day, items...)), days: make(map[string][]schema.Day)}
		e.bills.byOrderID[key] = known
	}
	return known
}

// billDays returns the days around the state's on which the order has bills that the state
// names, or another settlement with its order_id.
func (e *Evidence) billDays(s *callbackState, order string) []schema.Day {
	if s.ids.order == (idHash{}) {
		return e.bills.daysWith(s.day, order, s.ids.all()...)
	}
	e.bills.mu.Lock()
	defer e.bills.mu.Unlock()
	known := e.orderIDLinks(s)
	days, ok := known.days[order]
	if !ok {
		var ids []idHash
		for other := range e.callbacks.with(s.ids.order) {
			ids = append(ids, other.ids.all()...)
		}
		days = e.bills.daysWith(s.day, order, ids...)
		known.days[order] = days
	}
	return days
}
