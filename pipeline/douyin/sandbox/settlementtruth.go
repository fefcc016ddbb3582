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

// SettlementRow is one settlement as a lake must hold it.
type SettlementRow struct {
	Account                                    schema.AccountID // whose bucket has it, "" without a bill
	Day                                        schema.Day
	SettleID, OrderID, OutSettleNo, OutOrderNo string
	ItemOrderID                                string // "" if it names none
	Status                                     string
	Amount, Rake, Commission, SharesTotal      *int64 // fen; nil is NULL
	Shares                                     []Share
	SettleTime                                 time.Time // zero is NULL
	Exceptions                                 []string  // the rules that it is planted to break
	InCallback                                 bool      // it has a callback
}

// row returns the settlement as a row of the day.
func (s *settlement) row(day schema.Day) SettlementRow {
	row := SettlementRow{
		Day: day, SettleID: s.settleID, OrderID: s.orderID, OutSettleNo: s.outSettleNo, OutOrderNo: s.outOrderNo,
		ItemOrderID: s.item, Status: s.status, Amount: s.leg(legTotal), Rake: s.leg(legFee), Commission: s.leg(legCommission), Shares: s.shares(),
		InCallback: s.inCallback,
	}
	if row.Shares != nil {
		row.SharesTotal = s.leg(legNet)
	}
	if s.time != 0 {
		row.SettleTime = time.UnixMilli(s.time)
	}
	if s.exception != "" {
		row.Exceptions = []string{s.exception}
	}
	return row
}

// leg returns the amount of a leg, or nil if it is not shown.
func (s *settlement) leg(leg int) *int64 {
	if !s.shown[leg] {
		return nil
	}
	return &s.fen[leg]
}
