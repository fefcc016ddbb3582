package sandbox

import (
	"cmp"
	"slices"
	"time"

	"billwalk/schema"
)

// SettlementTruth returns the settlements that a lake must hold, under the conditions
// of [Platform.Verdicts], sorted by day, settle_id and item. A settle_id has several
// rows only if its callbacks name several items.
func (p *Platform) SettlementTruth(accounts []schema.Account, from, to schema.Day, at time.Time, deliveries ...CallbackWindow) []SettlementRow {
	orders, _ := p.forwardBills(accounts, from, to)
	var all []SettlementRow
	for origin, bills := range orders {
		o, _ := p.world.order(origin)
		all = append(all, p.reconcile(o, bills, at, deliveries).rows()...)
	}
	for _, s := range p.unmatched(orders, from, to, deliveries) {
		row := s.row(s.ownDay())
		row.OutOrderNo = "" // only the query returns it
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b SettlementRow) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.SettleID, b.SettleID), cmp.Compare(a.ItemOrderID, b.ItemOrderID))
	})
	return all
}

// CoveredByCallbacks counts, under the conditions of [Platform.Verdicts], the orders
// with walked bills, and those of them that need no settle query: all their
// settlements are final, have callbacks, and are linked to the bills.
func (p *Platform) CoveredByCallbacks(accounts []schema.Account, from, to schema.Day, at time.Time, deliveries ...CallbackWindow) (covered, orders int) {
	walked, _ := p.forwardBills(accounts, from, to)
	for origin, bills := range walked {
		o, _ := p.world.order(origin)
		if p.reconcile(o, bills, at, deliveries).coveredByCallbacks() {
			covered++
		}
	}
	return covered, len(walked)
}
