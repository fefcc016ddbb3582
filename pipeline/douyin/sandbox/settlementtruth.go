package sandbox

import (
	"cmp"
	"slices"
	"time"

	"billwalk/schema"
)

// SettlementTruth returns the settlements that must stand in the lake, under the
// conditions of [Platform.Verdicts], sorted by day, settle_id and item. Of one
// settle_id there is more than one row only where callbacks name several items.
func (p *Platform) SettlementTruth(accounts []schema.Account, from, to schema.Day, at time.Time, deliveries ...Notified) []Settled {
	orders, _ := p.walked(accounts, from, to)
	var all []Settled
	for home, bills := range orders {
		o, _ := p.world.order(home)
		all = append(all, p.reconciled(o, bills, at, deliveries).settled()...)
	}
	for _, s := range p.unexplained(orders, from, to, deliveries) {
		row := s.row(s.ownDay())
		row.OutOrderNo = "" // the query's word alone
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b Settled) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.SettleID, b.SettleID), cmp.Compare(a.ItemOrderID, b.ItemOrderID))
	})
	return all
}

// WhollyTold counts, under the conditions of [Platform.Verdicts], the orders with
// walked bills, and those of them whose callbacks, all linked to the bills by what
// both name, tell all that the settle query knows, and all of it final: for these
// nothing has to be asked.
func (p *Platform) WhollyTold(accounts []schema.Account, from, to schema.Day, at time.Time, deliveries ...Notified) (told, orders int) {
	walked, _ := p.walked(accounts, from, to)
	for home, bills := range walked {
		o, _ := p.world.order(home)
		if p.reconciled(o, bills, at, deliveries).wholly() {
			told++
		}
	}
	return told, len(walked)
}
