package evidence

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

// linkIDs are the ids of a settlement by which it is linked. One that is absent is zero.
type linkIDs struct{ settle, order, item, outSettle idHash }

func linkIDsOf(s *schema.Settlement) linkIDs {
	hash := func(parameter string, v schema.Null[string]) idHash {
		if !v.Valid {
			return idHash{}
		}
		return hashID(parameter, v.V)
	}
	return linkIDs{
		hash("settle_id", schema.Some(s.SettleID)), hash("order_id", s.OrderID), hash(itemMatch.Parameter, s.ItemOrderID), hash("out_settle_no", s.OutSettleNo),
	}
}

func (l *linkIDs) all() []idHash { return []idHash{l.settle, l.order, l.item, l.outSettle} }

// settleIDs returns the ids that callbacks may have for a settlement of the query: its
// own, and the developer's, where they have no other.
func settleIDs(s *schema.Settlement) []idHash {
	ids := []idHash{hashID("settle_id", s.SettleID)}
	if s.OutSettleNo.Valid && s.OutSettleNo.V != s.SettleID {
		ids = append(ids, hashID("settle_id", s.OutSettleNo.V))
	}
	return ids
}

// billLinkIDs returns the ids by which callbacks may name an order's bills, each once:
// those that the match rules query by, as far as callbacks have them, then the items.
func billLinkIDs(rules *reconcile.Rules, bills []reconcile.Bill) (ids []schema.Question) {
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

// link is a state that belongs to an order, and why.
type link struct {
	state *state
	by    string
}

// links are those of an order, each state once. States that were taken are nil.
type links struct {
	all      []link
	bySettle map[idHash][]int // their places
}

func newLinks(all []link) links {
	l := links{all, make(map[idHash][]int)}
	for at, one := range all {
		l.bySettle[one.state.ids.settle] = append(l.bySettle[one.state.ids.settle], at)
	}
	return l
}

// take takes out the states of a settlement.
func (l *links) take(settle ...idHash) (states []*state) {
	for _, id := range settle {
		for _, at := range l.bySettle[id] {
			states = append(states, l.all[at].state)
			l.all[at].state = nil
		}
		delete(l.bySettle, id)
	}
	return states
}

// links returns the states that belong to an order: those of the settlements that
// the query answered with, those that the order owns, and those of an order_id that
// was answered, if no order owns them. Each kind is in an order of its own.
func (e *Evidence) links(bills []reconcile.Bill, answered []normalise.SettleRow) links {
	if e.callbacks.none() {
		return links{}
	}
	var found []link
	known := make(map[*state]bool)
	var orderIDs []idHash
	for i := range answered {
		orderIDs = append(orderIDs, linkIDsOf(&answered[i].Settlement).order)
		for _, id := range settleIDs(&answered[i].Settlement) {
			for s := range e.callbacks.with(id) {
				if s.ids.settle == id && !known[s] {
					known[s] = true
					found = append(found, link{s, ""})
				}
			}
		}
	}
	answeredIDs := make(map[idHash]bool)
	for _, id := range orderIDs {
		answeredIDs[id] = true
	}
	order, days := bills[0].Order(), daysOf(bills)
	add := func(id idHash, by string) {
		for s := range e.callbacks.with(id) {
			orderIDs = append(orderIDs, s.ids.order)
			if !known[s] && e.owns(s, order, days, answeredIDs[id]) {
				known[s] = true
				found = append(found, link{s, by})
			}
		}
	}
	for _, q := range billLinkIDs(e.Rules, bills) {
		add(hashQuery(q), q.Match.String())
	}
	slices.SortFunc(orderIDs, func(a, b idHash) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(orderIDs) {
		if id != (idHash{}) {
			add(id, siblingMatch.String())
		}
	}
	slices.SortStableFunc(found, func(a, b link) int { return cmp.Or(strings.Compare(a.by, b.by), a.state.compare(b.state)) })
	return newLinks(found)
}

// daysOf returns the days that have one of the bills, ascending.
func daysOf(bills []reconcile.Bill) []schema.Day {
	days := make([]schema.Day, len(bills))
	for i := range bills {
		days[i] = bills[i].Day
	}
	slices.Sort(days)
	return slices.Compact(days)
}
