package evidence

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
)

// link is a state that belongs to an order, and why.
type link struct {
	state *callbackState
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
func (l *links) take(settle ...idHash) (states []*callbackState) {
	for _, id := range settle {
		for _, at := range l.bySettle[id] {
			states = append(states, l.all[at].state)
			l.all[at].state = nil
		}
		delete(l.bySettle, id)
	}
	return states
}

// links returns the callbacks of an order, sorted by the rule that links them: those of
// settlements that the query returned, those whose owner the order is, and those without
// an owner whose order_id the query returned.
func (e *Evidence) links(bills []reconcile.Bill, answered []normalise.SettleRow) links {
	if e.callbacks.none() {
		return links{}
	}
	var found []link
	known := make(map[*callbackState]bool)
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
	order, days := bills[0].OrderKey(), reconcile.DaysOf(bills)
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
