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

// links are an order's, each state once; those that were taken are nil.
type links struct {
	all      []link
	bySettle map[fingerprint][]int // their places
}

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
	for _, id := range settle {
		for _, at := range l.bySettle[id] {
			states = append(states, l.all[at].state)
			l.all[at].state = nil
		}
		delete(l.bySettle, id)
	}
	return states
}

func newLinks(all []link) links {
	l := links{all, make(map[fingerprint][]int)}
	for at, one := range all {
		l.bySettle[one.state.ids.settle] = append(l.bySettle[one.state.ids.settle], at)
	}
	return l
}

// linked returns the states that belong to an order: those of the settlements that
// the query answered with, those that the order owns, and those of an order_id that
// was answered, if no order owns them. They are in an order of their own, each kind
// by itself.
func (e *evidence) linked(bills []reconcile.Bill, queried []normalise.SettleRow) links {
	if e.callbacks.none() {
		return links{}
	}
	var found []link
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
	answered := make(map[fingerprint]bool)
	for _, id := range orders {
		answered[id] = true
	}
	order, days := bills[0].OrderKey(), daysOfBills(bills)
	add := func(id fingerprint, by string) {
		for s := range e.callbacks.with(id) {
			orders = append(orders, s.ids.order)
			if !known[s] && e.owns(s, order, days, answered[id]) {
				known[s] = true
				found = append(found, link{s, by})
			}
		}
	}
	for _, q := range linkIDsOfBills(e.rules, bills) {
		add(fingerprintOf(q), q.Match.String())
	}
	slices.SortFunc(orders, func(a, b fingerprint) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(orders) {
		if id != (fingerprint{}) {
			add(id, siblingMatch.String())
		}
	}
	slices.SortStableFunc(found, func(a, b link) int { return cmp.Or(strings.Compare(a.by, b.by), a.state.compare(b.state)) })
	return newLinks(found)
}

// owns says that a state belongs to the order, which has bills on some days, and to no
// other; or to none, and the query has answered for the order with its order_id.
func (e *evidence) owns(s *notifiedState, order string, days []schema.Day, answered bool) bool {
	switch owner := e.owner(s); {
	case owner == "":
		if !answered || !s.near(days, reach(e.rules.Lookback)) {
			return false
		}
	case owner != order:
		return false
	}
	return e.book.tells(s.ids.settle, s.day).outcome == unknown // else it belongs to the order that was asked for
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
	return e.ownerByFamily(s)
}

// family are the settlements of one order_id that callbacks tell of, as a day looks at
// them.
type family struct {
	order fingerprint
	day   schema.Day
}

// kin is what the bills say of a family.
type kin struct {
	owner string                  // the order that it belongs to by the ids of all its settlements, or ""
	days  map[string][]schema.Day // by order: those on which its bills have one of the ids, once that was asked
}

// kin returns what the bills around the state's day say of its family. A family may be
// large: its members are looked at once.
func (e *evidence) kin(s *notifiedState) *kin {
	n := e.neighbours
	at := family{s.ids.order, s.day}
	known := n.families[at]
	if known == nil {
		var ids, items []fingerprint
		for sibling := range e.callbacks.with(s.ids.order) {
			ids, items = append(ids, sibling.ids.settle, sibling.ids.outSettle), append(items, sibling.ids.item)
		}
		known = &kin{owner: cmp.Or(n.ownerOf(s.day, ids...), n.ownerOf(s.day, items...)), days: make(map[string][]schema.Day)}
		n.families[at] = known
	}
	return known
}

// ownerByFamily returns the order that a state belongs to by the ids of its family.
func (e *evidence) ownerByFamily(s *notifiedState) string {
	e.neighbours.mu.Lock()
	defer e.neighbours.mu.Unlock()
	return e.kin(s).owner
}

// daysOf returns the days around the state's on which the order has bills that the
// state or its family names.
func (e *evidence) daysOf(s *notifiedState, order string) []schema.Day {
	n := e.neighbours
	if s.ids.order == (fingerprint{}) {
		return n.daysOf(s.day, order, s.ids.all()...)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	known := e.kin(s)
	days, ok := known.days[order]
	if !ok {
		var ids []fingerprint
		for sibling := range e.callbacks.with(s.ids.order) {
			ids = append(ids, sibling.ids.all()...)
		}
		days = n.daysOf(s.day, order, ids...)
		known.days[order] = days
	}
	return days
}

// linkIDsOfBills returns the ids by which callbacks may name an order's bills, each
// once: what the match rules ask with, as far as callbacks tell it, then the items.
func linkIDsOfBills(rules *reconcile.Rules, bills []reconcile.Bill) (ids []schema.Question) {
	seen := make(map[schema.Question]bool, 4)
	add := func(q schema.Question) {
		if q.Value != "" && !seen[q] {
			seen[q], ids = true, append(ids, q)
		}
	}
	for i := range bills {
		for _, q := range rules.Questions(bills[i : i+1]) {
			if q.Parameter != "out_order_no" {
				add(q)
			}
		}
	}
	for i := range bills {
		add(schema.Question{Match: itemMatch, Value: bills[i].ItemOrderID})
	}
	return ids
}

// compare orders states by settlement and item.
func (s *notifiedState) compare(other *notifiedState) int {
	return cmp.Or(bytes.Compare(s.ids.settle[:], other.ids.settle[:]), bytes.Compare(s.ids.item[:], other.ids.item[:]))
}

// near says that the event lies so many days from one of the days.
func (s *notifiedState) near(days []schema.Day, reach schema.Day) bool {
	return slices.ContainsFunc(days, func(d schema.Day) bool { return max(d-s.day, s.day-d) <= reach })
}

// daysOfBills returns the days that have one of the bills, ascending.
func daysOfBills(bills []reconcile.Bill) []schema.Day {
	days := make([]schema.Day, len(bills))
	for i := range bills {
		days[i] = bills[i].Day
	}
	slices.Sort(days)
	return slices.Compact(days)
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
