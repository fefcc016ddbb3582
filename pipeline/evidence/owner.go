package evidence

import (
	"cmp"

	"billwalk/schema"
)

// owns reports whether a state belongs to the order, which has bills on the days, and to
// no other; or to none, and the query has answered for the order with its order_id.
func (e *Evidence) owns(s *state, order string, days []schema.Day, answered bool) bool {
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

// owner returns the order that a state belongs to by the bills within reach of its
// event: the smallest that a match rule links it to, else the smallest that
// has its item; else the same of those that have its order_id; or "".
func (e *Evidence) owner(s *state) string {
	if order := e.bills.ownerOf(s.day, s.ids.order, s.ids.settle, s.ids.outSettle); order != "" {
		return order
	}
	if order := e.bills.ownerOf(s.day, s.ids.item); order != "" || s.ids.order == (idHash{}) {
		return order
	}
	e.bills.mu.Lock()
	defer e.bills.mu.Unlock()
	return e.family(s).owner
}

// family returns what the bills around the state's day say of its family. A family may be
// large: its members are looked at once. The index of bills must be locked.
func (e *Evidence) family(s *state) *family {
	key := familyKey{s.ids.order, s.day}
	known := e.bills.families[key]
	if known == nil {
		var ids, items []idHash
		for sibling := range e.callbacks.with(s.ids.order) {
			ids, items = append(ids, sibling.ids.settle, sibling.ids.outSettle), append(items, sibling.ids.item)
		}
		known = &family{owner: cmp.Or(e.bills.ownerOf(s.day, ids...), e.bills.ownerOf(s.day, items...)), days: make(map[string][]schema.Day)}
		e.bills.families[key] = known
	}
	return known
}

// billDays returns the days around the state's on which the order has bills that the
// state or its family names.
func (e *Evidence) billDays(s *state, order string) []schema.Day {
	if s.ids.order == (idHash{}) {
		return e.bills.daysWith(s.day, order, s.ids.all()...)
	}
	e.bills.mu.Lock()
	defer e.bills.mu.Unlock()
	known := e.family(s)
	days, ok := known.days[order]
	if !ok {
		var ids []idHash
		for sibling := range e.callbacks.with(s.ids.order) {
			ids = append(ids, sibling.ids.all()...)
		}
		days = e.bills.daysWith(s.day, order, ids...)
		known.days[order] = days
	}
	return days
}
