package pipeline

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// How a callback is linked to an order, beside the job's match rules: settlements
// name it in asked_by.
var (
	itemMatch    = schema.Match{Parameter: "item_order_id", Column: "item_order_id"} // its item is a bill's
	siblingMatch = schema.Match{Parameter: "order_id", Column: "settlement"}         // another settlement of the same order_id is linked
)

// leastReach is how many days, at least, a callback's event may lie before or after
// the bill that it is of: it comes days after, whatever the lookback.
const leastReach = 7

func reach(lookback int) schema.Day { return schema.Day(max(lookback, leastReach)) }

// link is a state that belongs to an order, and why.
type link struct {
	state *notifiedState
	by    string
}

// links are an order's, each state once.
type links []link

// settleIDs returns the ids that callbacks may have for a settlement of the query: its
// own, and the developer's, where they have no other.
func settleIDs(s *schema.Settlement) []fingerprint {
	match := schema.Match{Parameter: "settle_id"}
	ids := []fingerprint{fingerprintOf(schema.Question{Match: match, Value: s.SettleID})}
	if s.OutSettleNo.Valid && s.OutSettleNo.V != s.SettleID {
		ids = append(ids, fingerprintOf(schema.Question{Match: match, Value: s.OutSettleNo.V}))
	}
	return ids
}

// take takes out the states of a settlement.
func (l *links) take(settle ...fingerprint) (states []*notifiedState) {
	*l = slices.DeleteFunc(*l, func(one link) bool {
		if !slices.Contains(settle, one.state.ids.settle) {
			return false
		}
		states = append(states, one.state)
		return true
	})
	return states
}

// linked returns the states that belong to an order: those of the settlements that
// the query answered with, those that the order owns, and those of an order_id that
// was answered, if no order owns them. They are in an order of their own, each kind
// by itself.
func (e *evidence) linked(bills []reconcile.Bill, queried []normalise.SettleRow) (found links, err error) {
	if e.callbacks.none() {
		return nil, nil
	}
	known := make(map[*notifiedState]bool)
	var orders []fingerprint
	for i := range queried {
		orders = append(orders, linkIDsOf(&queried[i].Settlement).order)
		for _, id := range settleIDs(&queried[i].Settlement) {
			for s := range e.callbacks.with(id) {
				if s.ids.settle == id && !known[s] {
					known[s] = true
					found = append(found, link{s, ""})
				}
			}
		}
	}
	answered := slices.Clone(orders)
	add := func(id fingerprint, by string) error {
		for s := range e.callbacks.with(id) {
			orders = append(orders, s.ids.order)
			if known[s] {
				continue
			}
			mine, err := e.owns(s, bills, slices.Contains(answered, id))
			if err != nil {
				return err
			}
			if mine {
				known[s] = true
				found = append(found, link{s, by})
			}
		}
		return nil
	}
	for _, q := range linkIDsOfBills(e.rules, bills) {
		if err := add(fingerprintOf(q), q.Match.String()); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(orders, func(a, b fingerprint) int { return bytes.Compare(a[:], b[:]) })
	for _, order := range slices.Compact(orders) {
		if order != (fingerprint{}) {
			if err := add(order, siblingMatch.String()); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(found, func(a, b link) int { return cmp.Or(strings.Compare(a.by, b.by), a.state.compare(b.state)) })
	return found, nil
}

// owns says that a state belongs to the order of the bills, and to no other; or to
// none, and the query has answered for the order with its order_id.
func (e *evidence) owns(s *notifiedState, bills []reconcile.Bill, answered bool) (bool, error) {
	switch owner := e.owner(s); {
	case owner == "":
		if !answered || !s.near(bills, reach(e.rules.Lookback)) {
			return false, nil
		}
	case owner != bills[0].Order():
		return false, nil
	}
	last, err := e.book.tells(s.ids.settle, s.day)
	return last.outcome == unknown, err // else it belongs to the order that was asked for
}

// owner returns the order that a state belongs to by the bills within reach of its
// event: the smallest that a match rule links it to, else the smallest that
// has its item; else the same of those that have its order_id; or "".
func (e *evidence) owner(s *notifiedState) string {
	if order := e.neighbours.ownerOf(s.day, s.ids.order, s.ids.settle, s.ids.outSettle); order != "" {
		return order
	}
	if order := e.neighbours.ownerOf(s.day, s.ids.item); order != "" || s.ids.order == (fingerprint{}) {
		return order
	}
	var ids, items []fingerprint
	for sibling := range e.callbacks.with(s.ids.order) {
		ids, items = append(ids, sibling.ids.settle, sibling.ids.outSettle), append(items, sibling.ids.item)
	}
	return cmp.Or(e.neighbours.ownerOf(s.day, ids...), e.neighbours.ownerOf(s.day, items...))
}

// linkIDsOfBills returns the ids by which callbacks may name an order's bills, each
// once: what the match rules ask with, as far as callbacks tell it, then the items.
func linkIDsOfBills(rules *reconcile.Rules, bills []reconcile.Bill) (ids []schema.Question) {
	for i := range bills {
		for _, q := range rules.Questions(bills[i : i+1]) {
			if q.Parameter != "out_order_no" && !slices.Contains(ids, q) {
				ids = append(ids, q)
			}
		}
	}
	for i := range bills {
		if q := (schema.Question{Match: itemMatch, Value: bills[i].ItemOrderID}); q.Value != "" && !slices.Contains(ids, q) {
			ids = append(ids, q)
		}
	}
	return ids
}

// compare orders states by settlement and item.
func (s *notifiedState) compare(other *notifiedState) int {
	return cmp.Or(bytes.Compare(s.ids.settle[:], other.ids.settle[:]), bytes.Compare(s.ids.item[:], other.ids.item[:]))
}

// near says that the event lies so many days from a bill.
func (s *notifiedState) near(bills []reconcile.Bill, reach schema.Day) bool {
	return slices.ContainsFunc(bills, func(b reconcile.Bill) bool { return max(b.Day-s.day, s.day-b.Day) <= reach })
}

// owned is an id by which callbacks may name an order.
type owned struct {
	id    uint64
	order string
}

func (o owned) compare(other owned) int {
	return cmp.Or(cmp.Compare(o.id, other.id), strings.Compare(o.order, other.order))
}

// ownerOf returns the smallest order, on the days around one, that has one of the
// ids; or "".
func (n *neighbours) ownerOf(day schema.Day, ids ...fingerprint) (order string) {
	n.each(day, reach(n.rules.Lookback), func(at partition) {
		for _, id := range ids {
			i, _ := slices.BinarySearchFunc(n.ids[at], owned{id: id.short()}, owned.compare)
			if id == (fingerprint{}) || i == len(n.ids[at]) || n.ids[at][i].id != id.short() {
				continue
			}
			if found := n.ids[at][i].order; order == "" || found < order {
				order = found
			}
		}
	})
	return order
}

// daysOf returns the days around one on which an order has one of the ids.
func (n *neighbours) daysOf(day schema.Day, order string, ids ...fingerprint) (days []schema.Day) {
	n.each(day, reach(n.rules.Lookback), func(at partition) {
		for _, id := range ids {
			if _, ok := slices.BinarySearchFunc(n.ids[at], owned{id.short(), order}, owned.compare); ok {
				days = append(days, at.day)
			}
		}
	})
	return slices.Compact(days)
}

// each visits the partitions of a day, and of so many days before and after it,
// days ascending.
func (n *neighbours) each(day, window schema.Day, visit func(partition)) {
	for other := day - window; other <= day+window; other++ {
		for bucket := range n.buckets {
			visit(partition{other, bucket})
		}
	}
}
