package sandbox

import (
	"cmp"
	"slices"
	"time"

	"billwalk/schema"
)

// Settled is one settlement as it must stand in the lake.
type Settled struct {
	Account                                    schema.AccountID // whose bucket has it, "" where no bill is
	Day                                        schema.Day
	SettleID, OrderID, OutSettleNo, OutOrderNo string
	ItemOrderID                                string // "" where it names none
	Status                                     string
	Amount, Rake, Commission, SharesTotal      *int64 // fen; nil is NULL
	Shares                                     []Share
	SettleTime                                 time.Time // zero is NULL
	Exceptions                                 []string  // the rules that it is planted to raise
	Notified                                   bool      // a callback tells it, too, or alone
}

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

func (r *reconciled) settled() []Settled {
	var all []Settled
	for i := range r.settlements {
		row := r.settlements[i].row(r.days[i])
		for _, b := range r.bills {
			if b.day == row.Day && (row.Account == "" || b.account < row.Account) {
				row.Account = b.account
			}
		}
		all = append(all, row)
	}
	return all
}

// row returns the settlement as it stands in the lake on the day.
func (s *settlement) row(day schema.Day) Settled {
	row := Settled{
		Day: day, SettleID: s.settleID, OrderID: s.orderID, OutSettleNo: s.outSettleNo, OutOrderNo: s.outOrderNo,
		ItemOrderID: s.item, Status: s.status, Amount: s.leg(legTotal), Rake: s.leg(legFee), Commission: s.leg(legCommission), Shares: s.shares(),
		Notified: s.notified,
	}
	if row.Shares != nil {
		row.SharesTotal = s.leg(legNet)
	}
	if s.time != 0 {
		row.SettleTime = time.UnixMilli(s.time)
	}
	if s.raises != "" {
		row.Exceptions = []string{s.raises}
	}
	return row
}

func (s *settlement) leg(leg int) *int64 {
	if !s.told[leg] {
		return nil
	}
	return &s.fen[leg]
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

// wholly says that callbacks alone tell the order's settlements, some at least.
func (r *reconciled) wholly() bool {
	linked := false
	for i := range r.settlements {
		s := &r.settlements[i]
		if !s.notified {
			return false
		}
		linked = linked || s.orderID == r.order.shop || slices.ContainsFunc(r.bills, func(b walkedBill) bool { return s.item != "" && b.item == s.item })
	}
	return linked
}
